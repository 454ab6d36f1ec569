/* When the provisioner looks again, from what it knows and what the signer says of its lease. */
#include "check.h"
#include "parent/provisioner_round.h"

static uint64_t renews_in_ms(uint64_t lease_s, uint64_t left_s)
{
    return provisioner_renews_in_ms(&(struct provisioner){ .lease_s = lease_s, .left_s = left_s, .lease_ends = 1 });
}

static void a_lease_is_renewed_when_half_of_it_is_gone(void)
{
    CHECK(renews_in_ms(60, 60) == 31000 && renews_in_ms(60, 31) == 2000 && renews_in_ms(60, 30) == 1000);
    CHECK(renews_in_ms(60, 29) == 0 && renews_in_ms(60, 0) == 0);
    CHECK(renews_in_ms(1, 1) == 2000 && renews_in_ms(1, 0) == 1000);
    CHECK(renews_in_ms(0, 60) == 0); /* of a length that nobody has told */
    CHECK(provisioner_renews_in_ms(&(struct provisioner){ .lease_ends = 0 }) == UINT64_MAX);
}

/* Seconds of which the milliseconds would be none, or few: it is not asked without pause for them. */
static void a_lease_said_to_be_endless_is_no_reason_to_hurry(void)
{
    CHECK(renews_in_ms(60, (UINT64_C(1) << 61) + 29) > 31000);
    CHECK(renews_in_ms(60, (UINT64_C(1) << 61) + 30) > 31000);
    CHECK(renews_in_ms(60, UINT64_MAX) > 31000);
    CHECK(renews_in_ms(UINT64_MAX, UINT64_MAX) > 31000);
}

int main(void)
{
    a_lease_is_renewed_when_half_of_it_is_gone();
    a_lease_said_to_be_endless_is_no_reason_to_hurry();
    return failures != 0;
}
