#include "core/kms/unseal_ask.h"

#include "core/codec/http1.h"
#include "core/nitro/attestation_doc.h"

enum { NONCE_LEN = 32 };

struct attested {
    struct bytes document;
    uint64_t utc_ms, monotonic_ms;
};

static bool no_room(struct fault *why)
{
    return fault_set(why, FAULT_LIMIT, "the request to KMS does not fit the room for one request");
}

/* Asks for a document around the recipient's public half, and reads its time. Its nonce is there only so that no two
 * documents are alike; who relies on a document for people has it made with a nonce of theirs, by RPC. */
static bool attest(const struct unseal_ask *ask, const struct rsa_key *recipient, struct arena *arena,
                   struct attested *attested, struct fault *why)
{
    uint8_t nonce[NONCE_LEN];
    ask->outside->random(ask->outside->context, nonce, sizeof nonce);
    const struct nsm_request request = {
        .operation = NSM_ATTESTATION,
        .nonce = { true, BYTES_OF(nonce) },
        .public_key = { true, rsa_key_spki(recipient) },
    };
    uint8_t *room = arena_take(arena, NSM_RESPONSE_MAX);
    if (room == NULL)
        return no_room(why);
    uint8_t buffer[NSM_REQUEST_MAX];
    struct writer out = writer_of(buffer, sizeof buffer), in = writer_of(room, NSM_RESPONSE_MAX);
    struct bytes cbor;
    nsm_put_request(&out, &request);
    must(writer_done(&out, &cbor));
    if (!ask->outside->nsm(ask->outside->context, cbor, &in, why))
        return false;
    attested->monotonic_ms = ask->outside->monotonic_ms(ask->outside->context);

    struct bytes response_bytes;
    struct nsm_response response;
    struct attestation_doc doc;
    if (!writer_done(&in, &response_bytes))
        return fault_set(why, FAULT_REMOTE, "NSM Attestation: the response is too long");
    if (!nsm_read_response(response_bytes, NSM_ATTESTATION, &response, why) ||
        !attestation_doc_read(response.data, &doc, why))
        return false;
    if (!doc.public_key.present || !bytes_equal(doc.public_key.bytes, rsa_key_spki(recipient)))
        return fault_set(why, FAULT_REMOTE, "NSM Attestation: the document is around another public key");
    attested->document = response.data;
    attested->utc_ms = doc.timestamp_ms;
    return true;
}

/* One exchange; the body of KMS's answer when it is a 200. */
static bool exchange(const struct unseal_ask *ask, const struct attested *attested, struct arena *arena,
                     struct bytes *answer, struct fault *why)
{
    struct bytes body, request;
    char host[KMS_HOST_MAX];
    kms_host(ask->order->region, host);
    if (!unseal_put_body(ask, attested->document, arena, &body))
        return no_room(why);
    struct writer out = arena_writer(arena);
    if (!unseal_put_request(ask, host, attested->utc_ms, body, &out)) {
        wipe(out.data, out.len);
        return no_room(why);
    }
    must(arena_keep(arena, &out, &request));

    const size_t room_len = HTTP_HEAD_MAX + KMS_RESPONSE_MAX;
    uint8_t *room = arena_take(arena, room_len);
    const struct kms_call call = {
        .host = host,
        .proxy_port = ask->order->proxy_port,
        .utc_ms = attested->utc_ms,
        .deadline_ms = ask->order->deadline_ms,
    };
    struct writer in = writer_of(room, room == NULL ? 0 : room_len);
    const bool exchanged = room != NULL && ask->outside->https(ask->outside->context, &call, request, &in, why);
    wipe(out.data, out.len);
    if (room == NULL)
        return no_room(why);
    if (!exchanged)
        return false;

    struct http_head head;
    size_t used = 0;
    if (in.failed || http_read_response(room, in.len, KMS_RESPONSE_MAX, &head, answer, &used) != HTTP_WHOLE ||
        used != in.len)
        return fault_set(why, FAULT_REMOTE, "KMS's answer is not one whole HTTP response");
    if (head.status == 200)
        return true;
    const struct kms_error error = kms_error_read(head.status, *answer);
    return fault_set(why, FAULT_REMOTE, "%s: %s", error.name, error.hint);
}

static bool ask_kms(const struct unseal_ask *ask, struct rsa_key *recipient, struct arena *arena,
                    struct secret_text *plaintext, struct unseal_answer *answer, struct fault *why)
{
    if (!unseal_order_ok(ask, why)) {
        rsa_key_wipe(recipient);
        return false;
    }
    struct attested attested = { .utc_ms = 0 };
    struct bytes body;
    const bool done = attest(ask, recipient, arena, &attested, why) && exchange(ask, &attested, arena, &body, why) &&
                      unseal_read_answer(ask, body, recipient, arena, plaintext, answer, why);
    rsa_key_wipe(recipient);
    if (!done)
        return fault_prefix(why, ask->prefix);
    answer->utc_ms = attested.utc_ms;
    answer->monotonic_ms = attested.monotonic_ms;
    return true;
}

bool unseal_decrypt(const struct outside *outside, const struct unseal_order *order, struct bytes ciphertext,
                    struct rsa_key *recipient, struct arena *arena, struct secret_text *plaintext,
                    struct unseal_answer *answer, struct fault *why)
{
    const struct unseal_ask ask = {
        .kind = UNSEAL_DECRYPT,
        .outside = outside,
        .order = order,
        .prefix = "kmstool decrypt failed (exit 255): ",
        .target = BYTES_LIT("TrentService.Decrypt"),
        .ciphertext = ciphertext,
    };
    return ask_kms(&ask, recipient, arena, plaintext, answer, why);
}

bool unseal_generate(const struct outside *outside, const struct unseal_order *order, struct rsa_key *recipient,
                     struct arena *arena, struct secret_text *plaintext, struct unseal_answer *answer,
                     struct fault *why)
{
    const struct unseal_ask ask = {
        .kind = UNSEAL_DATA_KEY,
        .outside = outside,
        .order = order,
        .prefix = "kmstool genkey failed (exit 255): ",
        .target = BYTES_LIT("TrentService.GenerateDataKey"),
    };
    return ask_kms(&ask, recipient, arena, plaintext, answer, why);
}

bool unseal_random(const struct outside *outside, const struct unseal_order *order, struct rsa_key *recipient,
                   struct arena *arena, struct secret_text *plaintext, struct unseal_answer *answer, struct fault *why)
{
    const struct unseal_ask ask = {
        .kind = UNSEAL_RANDOM,
        .outside = outside,
        .order = order,
        .prefix = "kmstool genrandom failed (exit 255): ",
        .target = BYTES_LIT("TrentService.GenerateRandom"),
    };
    return ask_kms(&ask, recipient, arena, plaintext, answer, why);
}
