#include "core/base/text.h"
#include "dev/kms_sim.h"

#include <stdlib.h>

enum { ATTESTATION_BASE64_MAX = 262144 };

/* What a genuine document vouches for becomes what policies are judged by. */
static bool take_document(struct kms_exchange *exchange, struct bytes document, struct kms_recipient *recipient)
{
    struct judge_report *report = malloc(sizeof *report);
    struct judge_demands demands = exchange->sim->demands;
    struct fault why = { 0 };
    must(report != NULL);
    demands.utc_ms = exchange->utc_ms;
    bool ok = judge(document, &demands, report);
    if (!ok) {
        const struct judge_check *failure = judge_first_failure(report);
        /* unverified: what the service answers to a document that it does not believe; the text is ours */
        kms_refuse(exchange, "ValidationException", "The attestation document is not valid: %s: %s", failure->name,
                   failure->found);
    } else if (!report->doc.public_key.present) {
        ok = kms_refuse(exchange, "ValidationException", /* unverified */
                        "The attestation document has no public key.");
    } else if (!kms_cms_recipient_ok(report->doc.public_key.bytes, &why)) {
        ok = kms_refuse(exchange, "ValidationException", "The attestation document's %s", why.text); /* unverified */
    }
    if (ok) {
        recipient->present = true;
        recipient->spki = report->doc.public_key.bytes;
        for (size_t i = 0; i < NSM_PCR_COUNT; i++) {
            struct writer hex = arena_writer(exchange->arena);
            text_put_hex(&hex, report->doc.pcrs[i]);
            must(arena_keep(exchange->arena, &hex, &recipient->pcrs_hex[i]));
        }
    }
    free(report);
    return ok;
}

bool kms_recipient_member(struct kms_exchange *exchange, struct kms_recipient *recipient)
{
    const struct json object = json_member(exchange->request, BYTES_LIT("Recipient"));
    *recipient = (struct kms_recipient){ 0 };
    if (json_kind(object) == JSON_NONE || json_kind(object) == JSON_NULL)
        return true;
    if (json_kind(object) != JSON_OBJECT)
        return kms_wrong_type(exchange, "Recipient", "an object");
    struct bytes base64;
    const struct json document = json_member(object, BYTES_LIT("AttestationDocument"));
    if (!json_string_is(json_member(object, BYTES_LIT("KeyEncryptionAlgorithm")), BYTES_LIT("RSAES_OAEP_SHA_256")))
        return kms_constraint(exchange, "recipient.keyEncryptionAlgorithm", "",
                              "satisfy enum value set: [RSAES_OAEP_SHA_256]");
    struct writer out = arena_writer(exchange->arena);
    if (!json_string(document, &out) || !arena_keep(exchange->arena, &out, &base64) || base64.len == 0 ||
        base64.len > ATTESTATION_BASE64_MAX / 3 * 4)
        return kms_wrong_type(exchange, "AttestationDocument", "base64 of 1 to 262144 bytes");
    uint8_t *decoded = arena_take(exchange->arena, base64.len);
    size_t len = 0;
    must(decoded != NULL);
    if (!text_read_base64(base64, decoded, base64.len, &len))
        return kms_wrong_type(exchange, "AttestationDocument", "base64");
    return take_document(exchange, (struct bytes){ decoded, len }, recipient);
}
