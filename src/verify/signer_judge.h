/* signer_judge: whether a document that judge has been over states the signer that somebody wants: every fact is given
 * by who asks and compared, none is read off the document and believed. Adds its lines to the report:
 *
 *   public_key   absent: a document with one was made for KMS, and says nothing to people
 *   user_data    the whole grammar (verify/user_data.h)
 *   address      that address, or no key at all
 *   mode         strict or open
 *   policy       that digest, or no policy
 *   bound        the key's ciphertext is welded to the policy
 *   kms-key      that ARN
 *   origin       generated in the boot that made the document, when that is asked; else what it says
 *   kms-roots    Amazon's, unless others are allowed
 *   insecure     not from a file
 */
#ifndef VERIFY_SIGNER_JUDGE_H
#define VERIFY_SIGNER_JUDGE_H

#include "verify/judge.h"
#include "verify/user_data.h"

struct signer_demands {
    struct bytes address; /* 0x and 40 lower-case hex; empty: the signer must be unprovisioned */
    enum user_data_mode mode;
    struct bytes policy_sha256; /* 64 lower-case hex; empty: there must be no policy */
    bool unbound;               /* the ciphertext must not be bound; of a provisioned signer */
    struct bytes kms_key;       /* key ARN; empty: not asked */
    bool generated;             /* the document itself must say so */
    bool allow_custom_roots;
};

/* False, with nothing added, when the document cannot be read or its root is not trusted. Else *data is what it says,
 * and holds as long as the document does; to be used only when true. True: every line that was added is ok. */
bool signer_judge(const struct signer_demands *demands, struct judge_report *report, struct user_data *data) MUST_USE;

#endif
