#include "core/base/text.h"
#include "core/signer/claims.h"
#include "core/signer/methods.h"
#include "core/signer/params.h"

enum { NONCE_MAX = 32, NONCE_TEXT_MAX = 512 /* bytes read at all, so that a longer one is told as such */ };

static bool read_nonce(struct call *call, uint8_t buffer[static NONCE_TEXT_MAX], struct optional_bytes *nonce)
{
    struct bytes text;
    if (!params_text(call, "nonce", &text))
        return fault_set(call->why, FAULT_INPUT, "nonce must be 0x-prefixed hex");
    if (text.len == 0)
        return true;
    if (!text_starts_with(text, BYTES_LIT("0x")))
        return fault_set(call->why, FAULT_INPUT, "nonce must be 0x-prefixed hex");
    const struct bytes hex = { text.data + 2, text.len - 2 };
    if (hex.len / 2 > NONCE_TEXT_MAX)
        return fault_set(call->why, FAULT_INPUT, "attestation nonce must be <= 32 bytes (got %zu)", hex.len / 2);
    if (!text_read_hex(hex, buffer))
        return fault_set(call->why, FAULT_INPUT, "nonce must be hex");
    *nonce = (struct optional_bytes){ .present = true, .bytes = { buffer, hex.len / 2 } };
    return true;
}

static struct bytes make_claims(struct signer *signer, uint8_t buffer[static NSM_USER_DATA_MAX])
{
    struct writer out = writer_of(buffer, NSM_USER_DATA_MAX);
    struct bytes claims;
    signer_read_lock(signer);
    signer_lock_ledger(signer);
    claims_put(&out, signer);
    signer_unlock_ledger(signer);
    signer_unlock(signer);
    must(writer_done(&out, &claims));
    return claims;
}

/* The document goes to people, so it never carries a public key: KMS would encrypt to whoever has the private one. */
bool method_attestation(struct call *call)
{
    uint8_t nonce[NONCE_TEXT_MAX], claims[NSM_USER_DATA_MAX];
    struct nsm_request request = { .operation = NSM_ATTESTATION };
    struct bytes document;
    if (!read_nonce(call, nonce, &request.nonce))
        return false;
    const size_t nonce_len = request.nonce.bytes.len;
    if (nonce_len > NONCE_MAX)
        request.nonce = (struct optional_bytes){ 0 };
    request.user_data = (struct optional_bytes){ .present = true, .bytes = make_claims(call->signer, claims) };

    uint8_t *buffer = arena_take(call->arena, NSM_RESPONSE_MAX);
    if (buffer == NULL)
        return fault_set(call->why, FAULT_LIMIT, "no room for the document");
    struct writer response = writer_of(buffer, NSM_RESPONSE_MAX);
    if (!signer_attest(call->signer, &request, &response, &document, call->why))
        return true; /* no NSM: an empty result, as clients know it */
    if (nonce_len > NONCE_MAX)
        return fault_set(call->why, FAULT_INPUT, "attestation nonce must be <= 32 bytes (got %zu)", nonce_len);
    json_key(call->result, "document_b64");
    json_put_base64(call->result, document);
    return true;
}
