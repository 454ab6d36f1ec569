/* user_data: reads what a document of ours says about its signer, in the one form in which a signer writes it (the
 * grammar stands in core/signer/claims.h, which writes it). For a reader who decides by it, so nothing is passed over:
 * every field in its place, at most once, of its exact form, and only together with the fields it belongs with.
 *
 *   payments-signer:<unprovisioned|0x + 40 lower-case hex>
 *   [;mode=<open|strict>[;policy-sha256=H][;policy-bound=<true|false>;key-origin=<generated|imported>
 *    [;kms-key=K;sealed-sha256=H]];journal=H[;trust-roots=custom][;insecure]]      H: 64 lower-case hex
 *
 * policy-bound and key-origin stand exactly where there is a key; kms-key and sealed-sha256 exactly where that key came
 * by KMS, which is always unless it is insecure; policy-bound=true only with a policy.
 */
#ifndef VERIFY_USER_DATA_H
#define VERIFY_USER_DATA_H

#include "core/base/bytes.h"
#include "core/base/fault.h"

enum user_data_mode { USER_DATA_OPEN, USER_DATA_STRICT };

struct user_data {
    struct bytes address; /* 0x and 40 lower-case hex; empty: unprovisioned */
    bool bare;            /* address alone: open mode, no policy, Amazon's roots, no insecure key */
    enum user_data_mode mode;
    struct bytes policy_sha256; /* empty: no policy */
    bool policy_bound;
    bool generated;              /* in the boot that wrote this; false: imported, or no key */
    struct bytes kms_key;        /* of A-Z a-z 0-9 : / _ -; empty: none */
    struct bytes sealed_sha256;  /* empty: none */
    struct bytes journal;        /* empty when bare */
    bool custom_roots, insecure; /* each is a reason not to trust the key */
};

/* Views into `text`. FAULT_REMOTE, naming the field. *data is untouched on failure. */
bool user_data_read(struct bytes text, struct user_data *data, struct fault *why) MUST_USE;

#endif
