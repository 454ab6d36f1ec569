#include "parent/verify_plan.h"

#include "core/base/text.h"
#include "core/eth/address.h"
#include "core/kms/kms_api.h"
#include "parent/input_file.h"
#include "parent/verify_flags.h"
#include "verify/x509_chain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PEM_MAX = 65536 };

static bool given(const struct arguments *arguments, const char *name)
{
    return argument_is_given(arguments, name);
}

bool verify_time_read(const char *text, uint64_t *utc_ms)
{
    struct tm utc = { 0 };
    uint64_t seconds;
    if (text_read_uint(bytes_of_text(text), &seconds)) {
        if (seconds > INT64_MAX / 1000)
            return false;
    } else {
        const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &utc);
        const time_t time = end != NULL && *end == '\0' ? timegm(&utc) : -1;
        if (time < 0)
            return false;
        seconds = (uint64_t)time;
    }
    *utc_ms = seconds * 1000;
    return true;
}

static uint64_t now_ms(void)
{
    struct timespec now;
    must(clock_gettime(CLOCK_REALTIME, &now) == 0);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void demand_pcr(struct verify_plan *plan, size_t index, const struct hash48 *pcr)
{
    plan->pcrs[index] = *pcr;
    plan->demands.pcrs[index] = (struct optional_bytes){ .present = true, .bytes = BYTES_OF(plan->pcrs[index].bytes) };
}

static bool read_pcr(const char *flag, struct bytes hex, struct hash48 *pcr, struct fault *why)
{
    if (hex.len == 2 * sizeof pcr->bytes && text_read_hex(hex, pcr->bytes))
        return true;
    return fault_set(why, FAULT_INPUT, "--%s wants 96 hex digits, found %zu characters", flag, hex.len);
}

bool verify_plan_pcr0(struct verify_plan *plan, const char *hex, struct fault *why)
{
    struct hash48 pcr;
    if (!read_pcr("pcr0", bytes_of_text(hex), &pcr, why))
        return false;
    demand_pcr(plan, 0, &pcr);
    return true;
}

static bool read_more_pcrs(const struct arguments *arguments, struct verify_plan *plan, struct fault *why)
{
    size_t at = 0;
    for (const char *text; (text = argument_next(arguments, "pcr", &at)) != NULL;) {
        const char *equals = strchr(text, '=');
        struct hash48 pcr;
        uint64_t index;
        if (equals == NULL ||
            !text_read_uint((struct bytes){ (const uint8_t *)text, (size_t)(equals - text) }, &index) ||
            index >= NSM_PCR_COUNT)
            return fault_set(why, FAULT_INPUT, "--pcr wants N=HEX with N from 0 to 31, found '%.60s'", text);
        if (plan->demands.pcrs[index].present)
            return fault_set(why, FAULT_INPUT, "PCR%d is given twice", (int)index);
        if (!read_pcr("pcr", bytes_of_text(equals + 1), &pcr, why))
            return false;
        demand_pcr(plan, index, &pcr);
    }
    return true;
}

static bool read_typed(const struct arguments *arguments, struct verify_plan *plan, struct fault *why)
{
    const char *address = argument(arguments, "address"), *digest = argument(arguments, "policy-sha256");
    const char *key = argument(arguments, "kms-key"), *pcr0 = argument(arguments, "pcr0");
    const char *mode = argument(arguments, "mode");
    struct address wanted;
    struct kms_key_arn arn;
    uint8_t ignored[32];
    plan->signer.mode = mode != NULL && strcmp(mode, "open") == 0 ? USER_DATA_OPEN : USER_DATA_STRICT;
    plan->signer.unbound = given(arguments, "unbound") || given(arguments, "no-policy");
    plan->signer.generated = given(arguments, "generated");
    plan->signer.allow_custom_roots = given(arguments, "custom-roots");
    if (address != NULL) {
        if (!address_read(bytes_of_text(address), &wanted))
            return fault_set(why, FAULT_INPUT, "--address wants 0x and 40 hex digits, found '%.60s'", address);
        memcpy(plan->address, address_lower(&wanted).text, sizeof plan->address);
        plan->signer.address = bytes_of_text(plan->address);
    }
    if (digest != NULL) {
        if (strlen(digest) != 64 || !text_read_hex(bytes_of_text(digest), ignored))
            return fault_set(why, FAULT_INPUT,
                             "--policy-sha256 wants 64 hex digits, as `ensign policy digest` prints them");
        struct writer out = writer_of((uint8_t *)plan->digest.text, 64);
        text_put_hex(&out, BYTES_OF(ignored));
        plan->signer.policy_sha256 = bytes_of_text(plan->digest.text);
    }
    if (key != NULL) {
        if (!kms_key_arn_read(bytes_of_text(key), &arn))
            return fault_set(why, FAULT_INPUT, "--kms-key wants a key's ARN, found '%.80s'", key);
        plan->signer.kms_key = bytes_of_text(key);
    }
    return pcr0 == NULL || verify_plan_pcr0(plan, pcr0, why);
}

static bool read_files(const struct arguments *arguments, struct verify_plan *plan, struct fault *why)
{
    static struct policy policy;
    const char *path = argument(arguments, "policy");
    plan->birth_file = argument(arguments, "birth");
    plan->image_path = argument(arguments, "image");
    if (path != NULL) {
        if (!policy_file_read(path, &policy, why))
            return false;
        plan->digest = policy_digest_text(&policy);
        plan->signer.policy_sha256 = bytes_of_text(plan->digest.text);
    }
    return plan->image_path == NULL || verify_plan_image(plan, plan->image_path, why);
}

bool verify_plan_image(struct verify_plan *plan, const char *path, struct fault *why)
{
    plan->image_path = path;
    if (!image_facts_read(path, &plan->image, why))
        return false;
    plan->has_image = true;
    demand_pcr(plan, 0, &plan->image.measured.pcr0);
    demand_pcr(plan, 1, &plan->image.measured.pcr1);
    demand_pcr(plan, 2, &plan->image.measured.pcr2);
    return true;
}

bool verify_plan_root(struct verify_plan *plan, const char *path, struct fault *why)
{
    static uint8_t pem[PEM_MAX];
    struct bytes text;
    plan->demands.root_count = 1;
    plan->demands.roots[0] = JUDGE_AWS_ROOT_G1;
    if (path == NULL)
        return true;
    if (!input_file_read(path, pem, sizeof pem, &text, why))
        return false;
    if (x509_pem_fingerprint(text, &plan->demands.roots[0], why))
        return true;
    (void)fault_prefix(why, ": ");
    return fault_prefix(why, path);
}

void verify_plan_now(struct verify_plan *plan)
{
    plan->demands.utc_ms = now_ms();
    plan->demands.max_age_ms = VERIFY_MAX_AGE_MS;
    plan->demands.max_ahead_ms = VERIFY_MAX_AHEAD_MS;
}

static bool read_times(const struct arguments *arguments, struct verify_plan *plan, struct fault *why)
{
    const char *at = argument(arguments, "at");
    plan->stored = plan->demands.at_its_own_time = given(arguments, "stored");
    verify_plan_now(plan);
    if (plan->stored)
        plan->demands.max_age_ms = 0;
    return at == NULL || verify_time_read(at, &plan->demands.utc_ms) ||
           fault_set(why, FAULT_INPUT,
                     "--at wants a time like 2026-11-22T15:00:00Z, or seconds since 1970, found '%.60s'", at);
}

bool verify_plan_read(const struct arguments *arguments, struct verify_plan *plan, enum exit_code *code,
                      struct fault *why)
{
    const char *nonce = argument(arguments, "nonce");
    *plan = (struct verify_plan){ .file = arguments->operand_count > 0 ? arguments->operands[0] : NULL,
                                  .chain_only = given(arguments, "chain-only") };
    plan->demands.allow_debug = plan->chain_only;
    *code = EXIT_CODE_USAGE;
    if (!verify_flags_go_together(arguments, why) || !read_times(arguments, plan, why) ||
        (nonce != NULL && !evidence_set_nonce(nonce, &plan->evidence, why)))
        return false;
    if (!plan->chain_only && (!verify_flags_name_a_signer(arguments, why) || !read_typed(arguments, plan, why)))
        return false;
    *code = EXIT_CODE_INPUT;
    if (!verify_plan_root(plan, argument(arguments, "root"), why) ||
        (!plan->chain_only && !read_files(arguments, plan, why)))
        return false;
    *code = EXIT_CODE_USAGE;
    return plan->chain_only || read_more_pcrs(arguments, plan, why);
}
