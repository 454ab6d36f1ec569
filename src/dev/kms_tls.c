#include "dev/kms_tls.h"

#include "core/kms/kms_api.h"
#include "dev/files.h"
#include "dev/test_pki.h"

#include <string.h>

enum { HOUR = 3600, DAY = 24 * HOUR, CA_DAYS = 3650, CERTIFICATE_DAYS = 397, NAMES_MAX = 7000 };

/* Regions in which KMS is, of all public partitions; a new one is given with --region. */
static const char *const known_regions[] = {
    "af-south-1",     "ap-east-1",      "ap-east-2",      "ap-northeast-1", "ap-northeast-2", "ap-northeast-3",
    "ap-south-1",     "ap-south-2",     "ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4",
    "ap-southeast-5", "ap-southeast-6", "ap-southeast-7", "ca-central-1",   "ca-west-1",      "cn-north-1",
    "cn-northwest-1", "eu-central-1",   "eu-central-2",   "eu-north-1",     "eu-south-1",     "eu-south-2",
    "eu-west-1",      "eu-west-2",      "eu-west-3",      "eusc-de-east-1", "il-central-1",   "me-central-1",
    "me-south-1",     "mx-central-1",   "sa-east-1",      "us-east-1",      "us-east-2",      "us-gov-east-1",
    "us-gov-west-1",  "us-west-1",      "us-west-2",
};
enum { KNOWN_REGIONS = sizeof known_regions / sizeof known_regions[0] };

static bool is_known(const char *region)
{
    for (size_t i = 0; i < KNOWN_REGIONS; i++) {
        if (strcmp(known_regions[i], region) == 0)
            return true;
    }
    return false;
}

static void put_region(struct writer *names, const char *region)
{
    char host[KMS_HOST_MAX];
    kms_host(bytes_of_text(region), host);
    writer_text(names, ",DNS:");
    writer_text(names, host);
    writer_text(names, ",DNS:kms-fips"); /* host is kms.<region>.<suffix> */
    writer_text(names, host + 3);
}

static bool open_ca(const char *folder, uint64_t utc_s, struct identity *ca, struct fault *why)
{
    if (identity_load(folder, "kms-ca", ca, why))
        return true;
    if (why->code != FAULT_STATE)
        return false;
    const struct identity_plan plan = { .curve = "P-256",
                                        .not_before_s = utc_s - HOUR,
                                        .not_after_s = utc_s + (uint64_t)CA_DAYS * DAY,
                                        .subject = { { "O", "ensign-sim" }, { "CN", "ensign-sim test CA for KMS" } },
                                        .extensions = { { NID_basic_constraints, "critical,CA:TRUE,pathlen:0" },
                                                        { NID_key_usage, "critical,keyCertSign,cRLSign" },
                                                        { NID_subject_key_identifier, "hash" } } };
    return identity_make(&plan, NULL, ca, why) && identity_store(ca, folder, "kms-ca", why);
}

SSL_CTX *kms_tls_open(const char *folder, const char *const *regions, size_t region_count, uint64_t utc_s,
                      struct fault *why)
{
    char text[NAMES_MAX + 1] = { 0 }, certificate_file[FILE_PATH_MAX], key_file[FILE_PATH_MAX];
    struct writer names = writer_of((uint8_t *)text, NAMES_MAX);
    struct identity ca = { 0 }, server = { 0 };
    SSL_CTX *tls = NULL;
    writer_text(&names, "DNS:localhost,IP:127.0.0.1,IP:::1");
    for (size_t i = 0; i < KNOWN_REGIONS; i++)
        put_region(&names, known_regions[i]);
    for (size_t i = 0; i < region_count; i++) {
        if (!is_known(regions[i]))
            put_region(&names, regions[i]);
    }
    const struct identity_plan plan = { .curve = "P-256",
                                        .not_before_s = utc_s - HOUR,
                                        .not_after_s = utc_s + (uint64_t)CERTIFICATE_DAYS * DAY,
                                        .subject = { { "O", "ensign-sim" }, { "CN", "ensign-sim KMS" } },
                                        .extensions = { { NID_basic_constraints, "critical,CA:FALSE" },
                                                        { NID_key_usage, "critical,digitalSignature" },
                                                        { NID_ext_key_usage, "serverAuth" },
                                                        { NID_subject_key_identifier, "hash" },
                                                        { NID_authority_key_identifier, "keyid:always" },
                                                        { NID_subject_alt_name, text } } };
    if (names.failed)
        fault_set(why, FAULT_LIMIT, "too many regions for one certificate");
    else if (open_ca(folder, utc_s, &ca, why) && identity_make(&plan, &ca, &server, why) &&
             identity_store(&server, folder, "kms", why) && file_path(certificate_file, folder, "kms.pem", why) &&
             file_path(key_file, folder, "kms.key.pem", why))
        tls = connection_tls(certificate_file, key_file, why);
    identity_free(&ca);
    identity_free(&server);
    return tls;
}
