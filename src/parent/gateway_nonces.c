#include "parent/gateway_nonces.h"

#include "core/base/fault.h"

#include <stdlib.h>
#include <string.h>

void nonces_start(struct gateway_nonces *nonces)
{
    must(pthread_mutex_init(&nonces->lock, NULL) == 0);
}

struct gateway_sent *nonces_of(struct gateway_nonces *nonces, uint64_t nonce)
{
    for (size_t i = 0; i < nonces->count; i++)
        if (nonces->sent[i].nonce == nonce)
            return &nonces->sent[i];
    return NULL;
}

struct gateway_sent *nonces_unanswered(struct gateway_nonces *nonces, const struct hash32 *request, uint64_t now_ms,
                                       bool (*is_there)(const void *call))
{
    for (size_t i = 0; i < nonces->count; i++) {
        struct gateway_sent *const sent = &nonces->sent[i];
        if (sent->unanswered_until_ms > now_ms && hash32_equal(&sent->request, request) &&
            (sent->call == NULL || !is_there(sent->call)))
            return sent;
    }
    return NULL;
}

void nonces_answered(struct gateway_nonces *nonces, const void *call, bool is_there)
{
    for (size_t i = 0; i < nonces->count; i++)
        if (nonces->sent[i].call == call) {
            nonces->sent[i].call = NULL;
            if (is_there)
                nonces->sent[i].unanswered_until_ms = 0;
        }
}

static void free_raw(struct gateway_sent *sent)
{
    free((void *)(uintptr_t)sent->raw.data);
    sent->raw = (struct bytes){ NULL, 0 };
}

void nonces_forget(struct gateway_nonces *nonces, struct gateway_sent *sent)
{
    free_raw(sent);
    *sent = nonces->sent[--nonces->count];
}

void nonces_replaced(struct gateway_sent *before)
{
    free_raw(before);
}

void nonces_restore(struct gateway_nonces *nonces, struct gateway_sent *sent, const struct gateway_sent *before)
{
    if (before->raw.data == NULL) {
        nonces_forget(nonces, sent);
        return;
    }
    free_raw(sent);
    *sent = *before;
}

bool nonces_make_room(struct gateway_nonces *nonces, uint64_t mined)
{
    struct gateway_sent *oldest = NULL;
    if (nonces->count < GATEWAY_SENT_MAX)
        return true;
    for (size_t i = 0; i < nonces->count; i++)
        if (oldest == NULL || nonces->sent[i].nonce < oldest->nonce)
            oldest = &nonces->sent[i];
    if (oldest->nonce >= mined)
        return false;
    nonces_forget(nonces, oldest);
    return true;
}

struct gateway_sent *nonces_keep(struct gateway_nonces *nonces, uint64_t nonce, struct bytes raw,
                                 const struct hash32 *request, uint64_t now_ms, struct gateway_sent *before)
{
    struct gateway_sent *sent = nonces_of(nonces, nonce);
    uint8_t *const copy = malloc(raw.len);
    must(copy != NULL && raw.len > 0);
    memcpy(copy, raw.data, raw.len);
    *before = sent != NULL ? *sent : (struct gateway_sent){ .nonce = nonce };
    if (sent == NULL) {
        must(nonces->count < GATEWAY_SENT_MAX);
        sent = &nonces->sent[nonces->count++];
    }
    *sent = (struct gateway_sent){ .nonce = nonce,
                                   .raw = { copy, raw.len },
                                   .hash = keccak256(raw),
                                   .request = *request,
                                   .unanswered_until_ms = now_ms + GATEWAY_UNANSWERED_MS };
    return sent;
}
