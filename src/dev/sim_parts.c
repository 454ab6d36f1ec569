#include "dev/sim_parts.h"

#include "core/base/text.h"
#include "dev/clock.h"
#include "dev/files.h"
#include "dev/sim_programs.h"
#include "image/pcr.h"
#include "image/signature.h"
#include "verify/x509_chain.h"

#include <stdlib.h>
#include <string.h>

enum {
    DOCUMENT_AGE_MS = 300000, /* unverified: KMS is said to refuse documents older than five minutes */
    DOCUMENT_AHEAD_MS = 60000,
    ROOT_FILE_MAX = 65536,
};

void sim_serve_nsm(void *context, struct connection *connection)
{
    nsm_device_serve(context, connection->fd);
}

void sim_serve_kms(void *context, struct connection *connection)
{
    http_serve(connection, kms_sim_handle, context);
}

void sim_serve_imds(void *context, struct connection *connection)
{
    http_serve(connection, imds_sim_handle, context);
}

void sim_plan_pcr(struct nsm_plan *plan, struct hash48 values[static NSM_BOOT_PCRS], size_t index, struct hash48 pcr)
{
    values[index] = pcr;
    plan->pcrs[index] = (struct optional_bytes){ .present = true, .bytes = BYTES_OF(values[index].bytes) };
}

bool sim_pcr_argument(const char *text, struct nsm_plan *plan, struct hash48 values[static NSM_BOOT_PCRS],
                      struct fault *why)
{
    const char *equals = strchr(text, '=');
    uint64_t index = 0;
    struct hash48 pcr;
    if (equals == NULL || !text_read_uint((struct bytes){ (const uint8_t *)text, (size_t)(equals - text) }, &index) ||
        index >= NSM_BOOT_PCRS || !sim_pcr_read(equals + 1, &pcr))
        return fault_set(why, FAULT_INPUT, "--pcr %.40s: want N=HEX, N of 0 to 15, HEX of 96 hex digits", text);
    sim_plan_pcr(plan, values, (size_t)index, pcr);
    return true;
}

void sim_plan_image(struct nsm_plan *plan, struct hash48 values[static NSM_BOOT_PCRS], struct hash48 pcr0)
{
    static const struct hash48 zero = { { 0 } };
    sim_plan_pcr(plan, values, 0, pcr0);
    if (memcmp(&pcr0, &zero, sizeof zero) == 0)
        return;
    sim_plan_pcr(plan, values, 1, pcr0);
    sim_plan_pcr(plan, values, 2, nsm_pcr_of_content((struct bytes){ NULL, 0 }));
}

static bool measure_eif(struct bytes file, struct nsm_plan *plan, struct hash48 values[static NSM_BOOT_PCRS],
                        struct fault *why)
{
    struct eif eif;
    if (!eif_read(file, &eif, why))
        return false;
    const struct measurements measured = eif_measure(&eif);
    sim_plan_pcr(plan, values, 0, measured.pcr0);
    sim_plan_pcr(plan, values, 1, measured.pcr1);
    sim_plan_pcr(plan, values, 2, measured.pcr2);
    const struct eif_section *section = eif_find(&eif, EIF_SIGNATURE);
    if (section == NULL)
        return true;
    struct eif_signature *signature = malloc(sizeof *signature);
    must(signature != NULL);
    const bool ok =
        eif_signature_read(section->data, signature, why) && eif_signature_check(signature, &measured.pcr0, why);
    if (ok)
        sim_plan_pcr(plan, values, 8, nsm_pcr_of_content((struct bytes){ signature->der, signature->der_len }));
    free(signature);
    return ok;
}

bool sim_plan_measure(const char *path, struct nsm_plan *plan, struct hash48 values[static NSM_BOOT_PCRS],
                      struct fault *why)
{
    uint8_t *content = NULL;
    size_t len = 0;
    if (!file_read(path, SIZE_MAX / 2, &content, &len, why))
        return false;
    const struct bytes file = { content, len };
    bool ok = true;
    if (text_starts_with(file, BYTES_LIT(".eif")))
        ok = measure_eif(file, plan, values, why) || (fault_prefix(why, ": "), fault_prefix(why, path));
    else
        sim_plan_image(plan, values, nsm_pcr_of_content(file));
    free(content);
    return ok;
}

bool sim_cms_choice(const char *text, enum kms_cms_choice *choice)
{
    static const struct {
        const char *text;
        enum kms_cms_choice choice;
    } rows[] = { { "alternate", KMS_CMS_ALTERNATE }, { "a", KMS_CMS_ONLY_A }, { "b", KMS_CMS_ONLY_B } };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(rows[i].text, text) == 0) {
            *choice = rows[i].choice;
            return true;
        }
    }
    return false;
}

bool sim_trust_root(const char *path, struct kms_sim *kms, struct fault *why)
{
    uint8_t *pem = NULL;
    size_t len = 0;
    if (kms->demands.root_count == JUDGE_ROOTS_MAX)
        return fault_set(why, FAULT_INPUT, "more than %d roots", JUDGE_ROOTS_MAX);
    if (!file_read(path, ROOT_FILE_MAX, &pem, &len, why))
        return false;
    const bool ok = x509_pem_fingerprint((struct bytes){ pem, len }, &kms->demands.roots[kms->demands.root_count], why);
    kms->demands.root_count += ok;
    free(pem);
    return ok || (fault_prefix(why, ": "), fault_prefix(why, path));
}

void sim_kms_defaults(struct kms_sim *kms)
{
    *kms = (struct kms_sim){ .utc_ms = clock_utc_ms,
                             .demands = { .max_age_ms = DOCUMENT_AGE_MS,
                                          .max_ahead_ms = DOCUMENT_AHEAD_MS,
                                          /* AWS's texts disagree on debug enclaves (FACTS C.5); a key policy that
                                           * allows zeros is what its own tutorial tests them with. */
                                          .allow_debug = true } };
}
