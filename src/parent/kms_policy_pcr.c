#include "parent/kms_policy_pcr.h"

#include "core/base/text.h"
#include "core/crypto/sha2.h"
#include "parent/evidence.h"
#include "parent/input_file.h"
#include "parent/output.h"
#include "parent/rpc_command.h"
#include "verify/judge.h"
#include "verify/x509_chain.h"

#include <string.h>
#include <time.h>

enum { MAX_AGE_MS = 300000, MAX_AHEAD_MS = 60000, PEM_MAX = 65536 };

struct pcr_text pcr_text_of(const uint8_t pcr[static 48])
{
    struct pcr_text text = { "" };
    struct writer out = writer_of((uint8_t *)text.text, sizeof text.text - 1);
    text_put_hex(&out, (struct bytes){ pcr, 48 });
    return text;
}

struct pcr_text pcr_text_of_name(const char *name)
{
    uint8_t joined[48 + 640] = { 0 };
    const size_t len = strlen(name);
    must(len <= sizeof joined - 48);
    memcpy(joined + 48, name, len);
    return pcr_text_of(sha384((struct bytes){ joined, 48 + len }).bytes);
}

bool pcr_text_is_zero(const struct pcr_text *pcr)
{
    return strspn(pcr->text, "0") == 96;
}

static bool take_pcr3(const struct arguments *arguments, const struct evidence *evidence,
                      struct kms_policy_texts *texts, struct fault *why)
{
    static struct judge_report report;
    static uint8_t pem[PEM_MAX];
    const char *root = argument(arguments, "root");
    struct bytes text;
    struct timespec now;
    must(clock_gettime(CLOCK_REALTIME, &now) == 0);
    struct judge_demands demands = { .root_count = 1,
                                     .roots = { JUDGE_AWS_ROOT_G1 },
                                     .utc_ms = (uint64_t)now.tv_sec * 1000,
                                     .max_age_ms = MAX_AGE_MS,
                                     .max_ahead_ms = MAX_AHEAD_MS,
                                     .nonce = { true, { evidence->nonce, evidence->nonce_len } } };
    if (root != NULL &&
        (!input_file_read(root, pem, sizeof pem, &text, why) || !x509_pem_fingerprint(text, &demands.roots[0], why)))
        return false;
    if (!judge(evidence_document(evidence), &demands, &report)) {
        const struct judge_check *wrong = judge_first_failure(&report);
        return fault_set(why, FAULT_REMOTE, "the signer's document is not to be believed: %s: %s", wrong->name,
                         wrong->found);
    }
    bool known = false;
    for (size_t i = 0; i < texts->image_count && report.doc.pcrs[0].len == 48; i++)
        known = known || strcmp(pcr_text_of(report.doc.pcrs[0].data).text, texts->images[i].text) == 0;
    if (!known)
        return fault_set(why, FAULT_REMOTE, "the signer runs another image than the one that the key is for");
    if (report.doc.pcrs[3].len != 48)
        return fault_set(why, FAULT_REMOTE, "the signer's document states no PCR3");
    texts->pcr3 = pcr_text_of(report.doc.pcrs[3].data);
    return !pcr_text_is_zero(&texts->pcr3) ||
           fault_set(why, FAULT_REMOTE, "the signer's PCR3 is zero: its instance had no role when the enclave started");
}

enum exit_code kms_policy_find_pcr3(const struct command *command, const struct arguments *arguments,
                                    struct kms_policy_texts *texts)
{
    static struct evidence evidence;
    const char *role = argument(arguments, "role");
    const struct pcr_text computed = pcr_text_of_name(role);
    struct fault why;
    if (argument_is_given(arguments, "any-instance")) {
        say_note("PCR3: left out; any instance that has the role's credentials and this image may open the key");
        return EXIT_CODE_DONE;
    }
    if (argument_is_given(arguments, "pcr3")) {
        say_note("PCR3: as given");
        return EXIT_CODE_DONE;
    }
    if (!argument_is_given(arguments, "endpoint")) {
        texts->pcr3 = computed;
        say_note("PCR3: computed from --role; --endpoint takes it from a running enclave, which is surer");
        return EXIT_CODE_DONE;
    }
    const enum exit_code code = evidence_from_signer(command, arguments, &evidence);
    if (code != EXIT_CODE_DONE)
        return code;
    if (!take_pcr3(arguments, &evidence, texts, &why))
        return command_failed(EXIT_CODE_REFUSED, &why);
    say_note("PCR3: from a document that the signer made just now, verified");
    if (strcmp(texts->pcr3.text, computed.text) != 0)
        say_warning(
            "that PCR3 is not the one computed from --role: is it the role of the instance where the signer runs?");
    return EXIT_CODE_DONE;
}
