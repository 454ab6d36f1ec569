#include "core/base/text.h"
#include "parent/output.h"
#include "parent/rpc_command.h"
#include "parent/verify_plan.h"
#include "parent/verify_report.h"

#include <string.h>

static const struct flag flags[] = {
    FLAG_ENDPOINT,
    { .name = "image", .value = "FILE", .help = "the enclave image that it must be; its settings are printed" },
    { .name = "pcr0", .value = "HEX", .help = "its PCR0, where the image itself is not at hand" },
    { .name = "pcr", .value = "N=HEX", .repeats = true, .help = "a further PCR that the document must state" },
    { .name = "address", .value = "0xHEX", .help = "the address whose key it must hold" },
    { .name = "unprovisioned", .help = "it must hold no key yet" },
    { .name = "policy", .value = "FILE", .help = "the policy that it must enforce; its digest is computed here" },
    { .name = "policy-sha256", .value = "HEX", .help = "the policy's digest, where the policy itself is not at hand" },
    { .name = "no-policy", .help = "it must have none: whatever it is sent it signs" },
    { .name = "kms-key", .value = "ARN", .help = "the KMS key that opened its key" },
    { .name = "mode", .value = "MODE", .help = "strict (default) or open" },
    { .name = "unbound", .help = "its ciphertext must not be bound to the policy (default: it must be)" },
    { .name = "custom-roots", .help = "accept an image that believes other roots than Amazon's for KMS: for tests" },
    { .name = "generated", .help = "the document itself must say that the key was generated in that boot" },
    { .name = "birth", .value = "FILE", .help = "a stored document of the same address that says so" },
    { .name = "birth-pcr0", .value = "HEX", .help = "the image of that document, when it was an older one" },
    { .name = "kms-key-of-birth", .value = "ARN", .help = "the KMS key then, when it was another one" },
    { .name = "nonce", .value = "0xHEX", .help = "that the document in the file must repeat: the one you chose" },
    { .name = "stored", .help = "a document from an archive: judged at its own time, freshness not shown" },
    { .name = "chain-only",
      .help = "form, chain, times and signature alone: anybody's enclave, nothing about a signer" },
    { .name = "root", .value = "PEM", .help = "the root to trust in place of AWS's: for tests" },
    { .name = "at",
      .value = "TIME",
      .help = "judge a document in a file as of then: 2026-11-22T15:00:00Z, or seconds" },
    FLAG_TIMEOUT(10),
    FLAG_JSON,
};

static void judge_birth(const struct arguments *arguments, const struct verify_plan *plan, struct judge_report *report)
{
    static struct evidence evidence;
    static struct judge_report birth;
    struct judge_demands demands = plan->demands;
    struct signer_demands signer = { .address = plan->signer.address,
                                     .mode = USER_DATA_STRICT,
                                     .kms_key = plan->signer.kms_key,
                                     .generated = true,
                                     .allow_custom_roots = plan->signer.allow_custom_roots };
    const char *pcr0 = argument(arguments, "birth-pcr0"), *key = argument(arguments, "kms-key-of-birth");
    struct hash48 other;
    struct user_data data;
    struct fault why;
    if (!evidence_from_file(plan->birth_file, &evidence, &why)) {
        (void)judge_note(report, "birth", false, "%.150s", why.text);
        return;
    }
    memset(demands.pcrs, 0, sizeof demands.pcrs);
    demands.pcrs[0] = plan->demands.pcrs[0];
    if (pcr0 != NULL) {
        if (strlen(pcr0) != 96 || !text_read_hex(bytes_of_text(pcr0), other.bytes)) {
            (void)judge_note(report, "birth", false, "--birth-pcr0 is not 96 hex digits");
            return;
        }
        demands.pcrs[0].bytes = BYTES_OF(other.bytes);
    }
    if (key != NULL)
        signer.kms_key = bytes_of_text(key);
    demands.at_its_own_time = true;
    demands.max_age_ms = 0;
    demands.nonce.present = false;
    (void)judge(evidence_document(&evidence), &demands, &birth);
    /* The policy may have changed since: the digest is taken from the document, all else is demanded. */
    if (birth.count > 2 && birth.doc.user_data.present && user_data_read(birth.doc.user_data.bytes, &data, &why))
        signer.policy_sha256 = data.policy_sha256;
    const bool states = signer_judge(&signer, &birth, &data);
    const struct judge_check *wrong = judge_first_failure(&birth);
    must(wrong != NULL || states);
    if (wrong == NULL && birth.doc.timestamp_ms > plan->demands.utc_ms + VERIFY_MAX_AHEAD_MS)
        (void)judge_note(report, "birth", false, "that document is of the future");
    else if (wrong == NULL)
        (void)judge_note(report, "birth", true, "generated inside, by a document of %s",
                         verify_time_text(birth.doc.timestamp_ms).text);
    else
        (void)judge_note(report, "birth", false, "%s: %.150s", wrong->name, wrong->found);
}

static enum exit_code judge_all(const struct arguments *arguments, struct verify_plan *plan)
{
    static struct judge_report report;
    struct user_data data;
    if (plan->evidence.nonce_len > 0)
        plan->demands.nonce =
            (struct optional_bytes){ .present = true, .bytes = { plan->evidence.nonce, plan->evidence.nonce_len } };
    (void)judge(evidence_document(&plan->evidence), &plan->demands, &report);
    if (report.count > 2 && plan->stored) {
        const bool past = report.doc.timestamp_ms <= plan->demands.utc_ms + VERIFY_MAX_AHEAD_MS;
        (void)judge_note(&report, "fresh", past, "%s; made at %s",
                         past ? "not shown: a stored document" : "it is of the future",
                         verify_time_text(report.doc.timestamp_ms).text);
    }
    const bool said = !plan->chain_only && signer_judge(&plan->signer, &report, &data);
    if (plan->birth_file != NULL && report.count > 2)
        judge_birth(arguments, plan, &report);
    verify_report_put(plan, &report, wants_json(arguments));
    must(!report.believed || said || plan->chain_only);
    return report.believed ? EXIT_CODE_DONE : EXIT_CODE_REFUSED;
}

static enum exit_code run(const struct arguments *arguments)
{
    static struct verify_plan plan;
    struct fault why;
    enum exit_code code;
    if (!verify_plan_read(arguments, &plan, &code, &why))
        code = code == EXIT_CODE_USAGE ? command_misused("verify", &why) : command_failed(code, &why);
    else if (plan.file == NULL)
        code = evidence_from_signer(&command_verify, arguments, &plan.evidence);
    else if (evidence_from_file(plan.file, &plan.evidence, &why))
        code = EXIT_CODE_DONE;
    else
        code = command_failed(EXIT_CODE_INPUT, &why);
    if (code == EXIT_CODE_DONE)
        code = judge_all(arguments, &plan);
    image_facts_free(&plan.image);
    return code;
}

const struct command command_verify = {
    .name = "verify",
    .operands = "[DOCUMENT|-]",
    .operands_least = 0,
    .operands_most = 1,
    .summary = "judge an attestation document: is this the signer that I mean?",
    .about = "Asks the signer at --endpoint with a fresh nonce, or takes a document from a file\n"
             "(bytes, base64, or what `ensign attest` prints), and reports check by check: the\n"
             "chain to AWS's root, dates, signature, no debug enclave, the image's PCR0, nonce,\n"
             "age (at most 5 minutes), and what the signer says about itself: address, mode,\n"
             "policy, bound, KMS key, where the key came from.\n"
             "\n"
             "You say what it must be; nothing is read off the document and believed. Exit code\n"
             "0 only if all of it holds, 1 if anything does not. A fact that is left out is a\n"
             "mistake of the command line (2), except with --chain-only, which says no more than\n"
             "that some Nitro enclave made this document.",
    .examples = "  ensign verify --endpoint vsock://16:5000 --image build/ensign.eif --policy policy.json \\\n"
                "      --address 0x… --kms-key arn:aws:kms:us-east-2:111122223333:key/…\n"
                "  ensign verify document.bin --nonce 0x… --image build/ensign.eif --policy policy.json \\\n"
                "      --address 0x… --kms-key \"$KMS_KEY_ARN\" --birth birth.bin\n"
                "  ensign verify document.bin --stored --chain-only",
    .flags = FLAG_TABLE(flags),
    .run = run,
};
