#include "parent/gateway_nonces.h"

#include "check.h"

static struct gateway_nonces nonces;

static struct hash32 request_of(uint8_t number)
{
    return (struct hash32){ { number } };
}

static struct gateway_sent *keep(uint64_t nonce, uint8_t number, uint64_t now_ms)
{
    const struct hash32 request = request_of(number);
    struct gateway_sent before;
    struct gateway_sent *const sent =
        nonces_keep(&nonces, nonce, (struct bytes){ &number, 1 }, &request, now_ms, &before);
    nonces_replaced(&before);
    return sent;
}

static bool is_there(const void *call)
{
    return *(const bool *)call;
}

static const struct gateway_sent *unanswered(const struct hash32 *request, uint64_t now_ms)
{
    return nonces_unanswered(&nonces, request, now_ms, is_there);
}

static void empty(void)
{
    while (nonces.count > 0)
        nonces_forget(&nonces, &nonces.sent[0]);
}

static void an_unanswered_request_is_found_until_its_time(void)
{
    const struct hash32 request = request_of(9), other = request_of(8);
    struct gateway_sent *const sent = keep(3, 9, 1000);
    CHECK(sent->hash.bytes[0] == keccak256((struct bytes){ (const uint8_t[]){ 9 }, 1 }).bytes[0]);
    CHECK(unanswered(&request, 1000) == sent);
    CHECK(unanswered(&request, 1000 + GATEWAY_UNANSWERED_MS) == NULL);
    CHECK(unanswered(&other, 1000) == NULL);
    sent->unanswered_until_ms = 0;
    CHECK(unanswered(&request, 1000) == NULL);
    CHECK(nonces_of(&nonces, 3) == sent && nonces_of(&nonces, 4) == NULL);
    empty();
}

static void a_request_is_unanswered_when_its_caller_has_gone(void)
{
    bool there = true;
    const struct hash32 request = request_of(9);
    struct gateway_sent *const sent = keep(3, 9, 1000);
    sent->call = &there;
    CHECK(unanswered(&request, 1000) == NULL);
    there = false;
    CHECK(unanswered(&request, 1000) == sent);
    nonces_answered(&nonces, &there, false);
    CHECK(sent->call == NULL && unanswered(&request, 1000) == sent);
    sent->call = &there;
    nonces_answered(&nonces, &nonces, true);
    CHECK(sent->call == &there);
    nonces_answered(&nonces, &there, true);
    CHECK(sent->call == NULL && unanswered(&request, 1000) == NULL);
    empty();
}

static void a_replacement_that_is_refused_leaves_what_was(void)
{
    struct gateway_sent before;
    const struct hash32 request = request_of(2);
    struct gateway_sent *sent = keep(3, 1, 1000);
    const struct hash32 hash = sent->hash;
    sent = nonces_keep(&nonces, 3, (struct bytes){ (const uint8_t *)"xy", 2 }, &request, 2000, &before);
    CHECK(nonces.count == 1 && sent->raw.len == 2 && before.raw.len == 1 && !hash32_equal(&sent->hash, &hash));
    nonces_restore(&nonces, sent, &before);
    sent = nonces_of(&nonces, 3);
    CHECK(nonces.count == 1 && sent != NULL && sent->raw.len == 1 && hash32_equal(&sent->hash, &hash));
    sent = nonces_keep(&nonces, 4, (struct bytes){ (const uint8_t *)"z", 1 }, &request, 2000, &before);
    nonces_restore(&nonces, sent, &before);
    CHECK(nonces.count == 1 && nonces_of(&nonces, 4) == NULL);
    empty();
}

static void a_nonce_is_kept_once(void)
{
    (void)keep(3, 1, 0);
    struct gateway_sent *const sent = keep(3, 2, 0);
    CHECK(nonces.count == 1 && nonces_of(&nonces, 3) == sent && sent->raw.data[0] == 2);
    empty();
}

static void room_is_made_of_the_oldest_that_is_mined(void)
{
    for (uint64_t n = 0; n < GATEWAY_SENT_MAX; n++) {
        CHECK(nonces_make_room(&nonces, 0));
        (void)keep(GATEWAY_SENT_MAX - n, 1, 0);
    }
    CHECK(!nonces_make_room(&nonces, 0) && !nonces_make_room(&nonces, 1));
    CHECK(nonces_make_room(&nonces, 2) && nonces.count == GATEWAY_SENT_MAX - 1 && nonces_of(&nonces, 1) == NULL);
    CHECK(nonces_of(&nonces, 2) != NULL && nonces_make_room(&nonces, 0));
    empty();
}

int main(void)
{
    nonces_start(&nonces);
    an_unanswered_request_is_found_until_its_time();
    a_request_is_unanswered_when_its_caller_has_gone();
    a_replacement_that_is_refused_leaves_what_was();
    a_nonce_is_kept_once();
    room_is_made_of_the_oldest_that_is_mined();
    return failures != 0;
}
