#include "core/base/text.h"
#include "parent/allocator_file.h"
#include "parent/doctor_report.h"
#include "parent/image_facts.h"
#include "parent/input_file.h"
#include "parent/rpc_command.h"
#include "verify/x509_chain.h"

#include <string.h>
#include <sys/stat.h>

#include <linux/vm_sockets.h>

enum { PEM_MAX = 65536, CHECK_TIMEOUT_S = 5 };

static const struct flag flags[] = {
    FLAG_ENDPOINT,
    { .name = "cid",
      .value = "N",
      .help = "the CID that the enclave must have; that of a vsock:// endpoint if not given" },
    { .name = "image", .value = "FILE", .help = "the enclave image that must run" },
    { .name = "pcr0", .value = "HEX", .help = "its PCR0, where the image itself is not at hand" },
    { .name = "policy", .value = "FILE", .help = "the signing policy that must be in force" },
    { .name = "policy-sha256", .value = "HEX", .help = "its digest, where the policy itself is not at hand" },
    { .name = "mode", .value = "MODE", .help = "strict (default) or open" },
    { .name = "kms-key", .value = "ARN", .help = "the signer's KMS key; the one it names itself if not given" },
    { .name = "region", .value = "REGION", .help = "of KMS; the key's if not given" },
    { .name = "key-policy", .value = "FILE", .help = "the key policy, where KMS may not be asked for it" },
    { .name = "admin", .value = "ARN", .help = "who administers the key" },
    { .name = "proxy", .value = "ENDPOINT", .help = "where the proxy to KMS listens (default vsock://3:8000)" },
    { .name = "lease-least", .value = "SECONDS", .help = "a lease that ends sooner is a warning (default 3600)" },
    { .name = "allocator", .value = "FILE", .help = "default " ALLOCATOR_FILE_PATH },
    { .name = "hugepages", .value = "DIR", .help = "default " HUGEPAGES_PATH },
    { .name = "root", .value = "PEM", .help = "the root to trust in place of AWS's: for tests" },
    { .name = "custom-roots", .help = "accept an image that believes other roots than Amazon's for KMS: for tests" },
    FLAG_TIMEOUT(5),
    FLAG_JSON,
};

static const char *or_else(const char *given, const char *otherwise)
{
    return given == NULL ? otherwise : given;
}

static bool read_pcr0(const char *hex, char pcr0[static 97], struct fault *why)
{
    uint8_t bytes[48];
    if (strlen(hex) != 96 || !text_read_hex(bytes_of_text(hex), bytes))
        return fault_set(why, FAULT_INPUT, "--pcr0 wants 96 hex digits, found %zu characters", strlen(hex));
    struct writer out = writer_of((uint8_t *)pcr0, 96);
    text_put_hex(&out, BYTES_OF(bytes));
    return true;
}

static bool read_digest(const char *hex, struct digest_text *digest, struct fault *why)
{
    uint8_t bytes[32];
    if (strlen(hex) != 64 || !text_read_hex(bytes_of_text(hex), bytes))
        return fault_set(why, FAULT_INPUT,
                         "--policy-sha256 wants 64 hex digits, as `ensign policy digest` prints them");
    struct writer out = writer_of((uint8_t *)digest->text, 64);
    text_put_hex(&out, BYTES_OF(bytes));
    return true;
}

/* What only the command line can get wrong. */
static bool read_words(const struct arguments *arguments, struct doctor *doctor, struct fault *why)
{
    const char *mode = or_else(argument(arguments, "mode"), "strict"), *key = argument(arguments, "kms-key");
    const char *pcr0 = argument(arguments, "pcr0"), *digest = argument(arguments, "policy-sha256");
    const struct endpoint *endpoint = &doctor->client->endpoint;
    struct endpoint proxy;
    if (strcmp(mode, "strict") != 0 && strcmp(mode, "open") != 0)
        return fault_set(why, FAULT_INPUT, "--mode is strict or open, found '%.40s'", mode);
    doctor->mode = strcmp(mode, "open") == 0 ? USER_DATA_OPEN : USER_DATA_STRICT;
    if (pcr0 != NULL && argument_is_given(arguments, "image"))
        return fault_set(why, FAULT_INPUT, "--image or --pcr0, not both");
    if (digest != NULL && argument_is_given(arguments, "policy"))
        return fault_set(why, FAULT_INPUT, "--policy or --policy-sha256, not both");
    if ((pcr0 != NULL && !read_pcr0(pcr0, doctor->pcr0, why)) ||
        (digest != NULL && !read_digest(digest, &doctor->policy, why)))
        return false;
    if (key != NULL && (!kms_key_id_ok(bytes_of_text(key)) || strlen(key) >= sizeof doctor->key))
        return fault_set(why, FAULT_INPUT, "--kms-key wants a key's ARN, found '%.80s'", key);
    memcpy(doctor->key, or_else(key, ""), strlen(or_else(key, "")) + 1);
    if (!kms_choose_region(argument(arguments, "region"), key, doctor->region, why))
        return false;
    if (endpoint->kind == ENDPOINT_VSOCK)
        doctor->cid = ((const struct sockaddr_vm *)&endpoint->address)->svm_cid;
    doctor->has_cid = endpoint->kind == ENDPOINT_VSOCK || argument_is_given(arguments, "cid");
    doctor->proxy = or_else(argument(arguments, "proxy"), "vsock://3:8000");
    doctor->lease_least_s = DOCTOR_LEASE_S;
    return endpoint_read(doctor->proxy, &proxy, why) &&
           argument_u64(arguments, "cid", 4, UINT32_MAX, &doctor->cid, why) &&
           argument_u64(arguments, "lease-least", 0, UINT32_MAX, &doctor->lease_least_s, why);
}

static bool read_image(struct doctor *doctor, struct fault *why)
{
    struct image_facts facts = { .room = NULL };
    struct stat found;
    const bool ok = image_facts_read(doctor->image_path, &facts, why);
    if (ok && stat(doctor->image_path, &found) == 0) {
        struct writer out = writer_of((uint8_t *)doctor->pcr0, 96);
        text_put_hex(&out, BYTES_OF(facts.measured.pcr0.bytes));
        doctor->image_bytes = (uint64_t)found.st_size;
    }
    image_facts_free(&facts);
    return ok;
}

static bool read_files(const struct arguments *arguments, struct doctor *doctor, struct fault *why)
{
    static struct policy policy;
    static uint8_t pem[PEM_MAX];
    const char *policy_path = argument(arguments, "policy"), *root = argument(arguments, "root");
    struct bytes text;
    doctor->image_path = argument(arguments, "image");
    doctor->key_policy = argument(arguments, "key-policy");
    doctor->admin = argument(arguments, "admin");
    doctor->allocator = or_else(argument(arguments, "allocator"), ALLOCATOR_FILE_PATH);
    doctor->hugepages = or_else(argument(arguments, "hugepages"), HUGEPAGES_PATH);
    doctor->allow_custom_roots = argument_is_given(arguments, "custom-roots");
    doctor->root = JUDGE_AWS_ROOT_G1;
    if (root != NULL &&
        (!input_file_read(root, pem, sizeof pem, &text, why) || !x509_pem_fingerprint(text, &doctor->root, why)))
        return false;
    if (policy_path != NULL) {
        if (!policy_file_read(policy_path, &policy, why))
            return false;
        doctor->policy = policy_digest_text(&policy);
    }
    return doctor->image_path == NULL || read_image(doctor, why);
}

static enum exit_code run(const struct arguments *arguments)
{
    static const enum exit_code codes[] = {
        [DOCTOR_OK] = EXIT_CODE_DONE, [DOCTOR_WARNING] = EXIT_CODE_WARNED, [DOCTOR_FAULT] = EXIT_CODE_REFUSED
    };
    static struct doctor doctor;
    static struct signer_client client;
    static struct doctor_line lines[DOCTOR_LINES_MAX];
    struct fault why;
    doctor.client = &client;
    if (!signer_client_open(&client, arguments, CHECK_TIMEOUT_S, &why) || !read_words(arguments, &doctor, &why))
        return command_misused("doctor", &why);
    doctor.timeout_ms = client.timeout_ms;
    if (!read_files(arguments, &doctor, &why))
        return command_failed(EXIT_CODE_INPUT, &why);
    const size_t count = doctor_run(&doctor, lines);
    aws_credentials_wipe(&doctor.credentials);
    return codes[doctor_report_put(lines, count, wants_json(arguments))];
}

const struct command command_doctor = {
    .name = "doctor",
    .operands = "",
    .summary = "what is wrong with a signer, its machine and its KMS key, and what to do",
    .about = "Run on the parent instance. One line a check: ok, warning, fault, or not checkable\n"
             "here; below it what to do. It changes nothing. What the enclave is comes from an\n"
             "attestation document asked for now and verified. A thing that is broken is told on\n"
             "its own line, and what hangs on it is not checkable until it is mended.\n"
             "\n"
             "Exit code 0 when all that could be checked is well, 6 when there are warnings, 1\n"
             "when there is a fault. The lines about the KMS key want kms:DescribeKey,\n"
             "kms:ListGrants and kms:GetKeyPolicy, which only read.",
    .examples = "  ensign doctor --endpoint vsock://16:5000 --image ensign.eif --policy policy.json\n"
                "  ensign doctor --endpoint vsock://16:5000 --json | jq '.checks[] | select(.state == \"fault\")'",
    .flags = FLAG_TABLE(flags),
    .run = run,
};
