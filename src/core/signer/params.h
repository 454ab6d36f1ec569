/* params: reading a call's parameters as the original did: values of old methods are str()-ed and stripped, and what
 * is blank, null, false or 0 counts as not given (FACTS of the wire protocol). New parameters are read strictly.
 */
#ifndef CORE_SIGNER_PARAMS_H
#define CORE_SIGNER_PARAMS_H

#include "core/signer/methods.h"

enum {
    PARAMS_NAME_SHOWN = 44,  /* characters of a foreign name or value that we repeat; an address has 42 */
    PARAMS_VALUE_SHOWN = 36, /* a KMS key id has 36, AWS's secrets 40, a private key 64 */
};

struct json params_get(const struct call *call, const char *name) MUST_USE; /* JSON_NONE also for null */

/* A string, or a number's digits, without white space at its ends; empty when not given. In the arena. FAULT_INPUT for
 * arrays and objects, FAULT_LIMIT. */
bool params_text(struct call *call, const char *name, struct bytes *text) MUST_USE;

/* true or false; what is absent or null leaves *truth as it is. FAULT_INPUT. */
bool params_bool(struct call *call, const char *name, bool *truth) MUST_USE;
bool params_u64(struct call *call, const char *name, uint64_t *number) MUST_USE; /* the same for 0 to 2^64 - 1 */

/* The name as a message may show it: quoted, only printable ASCII, cut to PARAMS_NAME_SHOWN. */
struct params_name {
    char text[PARAMS_NAME_SHOWN + 8];
};
struct params_name params_show(struct bytes name) MUST_USE;
struct params_name params_bare(struct bytes name) MUST_USE; /* the same without quotes */

/* A value that came among credentials, for a message: as params_show and params_bare while it has at most
 * PARAMS_VALUE_SHOWN characters, which no AWS secret and no private key has, or is an ARN, an alias or an address; of
 * any other only the length, so that a secret in the wrong place is not repeated (rule 14). */
struct params_name params_show_value(struct bytes value) MUST_USE;
struct params_name params_bare_value(struct bytes value) MUST_USE;

/* For methods that the original did not have: every parameter must be one of `known` (NULL-terminated). FAULT_INPUT. */
bool params_only(struct call *call, const char *const known[]) MUST_USE;
bool params_is_known(struct json key, const char *const known[]) MUST_USE;

#endif
