/* repr: a JSON value as Python's repr() shows it, for the messages whose words came from a Python library.
 *
 * Printable ASCII only: other bytes stand as \xNN. What is too long for `out` is cut off and ends in "...".
 */
#ifndef CORE_ETH_REPR_H
#define CORE_ETH_REPR_H

#include "core/codec/json.h"

enum { REPR_MAX = 440 }; /* with a sentence round it, within struct fault's text */

struct repr {
    char text[REPR_MAX + 4]; /* NUL-terminated; room for "..." */
    size_t len;
    bool cut;
};

void repr_put(struct repr *repr, struct json value);     /* None, True, 'text', [1, 'b'], {'a': 1} */
void repr_put_str(struct repr *repr, struct json value); /* the same as Python's str(): no quotes round a string */
void repr_put_text(struct repr *repr, const char *text);

#endif
