/* methods: from a method's name to the code that answers it. To add one: write core/signer/method_<name>.c, declare it
 * here, give it a row in methods.c, a section in docs/rpc.md and cases in tests/vectors/rpc. A test walks the table. */
#ifndef CORE_SIGNER_METHODS_H
#define CORE_SIGNER_METHODS_H

#include "core/base/arena.h"
#include "core/codec/json.h"
#include "core/signer/signer.h"

/* What a method works with. */
struct call {
    struct signer *signer;
    struct json params; /* an object, or JSON_NONE when none was given */
    struct arena *arena;
    struct json_writer *result; /* inside the result object: the method writes keys and values, sorted */
    struct fault *why;
};

/* Writes its keys, or sets *why and returns false with nothing signed and nothing stored. */
typedef bool method_fn(struct call *call);

/* NEEDS_KEY: checked before the method runs ("signer not provisioned"), which then runs with the signer's read lock
 * held. NEEDS_NOTHING: the method takes the locks that it needs. */
enum method_needs { NEEDS_NOTHING, NEEDS_KEY };
struct method {
    const char *name;
    enum method_needs needs;
    enum signer_pace pace; /* SIGNER_MAY_WAIT: for the NSM. SIGNER_MAY_BE_SLOW: for KMS, on the slow thread */
    method_fn *run;
};
extern const struct method methods[];
extern const size_t method_count;

const struct method *method_find(struct json name) MUST_USE; /* NULL: no string, or no method's name */

method_fn method_address, method_attestation, method_generate, method_journal, method_policy, method_provision,
    method_sealed, method_sign_message, method_sign_ticket, method_sign_transaction, method_sign_typed_data,
    method_status;

#endif
