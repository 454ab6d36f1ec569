#include "parent/provisioner_config.h"

#include "core/base/text.h"
#include "core/kms/kms_api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TIMEOUT_S = 30,
    INTERVAL_S = 10,
    RETRY_LEAST_S = 1,
    RETRY_MOST_S = 60,
    SECONDS_MAX = 3600,
};

static const struct flag names[] = {
    FLAG_ENDPOINT,
    { .name = "image", .value = "FILE", .help = "the enclave image that it must be" },
    { .name = "pcr0", .value = "HEX", .help = "its PCR0, where the image itself is not at hand" },
    { .name = "policy-sha256", .value = "HEX", .help = "the digest of a policy that stands in the image" },
    { .name = "mode", .value = "MODE", .help = "strict (default) or open" },
    { .name = "custom-roots", .help = "accept an image that believes other roots than Amazon's for KMS: for tests" },
    { .name = "root", .value = "PEM", .help = "the root of attestation to trust in place of AWS's: for tests" },
    FLAGS_PROVISION,
    { .name = "interval", .value = "SECONDS", .help = "between two looks at the signer (default 10)" },
    { .name = "retry-least", .value = "SECONDS", .help = "before the second try of what failed (default 1)" },
    { .name = "retry-most", .value = "SECONDS", .help = "between two tries, however many failed (default 60)" },
    FLAG_TIMEOUT(30),
};

const struct flag_table provisioner_config_table = FLAG_TABLE(names);

static bool read_times(struct provisioner_config *config, struct fault *why)
{
    const struct arguments *const given = &config->file.arguments;
    uint64_t interval_s = INTERVAL_S, least_s = RETRY_LEAST_S, most_s = RETRY_MOST_S;
    if (!argument_u64(given, "interval", 1, SECONDS_MAX, &interval_s, why) ||
        !argument_u64(given, "retry-least", 1, SECONDS_MAX, &least_s, why) ||
        !argument_u64(given, "retry-most", 1, SECONDS_MAX, &most_s, why))
        return false;
    if (least_s > most_s)
        return fault_set(why, FAULT_INPUT, "retry-least (%llu) is more than retry-most (%llu)",
                         (unsigned long long)least_s, (unsigned long long)most_s);
    config->interval_ms = interval_s * 1000;
    config->retry_least_ms = least_s * 1000;
    config->retry_most_ms = most_s * 1000;
    return true;
}

/* What the signer must be, beside its address. */
static bool read_demands(struct provisioner_config *config, struct fault *why)
{
    const struct arguments *const given = &config->file.arguments;
    const char *const image = argument(given, "image"), *const pcr0 = argument(given, "pcr0");
    const char *const mode = argument(given, "mode");
    struct verify_plan *const plan = &config->plan;
    struct kms_key_arn arn;
    struct address address;
    if ((image == NULL) == (pcr0 == NULL))
        return fault_set(why, FAULT_INPUT,
                         "%s of image and pcr0 is given; wanted is one: it says which program gets the credentials",
                         image == NULL ? "none" : "each");
    if (mode != NULL && strcmp(mode, "strict") != 0 && strcmp(mode, "open") != 0)
        return fault_set(why, FAULT_INPUT, "mode is strict or open, found '%.40s'", mode);
    if (config->order.expected_address == NULL)
        return fault_set(why, FAULT_INPUT,
                         "expected-address is missing: the address of the sealed key, as `ensign encrypt` printed it");
    if (!address_flag_read(config->order.expected_address, "expected-address", &address, why))
        return false;
    memcpy(plan->address, address_lower(&address).text, sizeof plan->address);
    plan->signer.mode = mode != NULL && strcmp(mode, "open") == 0 ? USER_DATA_OPEN : USER_DATA_STRICT;
    plan->signer.unbound = plan->signer.mode == USER_DATA_OPEN && !config->order.bind_policy;
    plan->signer.allow_custom_roots = argument_is_given(given, "custom-roots");
    if (config->order.key_id != NULL && kms_key_arn_read(bytes_of_text(config->order.key_id), &arn))
        plan->signer.kms_key = bytes_of_text(config->order.key_id);
    return verify_plan_root(plan, argument(given, "root"), why) &&
           (image == NULL ? verify_plan_pcr0(plan, pcr0, why) : verify_plan_image(plan, image, why));
}

static bool read_digest(const char *hex, struct digest_text *digest, struct fault *why)
{
    struct hash32 read;
    if (strlen(hex) != 2 * sizeof read.bytes || !text_read_hex(bytes_of_text(hex), read.bytes))
        return fault_set(why, FAULT_INPUT, "policy-sha256 wants 64 hex digits, as `ensign policy digest` prints them");
    struct writer out = writer_of((uint8_t *)digest->text, sizeof digest->text - 1);
    text_put_hex(&out, BYTES_OF(read.bytes));
    return true;
}

/* The policy that is brought, or the one in the image's settings. Of one that is given by flags, or that stands in an
 * image of which only the PCR0 is here, the digest is not known unless it is given. */
static bool read_policy(struct provisioner_config *config, struct fault *why)
{
    static struct policy policy;
    const char *const digest = argument(&config->file.arguments, "policy-sha256");
    const struct json brought = config->order.policy;
    const struct json baked = json_member(config->plan.image.settings, BYTES_LIT("policy"));
    const bool brings = json_kind(brought) != JSON_NONE || config->order.has_flat_policy;
    if (json_kind(baked) != JSON_NONE && brings)
        return fault_set(why, FAULT_INPUT, "the image holds its policy, and none may be brought: leave policy out");
    if (digest != NULL && (json_kind(baked) != JSON_NONE || brings))
        return fault_set(why, FAULT_INPUT,
                         "policy-sha256 is for a policy in an image that is not at hand; leave it out here");
    config->knows_policy = digest != NULL || json_kind(baked) == JSON_OBJECT || json_kind(brought) == JSON_OBJECT;
    if (!config->knows_policy)
        return true;
    if (digest != NULL)
        return read_digest(digest, &config->plan.digest, why);
    if (!policy_read(json_kind(baked) == JSON_OBJECT ? baked : brought, &policy, why))
        return fault_prefix(why, "the image's policy: ");
    config->plan.digest = policy_digest_text(&policy);
    return true;
}

static bool read_all(const char *path, struct provisioner_config *config, struct fault *why)
{
    struct arena arena = arena_of(config->scratch, sizeof config->scratch);
    const struct arguments *const given = &config->file.arguments;
    bool is_usage;
    if (!config_file_read(path, &provisioner_config_table, &config->file, why))
        return false;
    const char *const sealed = argument(given, "ciphertext-b64");
    bool ok = sealed == NULL || strcmp(sealed, "-") != 0 ||
              fault_set(why, FAULT_INPUT, "ciphertext-b64 is `-`; a daemon has no standard input to read it from");
    ok = ok && signer_client_open(&config->client, given, TIMEOUT_S, why) &&
         provision_order_read(given, &arena, &config->order, &is_usage, why) && read_times(config, why) &&
         read_demands(config, why) && read_policy(config, why);
    if (ok)
        return true;
    (void)fault_prefix(why, ": ");
    return fault_prefix(why, path);
}

struct provisioner_config *provisioner_config_read(const char *path, struct fault *why)
{
    struct provisioner_config *config = calloc(1, sizeof *config);
    must(config != NULL);
    if (read_all(path, config, why))
        return config;
    provisioner_config_free(config);
    return NULL;
}

void provisioner_config_free(struct provisioner_config *config)
{
    if (config == NULL)
        return;
    image_facts_free(&config->plan.image);
    free(config);
}
