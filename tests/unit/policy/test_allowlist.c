/* The allow-list: order, uniqueness, and what a look-up costs. */
#include "policy_text.h"

#include "core/policy/allowlist.h"

#include <time.h>

enum { MANY = 10000, FEW = 10, LOOK_UPS = 100000 };

static struct address list[POLICY_RECIPIENTS_MAX];
static struct policy policy;

static struct address address_of(uint32_t n)
{
    struct address address;
    const struct hash32 hash = keccak256((struct bytes){ (const uint8_t *)&n, sizeof n });
    memcpy(address.bytes, hash.bytes, sizeof address.bytes);
    return address;
}

static bool is_sorted_and_unique(size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (memcmp(list[i - 1].bytes, list[i].bytes, sizeof list->bytes) >= 0)
            return false;
    return true;
}

static void lists_of_every_size_are_sorted_and_unique(void)
{
    for (uint32_t count = 0; count < 300; count++) {
        /* every third is there twice */
        size_t given = 0;
        for (uint32_t n = 0; n < count; n++) {
            list[given++] = address_of(n);
            if (n % 3 == 0)
                list[given++] = address_of(n);
        }
        CHECK(allowlist_sort(list, given) == count && is_sorted_and_unique(count));
        for (uint32_t n = 0; n < count; n++) {
            const struct address in = address_of(n), out = address_of(n + 1000000);
            CHECK(allowlist_has(list, count, &in) && !allowlist_has(list, count, &out));
        }
    }
}

static void sorted_reversed_and_equal_lists_are_sorted(void)
{
    for (uint32_t n = 0; n < 1000; n++)
        list[n] = (struct address){ { (uint8_t)(n >> 8), (uint8_t)n } };
    CHECK(allowlist_sort(list, 1000) == 1000 && is_sorted_and_unique(1000));
    for (uint32_t n = 0; n < 1000; n++)
        list[n] = (struct address){ { (uint8_t)((999 - n) >> 8), (uint8_t)(999 - n) } };
    CHECK(allowlist_sort(list, 1000) == 1000 && is_sorted_and_unique(1000));
    for (uint32_t n = 0; n < 1000; n++)
        list[n] = address_of(7);
    CHECK(allowlist_sort(list, 1000) == 1);
}

/* Only the last byte, or only the first, tells a recipient from a listed one. */
static void neighbours_are_not_listed(void)
{
    list[0] = address_of(7);
    for (size_t i = 0; i < sizeof list->bytes; i++) {
        struct address near = list[0];
        near.bytes[i] ^= 1;
        CHECK(!allowlist_has(list, 1, &near));
    }
    CHECK(!allowlist_has(list, 0, &list[0]));
}

/* Seconds of this process's time for judging tickets under a list of that many. */
static double seconds_for(size_t count)
{
    const struct address signer = address_of(1000000);
    static uint8_t arena_bytes[256];
    for (uint32_t n = 0; n < count; n++)
        policy.recipients[n] = address_of(n);
    policy.recipient_count = allowlist_sort(policy.recipients, count);
    struct ticket ticket = { .sender = signer };
    const clock_t begun = clock();
    for (uint32_t n = 0; n < LOOK_UPS; n++) {
        struct arena arena = arena_of(arena_bytes, sizeof arena_bytes);
        struct charge charge;
        struct fault why;
        ticket.recipient = policy.recipients[n % count];
        if (!policy_judge_ticket(&policy, &signer, &ticket, &arena, &charge, &why))
            CHECK(false);
    }
    return (double)(clock() - begun) / CLOCKS_PER_SEC;
}

static void ten_thousand_recipients_cost_a_ticket_no_more_than_ten(void)
{
    policy_plain(&policy);
    (void)seconds_for(FEW);
    /* a judgement hashes the ticket anyway, so the few steps more of a bisection hardly show; thrice leaves room for a
     * busy machine, where a list that is walked would take a hundred times as long */
    double ratio = 1000;
    for (int attempt = 0; attempt < 3 && ratio >= 3; attempt++)
        ratio = seconds_for(MANY) / seconds_for(FEW);
    CHECK(ratio < 3);
}

int main(void)
{
    lists_of_every_size_are_sorted_and_unique();
    sorted_reversed_and_equal_lists_are_sorted();
    neighbours_are_not_listed();
    ten_thousand_recipients_cost_a_ticket_no_more_than_ten();
    return failures != 0;
}
