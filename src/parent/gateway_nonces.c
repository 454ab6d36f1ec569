#include "parent/gateway_nonces.h"

#include "core/base/fault.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

void nonces_start(struct gateway_nonces *nonces)
{
    must(pthread_mutex_init(&nonces->lock, NULL) == 0 && pthread_cond_init(&nonces->given, NULL) == 0);
}

static void lock(struct gateway_nonces *nonces)
{
    must(pthread_mutex_lock(&nonces->lock) == 0);
}

static void unlock(struct gateway_nonces *nonces)
{
    must(pthread_mutex_unlock(&nonces->lock) == 0);
}

bool nonces_take_turn(struct gateway_nonces *nonces, unsigned seconds)
{
    struct timespec until;
    int waited = 0;
    must(clock_gettime(CLOCK_MONOTONIC, &until) == 0);
    until.tv_sec += seconds;
    lock(nonces);
    while (nonces->taken && waited == 0)
        waited = pthread_cond_clockwait(&nonces->given, &nonces->lock, CLOCK_MONOTONIC, &until);
    const bool mine = !nonces->taken;
    nonces->taken = true;
    unlock(nonces);
    return mine;
}

void nonces_give_turn(struct gateway_nonces *nonces)
{
    lock(nonces);
    must(nonces->taken);
    nonces->taken = false;
    (void)pthread_cond_signal(&nonces->given);
    unlock(nonces);
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
    struct gateway_sent *found = NULL;
    lock(nonces); /* a call that is named here has not ended: it comes by nonces_answered first */
    for (size_t i = 0; i < nonces->count && found == NULL; i++) {
        struct gateway_sent *const sent = &nonces->sent[i];
        if (sent->unanswered_until_ms > now_ms && hash32_equal(&sent->request, request) &&
            (sent->call == NULL || !is_there(sent->call)))
            found = sent;
    }
    unlock(nonces);
    return found;
}

uint64_t nonces_unanswered_until(struct gateway_nonces *nonces, const struct gateway_sent *sent)
{
    lock(nonces);
    const uint64_t until_ms = sent->call == NULL ? sent->unanswered_until_ms : 0;
    unlock(nonces);
    return until_ms;
}

void nonces_give_to(struct gateway_nonces *nonces, struct gateway_sent *sent, const void *call)
{
    lock(nonces);
    sent->call = call;
    unlock(nonces);
}

void nonces_answered(struct gateway_nonces *nonces, const void *call, bool is_there)
{
    lock(nonces);
    for (size_t i = 0; i < nonces->count; i++)
        if (nonces->sent[i].call == call) {
            nonces->sent[i].call = NULL;
            if (is_there)
                nonces->sent[i].unanswered_until_ms = 0;
        }
    unlock(nonces);
}

static void free_raw(struct gateway_sent *sent)
{
    free((void *)(uintptr_t)sent->raw.data);
    sent->raw = (struct bytes){ NULL, 0 };
}

void nonces_forget(struct gateway_nonces *nonces, struct gateway_sent *sent)
{
    lock(nonces);
    free_raw(sent);
    *sent = nonces->sent[--nonces->count];
    unlock(nonces);
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
    lock(nonces);
    free_raw(sent);
    *sent = *before;
    unlock(nonces);
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
    lock(nonces);
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
    unlock(nonces);
    return sent;
}
