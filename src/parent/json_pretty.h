/* json_pretty: JSON for reading, in the shape of Python's json.dumps(value, sort_keys=True, indent=2), which is what
 * the original's scripts print: members sorted by key, two spaces a level, everything outside printable ASCII as
 * \uXXXX, "{}" and "[]" for what is empty. Numbers stay as they were written. */
#ifndef PARENT_JSON_PRETTY_H
#define PARENT_JSON_PRETTY_H

#include "core/codec/json.h"

/* Appends the value, without a line end. Fails the writer when there is no room. */
void json_pretty(struct writer *out, struct json value);

#endif
