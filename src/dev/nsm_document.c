#include "dev/nsm_document.h"

#include "core/codec/cbor.h"
#include "verify/x509_chain.h"

#include <openssl/ecdsa.h>

static void put_optional(struct writer *out, struct bytes key, struct optional_bytes value)
{
    cbor_put_text(out, key);
    if (value.present)
        cbor_put_bytes(out, value.bytes);
    else
        cbor_put_null(out);
}

static void put_payload(struct writer *out, const struct nsm_document *document)
{
    size_t locked = 0;
    for (size_t i = 0; i < NSM_PCR_COUNT; i++)
        locked += document->locked[i];

    cbor_put_indefinite_map(out);
    cbor_put_text(out, BYTES_LIT("module_id"));
    cbor_put_text(out, document->module_id);
    cbor_put_text(out, BYTES_LIT("digest"));
    cbor_put_text(out, BYTES_LIT("SHA384"));
    cbor_put_text(out, BYTES_LIT("timestamp"));
    cbor_put_uint(out, document->timestamp_ms);
    cbor_put_text(out, BYTES_LIT("pcrs"));
    cbor_put_map(out, locked);
    for (size_t i = 0; i < NSM_PCR_COUNT; i++) {
        if (!document->locked[i])
            continue;
        cbor_put_uint(out, i);
        cbor_put_bytes(out, BYTES_OF(document->pcrs[i].bytes));
    }
    cbor_put_text(out, BYTES_LIT("certificate"));
    cbor_put_bytes(out, document->certificate);
    cbor_put_text(out, BYTES_LIT("cabundle"));
    cbor_put_array(out, document->cabundle_count);
    for (size_t i = 0; i < document->cabundle_count; i++)
        cbor_put_bytes(out, document->cabundle[i]);
    put_optional(out, BYTES_LIT("public_key"), document->public_key);
    put_optional(out, BYTES_LIT("user_data"), document->user_data);
    put_optional(out, BYTES_LIT("nonce"), document->nonce);
    cbor_put_break(out);
}

/* r and s of 48 bytes each, from libcrypto's DER. */
static bool sign_es384(EVP_PKEY *key, struct bytes message, uint8_t signature[static ES384_SIGNATURE])
{
    uint8_t der[128];
    size_t der_len = sizeof der;
    ECDSA_SIG *both = NULL;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool ok = context != NULL && EVP_DigestSignInit(context, NULL, EVP_sha384(), NULL, key) == 1 &&
              EVP_DigestSign(context, der, &der_len, message.data, message.len) == 1;
    if (ok) {
        const uint8_t *end = der;
        both = d2i_ECDSA_SIG(NULL, &end, (long)der_len);
        const int half = ES384_SIGNATURE / 2;
        ok = both != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(both), signature, half) == half &&
             BN_bn2binpad(ECDSA_SIG_get0_s(both), signature + half, half) == half;
    }
    ECDSA_SIG_free(both);
    EVP_MD_CTX_free(context);
    return ok;
}

bool nsm_document_put(struct writer *out, const struct nsm_document *document, EVP_PKEY *key, struct fault *why)
{
    static const uint8_t alg_es384[] = { 0xa1, 0x01, 0x38, 0x22 }; /* {1: -35} */
    uint8_t payload_buffer[NSM_DOCUMENT_CAP], signed_buffer[ATTESTATION_SIGNED_MAX];
    uint8_t signature[ES384_SIGNATURE];
    struct attestation_doc signing = { .protected = BYTES_OF(alg_es384) };
    struct writer payload = writer_of(payload_buffer, sizeof payload_buffer);
    struct writer to_sign = writer_of(signed_buffer, sizeof signed_buffer);
    struct bytes message;
    put_payload(&payload, document);
    if (!writer_done(&payload, &signing.payload))
        return fault_set(why, FAULT_LIMIT, "a document longer than %d bytes", NSM_DOCUMENT_CAP);
    attestation_doc_put_signed(&to_sign, &signing);
    if (!writer_done(&to_sign, &message) || !sign_es384(key, message, signature))
        return fault_set(why, FAULT_INTERNAL, "cannot sign a document");
    cbor_put_array(out, 4);
    cbor_put_bytes(out, signing.protected);
    cbor_put_map(out, 0);
    cbor_put_bytes(out, signing.payload);
    cbor_put_bytes(out, BYTES_OF(signature));
    return !out->failed || fault_set(why, FAULT_LIMIT, "a document longer than %d bytes", NSM_DOCUMENT_CAP);
}
