#include "verify/judge.h"

#include "core/base/text.h"
#include "verify/x509_chain.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* openssl x509 -in AWS_NitroEnclaves_Root-G1.pem -noout -fingerprint -sha256 */
const struct hash32 JUDGE_AWS_ROOT_G1 = { { 0x64, 0x1a, 0x03, 0x21, 0xa3, 0xe2, 0x44, 0xef, 0xe4, 0x56, 0x46,
                                            0x31, 0x95, 0xd6, 0x06, 0x31, 0x7e, 0xd7, 0xcd, 0xcc, 0x3c, 0x17,
                                            0x56, 0xe0, 0x98, 0x93, 0xf3, 0xc6, 0x8f, 0x79, 0xbb, 0x5b } };

enum { HEX_SHOWN = 48, HEX_TEXT = 2 * HEX_SHOWN + 4 }; /* a whole PCR fits */

struct hex_text {
    char text[HEX_TEXT];
};

static struct hex_text hex_of(struct bytes bytes)
{
    struct hex_text hex = { { 0 } };
    const bool whole = bytes.len <= HEX_SHOWN;
    struct writer out = writer_of((uint8_t *)hex.text, sizeof hex.text - 1);
    text_put_hex(&out, (struct bytes){ bytes.data, whole ? bytes.len : HEX_SHOWN });
    writer_text(&out, whole ? "" : "...");
    return hex;
}

bool judge_note(struct judge_report *report, const char *name, bool ok, const char *format, ...)
{
    must(report->count < JUDGE_CHECKS_MAX);
    struct judge_check *check = &report->checks[report->count++];
    snprintf(check->name, sizeof check->name, "%s", name);
    check->ok = ok;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(check->found, sizeof check->found, format, arguments);
    va_end(arguments);
    report->believed = report->believed && ok;
    return ok;
}

static bool note_fault(struct judge_report *report, const char *name, bool ok, const char *good,
                       const struct fault *why)
{
    return judge_note(report, name, ok, "%s", ok ? good : why->text);
}

static bool root_is_trusted(const struct judge_demands *demands, const struct hash32 *root)
{
    for (size_t i = 0; i < demands->root_count && i < JUDGE_ROOTS_MAX; i++) {
        if (memcmp(demands->roots[i].bytes, root->bytes, sizeof root->bytes) == 0)
            return true;
    }
    return false;
}

static void judge_signature(struct judge_report *report, const struct x509_chain *chain)
{
    uint8_t signed_bytes[ATTESTATION_SIGNED_MAX];
    struct writer out = writer_of(signed_bytes, sizeof signed_bytes);
    struct bytes message = { NULL, 0 };
    struct fault why = { 0 };
    attestation_doc_put_signed(&out, &report->doc);
    const bool ok = writer_done(&out, &message) ? x509_leaf_signed(chain, message, report->doc.signature, &why)
                                                : fault_set(&why, FAULT_LIMIT, "document too long");
    note_fault(report, "signature", ok, "ES384, by the leaf", &why);
}

static void judge_chain(struct judge_report *report, uint64_t utc_ms)
{
    const struct attestation_doc *doc = &report->doc;
    struct x509_chain *chain = x509_chain_read(doc->cabundle, doc->cabundle_count, doc->certificate);
    if (chain == NULL) {
        judge_note(report, "order", false, "no memory for certificates");
        return;
    }
    struct fault order = { 0 }, path = { 0 }, leaf = { 0 };
    /* First, so that the order need not verify the same signatures again. */
    const bool holds = x509_chain_holds(chain, utc_ms / 1000, &path);
    note_fault(report, "order", x509_chain_in_order(chain, &order), "root first", &order);
    note_fault(report, "chain", holds, "holds up to the root", &path);
    note_fault(report, "leaf", x509_leaf_may_sign(chain, &leaf), "end entity, digitalSignature, P-384", &leaf);
    judge_signature(report, chain);
    x509_chain_free(chain);
}

static void judge_freshness(struct judge_report *report, const struct judge_demands *demands)
{
    if (demands->max_age_ms == 0)
        return;
    const uint64_t at = report->doc.timestamp_ms, now = demands->utc_ms;
    if (at > now)
        judge_note(report, "fresh", at - now <= demands->max_ahead_ms,
                   "%" PRIu64 " ms ahead of our clock (at most %" PRIu64 " allowed)", at - now, demands->max_ahead_ms);
    else
        judge_note(report, "fresh", now - at <= demands->max_age_ms, "%" PRIu64 " ms old (at most %" PRIu64 " allowed)",
                   now - at, demands->max_age_ms);
}

static void judge_equal(struct judge_report *report, const char *name, struct optional_bytes wanted,
                        struct optional_bytes found)
{
    if (!wanted.present)
        return;
    if (!found.present)
        judge_note(report, name, false, "absent (want %s)", hex_of(wanted.bytes).text);
    else if (bytes_equal(wanted.bytes, found.bytes))
        judge_note(report, name, true, "%s", hex_of(found.bytes).text);
    else /* two PCRs do not fit one line: the wanted one is the caller's own */
        judge_note(report, name, false, "%s, not what was demanded", hex_of(found.bytes).text);
}

bool judge(struct bytes document, const struct judge_demands *demands, struct judge_report *report)
{
    *report = (struct judge_report){ .believed = true };
    struct fault why = { 0 };
    bool ok = attestation_doc_read(document, &report->doc, &why);
    const struct attestation_doc *doc = &report->doc;
    if (ok && doc->tagged && !demands->allow_tag)
        ok = fault_set(&why, FAULT_REMOTE, "tagged 18 (want the untagged form that the hardware gives)");
    if (!note_fault(report, "form", ok, "COSE_Sign1, ES384", &why))
        return false;

    const struct hash32 root = sha256(doc->cabundle[0]);
    ok = root_is_trusted(demands, &root);
    if (!judge_note(report, "root", ok, "%s%s", hex_of(BYTES_OF(root.bytes)).text, ok ? "" : " is not a trusted root"))
        return false;

    judge_chain(report, demands->at_its_own_time ? doc->timestamp_ms : demands->utc_ms);
    report->genuine = report->believed;

    judge_freshness(report, demands);
    if (attestation_doc_is_debug(doc))
        judge_note(report, "debug", demands->allow_debug, "PCR0 is zero: a debug enclave%s",
                   demands->allow_debug ? " (allowed)" : ", whose memory its parent can read");
    else
        judge_note(report, "debug", true, "no debug enclave");
    judge_equal(report, "nonce", demands->nonce, doc->nonce);
    judge_equal(report, "user_data", demands->user_data, doc->user_data);
    judge_equal(report, "public_key", demands->public_key, doc->public_key);
    for (size_t i = 0; i < NSM_PCR_COUNT; i++) {
        char name[16];
        snprintf(name, sizeof name, "pcr%zu", i);
        const struct optional_bytes found = { .present = doc->pcrs[i].len > 0, .bytes = doc->pcrs[i] };
        judge_equal(report, name, demands->pcrs[i], found);
    }
    return report->believed;
}

const struct judge_check *judge_first_failure(const struct judge_report *report)
{
    for (size_t i = 0; i < report->count; i++) {
        if (!report->checks[i].ok)
            return &report->checks[i];
    }
    return NULL;
}
