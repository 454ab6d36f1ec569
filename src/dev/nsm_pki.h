/* nsm_pki: a chain of certificates in the shape of AWS's for enclaves (FACTS B.3), under a root of our own.
 *
 *   root 30 years | regional 20 days | zonal 6 days | instance 24 hours | leaf 3 hours 3 seconds
 *
 * Only the root is kept (FOLDER/nsm-root.pem, nsm-root.key.pem); the rest is made again when it runs out.
 */
#ifndef DEV_NSM_PKI_H
#define DEV_NSM_PKI_H

#include "core/crypto/sha2.h"
#include "dev/test_pki.h"

enum nsm_certificate { NSM_ROOT, NSM_REGIONAL, NSM_ZONAL, NSM_INSTANCE, NSM_LEAF, NSM_CERTIFICATES };

struct nsm_pki {
    struct identity chain[NSM_CERTIFICATES]; /* root first */
    uint64_t instance_until_s, leaf_until_s; /* 0: not made yet */
};

/* What one certificate says when it is made at that second. `names` are those that stand in subjects. */
struct nsm_names {
    const char *region, *instance_id, *module_id;
};
bool nsm_certificate_make(enum nsm_certificate which, const struct nsm_names *names, uint64_t utc_s,
                          const struct identity *issuer, struct identity *made, struct fault *why) MUST_USE;

/* Loads the root, or makes it. */
bool nsm_pki_open(const char *folder, uint64_t utc_s, struct nsm_pki *pki, struct fault *why) MUST_USE;
/* Makes what has not been made or has run out. As on hardware, the leaf is used until shortly before its end. */
bool nsm_pki_renew(struct nsm_pki *pki, const struct nsm_names *names, uint64_t utc_s, struct fault *why) MUST_USE;
void nsm_pki_free(struct nsm_pki *pki);

struct hash32 nsm_pki_root_fingerprint(const struct nsm_pki *pki) MUST_USE;

#endif
