#include "dev/nsm_pki.h"

#include <stdio.h>

enum {
    HOUR = 3600,
    DAY = 24 * HOUR,
    LEAF_LIFE = 3 * HOUR + 3,
    LEAF_SPARE = 60,           /* a document must live long enough to be judged */
    INSTANCE_SPARE = 4 * HOUR, /* longer than any leaf under it */
};
#define ROOT_LIFE ((uint64_t)30 * 365 * DAY)

/* Subjects have 16 hex digits that differ from certificate to certificate; ours need only look alike. */
#define SERIES_REGIONAL "5e2f5a0c8d1b4f37"
#define SERIES_ZONAL    "a7c19b3e60d2f481"

bool nsm_certificate_make(enum nsm_certificate which, const struct nsm_names *names, uint64_t utc_s,
                          const struct identity *issuer, struct identity *made, struct fault *why)
{
    char common[256], points[256];
    snprintf(points, sizeof points, "URI:http://crl-%s-aws-nitro-enclaves.invalid/crl/%s.crl", names->region,
             which == NSM_REGIONAL ? SERIES_REGIONAL : SERIES_ZONAL);
    static const char usage[] = "critical,digitalSignature,keyCertSign,cRLSign";
    struct identity_plan plan = { .curve = "P-384", .not_before_s = utc_s };
    switch (which) {
    case NSM_ROOT:
        snprintf(common, sizeof common, "aws.nitro-enclaves");
        plan =
            (struct identity_plan){ .curve = "P-384",
                                    .not_before_s = utc_s,
                                    .not_after_s = utc_s + ROOT_LIFE,
                                    .subject = { { "C", "US" }, { "O", "Amazon" }, { "OU", "AWS" }, { "CN", common } },
                                    .extensions = { { NID_basic_constraints, "critical,CA:TRUE" },
                                                    { NID_subject_key_identifier, "hash" },
                                                    { NID_key_usage, usage } } };
        break;
    case NSM_REGIONAL:
        snprintf(common, sizeof common, "%s.%s.aws.nitro-enclaves", SERIES_REGIONAL, names->region);
        plan =
            (struct identity_plan){ .curve = "P-384",
                                    .not_before_s = utc_s,
                                    .not_after_s = utc_s + 20 * DAY + HOUR,
                                    .subject = { { "C", "US" }, { "O", "Amazon" }, { "OU", "AWS" }, { "CN", common } },
                                    .extensions = { { NID_basic_constraints, "critical,CA:TRUE,pathlen:2" },
                                                    { NID_authority_key_identifier, "keyid:always" },
                                                    { NID_subject_key_identifier, "hash" },
                                                    { NID_key_usage, usage },
                                                    { NID_crl_distribution_points, points } } };
        break;
    case NSM_ZONAL:
        snprintf(common, sizeof common, "%s.zonal.%s.aws.nitro-enclaves", SERIES_ZONAL, names->region);
        plan = (struct identity_plan){ .curve = "P-384",
                                       .not_before_s = utc_s,
                                       .not_after_s = utc_s + 6 * DAY,
                                       .subject = { { "CN", common },
                                                    { "OU", "AWS" },
                                                    { "O", "Amazon" },
                                                    { "C", "US" },
                                                    { "ST", "WA" },
                                                    { "L", "Seattle" } },
                                       .extensions = { { NID_basic_constraints, "critical,CA:TRUE,pathlen:1" },
                                                       { NID_authority_key_identifier, "keyid:always" },
                                                       { NID_subject_key_identifier, "hash" },
                                                       { NID_key_usage, usage },
                                                       { NID_crl_distribution_points, points } } };
        break;
    case NSM_INSTANCE:
        snprintf(common, sizeof common, "%s.%s.aws.nitro-enclaves", names->instance_id, names->region);
        plan = (struct identity_plan){ .curve = "P-384",
                                       .not_before_s = utc_s,
                                       .not_after_s = utc_s + DAY,
                                       .subject = { { "C", "US" },
                                                    { "ST", "Washington" },
                                                    { "L", "Seattle" },
                                                    { "O", "Amazon" },
                                                    { "OU", "AWS" },
                                                    { "CN", common } },
                                       .extensions = { { NID_basic_constraints, "critical,CA:TRUE,pathlen:0" },
                                                       { NID_authority_key_identifier, "keyid:always" },
                                                       { NID_subject_key_identifier, "hash" },
                                                       { NID_key_usage, "critical,keyCertSign" } } };
        break;
    case NSM_LEAF:
        snprintf(common, sizeof common, "%s.%s.aws", names->module_id, names->region);
        plan = (struct identity_plan){ .curve = "P-384",
                                       .not_before_s = utc_s,
                                       .not_after_s = utc_s + LEAF_LIFE,
                                       .subject = { { "C", "US" },
                                                    { "ST", "Washington" },
                                                    { "L", "Seattle" },
                                                    { "O", "Amazon" },
                                                    { "OU", "AWS" },
                                                    { "CN", common } },
                                       .extensions = { { NID_basic_constraints, "critical,CA:FALSE" },
                                                       { NID_key_usage, "digitalSignature,nonRepudiation" } } };
        break;
    case NSM_CERTIFICATES:
        must_fail();
    }
    return identity_make(&plan, issuer, made, why);
}

bool nsm_pki_open(const char *folder, uint64_t utc_s, struct nsm_pki *pki, struct fault *why)
{
    *pki = (struct nsm_pki){ 0 };
    struct identity *root = &pki->chain[NSM_ROOT];
    if (identity_load(folder, "nsm-root", root, why))
        return true;
    if (why->code != FAULT_STATE) /* there, and spoilt: not ours to replace */
        return false;
    const struct nsm_names none = { "", "", "" };
    if (!nsm_certificate_make(NSM_ROOT, &none, utc_s, NULL, root, why))
        return false;
    return identity_store(root, folder, "nsm-root", why);
}

bool nsm_pki_renew(struct nsm_pki *pki, const struct nsm_names *names, uint64_t utc_s, struct fault *why)
{
    enum nsm_certificate first = NSM_CERTIFICATES;
    if (utc_s + LEAF_SPARE >= pki->leaf_until_s)
        first = NSM_LEAF;
    if (utc_s + INSTANCE_SPARE >= pki->instance_until_s)
        first = NSM_REGIONAL;
    for (enum nsm_certificate which = first; which < NSM_CERTIFICATES; which++) {
        struct identity made;
        if (!nsm_certificate_make(which, names, utc_s, &pki->chain[which - 1], &made, why))
            return false;
        identity_free(&pki->chain[which]);
        pki->chain[which] = made;
    }
    if (first <= NSM_INSTANCE)
        pki->instance_until_s = utc_s + DAY;
    if (first <= NSM_LEAF)
        pki->leaf_until_s = utc_s + LEAF_LIFE;
    return true;
}

void nsm_pki_free(struct nsm_pki *pki)
{
    for (size_t i = 0; i < NSM_CERTIFICATES; i++)
        identity_free(&pki->chain[i]);
    *pki = (struct nsm_pki){ 0 };
}

struct hash32 nsm_pki_root_fingerprint(const struct nsm_pki *pki)
{
    return sha256(identity_der(&pki->chain[NSM_ROOT]));
}
