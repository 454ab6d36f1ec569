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

struct gateway_sent *nonces_unanswered(struct gateway_nonces *nonces, const struct hash32 *request, uint64_t now_ms)
{
    for (size_t i = 0; i < nonces->count; i++)
        if (nonces->sent[i].unanswered_until_ms > now_ms && hash32_equal(&nonces->sent[i].request, request))
            return &nonces->sent[i];
    return NULL;
}

void nonces_forget(struct gateway_nonces *nonces, struct gateway_sent *sent)
{
    free((void *)(uintptr_t)sent->raw.data);
    *sent = nonces->sent[--nonces->count];
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
                                 const struct hash32 *request, uint64_t now_ms)
{
    struct gateway_sent *sent = nonces_of(nonces, nonce);
    uint8_t *const copy = malloc(raw.len);
    must(copy != NULL && raw.len > 0);
    memcpy(copy, raw.data, raw.len);
    if (sent != NULL)
        nonces_forget(nonces, sent);
    must(nonces->count < GATEWAY_SENT_MAX);
    sent = &nonces->sent[nonces->count++];
    *sent = (struct gateway_sent){ .nonce = nonce,
                                   .raw = { copy, raw.len },
                                   .hash = keccak256(raw),
                                   .request = *request,
                                   .unanswered_until_ms = now_ms + GATEWAY_UNANSWERED_MS };
    return sent;
}
