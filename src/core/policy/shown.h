/* shown: the beginning of a JSON value, fit for an error message. Never for values that may be secret. */
#ifndef CORE_POLICY_SHOWN_H
#define CORE_POLICY_SHOWN_H

#include "core/codec/json.h"

enum { SHOWN_MAX = 48 }; /* an address with its quotes, and a little */

struct shown {
    char text[SHOWN_MAX + 4];
};

/* As written in the document, "?" for what is not printable ASCII, "..." for what did not fit; "nothing" for
 * JSON_NONE. */
struct shown shown(struct json value) MUST_USE;

#endif
