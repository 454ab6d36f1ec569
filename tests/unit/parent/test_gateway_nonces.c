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
    return nonces_keep(&nonces, nonce, (struct bytes){ &number, 1 }, &request, now_ms);
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
    CHECK(nonces_unanswered(&nonces, &request, 1000) == sent);
    CHECK(nonces_unanswered(&nonces, &request, 1000 + GATEWAY_UNANSWERED_MS) == NULL);
    CHECK(nonces_unanswered(&nonces, &other, 1000) == NULL);
    sent->unanswered_until_ms = 0;
    CHECK(nonces_unanswered(&nonces, &request, 1000) == NULL);
    CHECK(nonces_of(&nonces, 3) == sent && nonces_of(&nonces, 4) == NULL);
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
    a_nonce_is_kept_once();
    room_is_made_of_the_oldest_that_is_mined();
    return failures != 0;
}
