#include "parent/eth_amount.h"

#include "check.h"

#include <string.h>

static void amounts_are_exact(void)
{
    /* Right sides by Python's decimal: Decimal(x) * 10**18. */
    static const struct {
        const char *eth, *wei;
    } rows[] = {
        { "0", "0" },
        { "1", "1000000000000000000" },
        { "0.05", "50000000000000000" },
        { "20", "20000000000000000000" }, /* over 64 bits */
        { "0.000000000000000001", "1" },
        { "0.1", "100000000000000000" }, /* not 100000000000000005551, which a double would give */
        { "1.100000000000000001", "1100000000000000001" },
        { "00012.50", "12500000000000000000" },
        { "115792089237316195423570985008687907853269984665640564039457.584007913129639935",
          "115792089237316195423570985008687907853269984665640564039457584007913129639935" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct u256 wei;
        struct fault why;
        CHECK_ROW(rows[i].eth, eth_amount_read(rows[i].eth, &wei, &why));
        CHECK_ROW(rows[i].eth, strcmp(u256_text(&wei).text, rows[i].wei) == 0);
    }
}

static void what_is_no_amount_is_refused(void)
{
    static const char *const rows[] = {
        "",
        ".",
        "1.",
        ".5",
        "-1",
        "+1",
        "1e18",
        "0x10",
        "1,5",
        "1 ",
        " 1",
        "1.5.0",
        "1_000",
        "one",
        "NaN",
        "1ETH",
        "0.0000000000000000001", /* 19 digits after the point */
        "1.0000000000000000000", /* and so when they are zeros */
        "115792089237316195423570985008687907853269984665640564039457.584007913129639936", /* 2^256 wei */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct u256 wei = u256_of(7);
        const struct u256 before = wei;
        struct fault why = { .code = FAULT_NONE };
        CHECK_ROW(rows[i], !eth_amount_read(rows[i], &wei, &why));
        CHECK_ROW(rows[i], why.code == FAULT_INPUT);
        CHECK_ROW(rows[i], u256_compare(&wei, &before) == 0);
    }
    char endless[4096];
    struct u256 wei;
    struct fault why;
    memset(endless, '9', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    CHECK(!eth_amount_read(endless, &wei, &why));
}

static void unlimited_is_a_word_of_its_own(void)
{
    struct limit limit;
    struct fault why;
    CHECK(eth_amount_read_limit("unlimited", &limit, &why) && limit.unlimited);
    CHECK(eth_amount_read_limit("0.2", &limit, &why) && !limit.unlimited);
    CHECK(!eth_amount_read_limit("Unlimited", &limit, &why));
    CHECK(!eth_amount_read_limit("", &limit, &why));
}

static void amounts_are_written_as_they_were_read(void)
{
    static const char *const rows[] = {
        "0 ETH",
        "1 ETH",
        "0.05 ETH",
        "10 ETH",
        "0.000000000000000001 ETH",
        "1.100000000000000001 ETH",
        "1200.5 ETH",
        "115792089237316195423570985008687907853269984665640564039457.584007913129639935 ETH",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char eth[128];
        struct u256 wei;
        struct fault why;
        (void)snprintf(eth, sizeof eth, "%.*s", (int)(strlen(rows[i]) - 4), rows[i]);
        CHECK_ROW(rows[i], eth_amount_read(eth, &wei, &why));
        CHECK_ROW(rows[i], strcmp(eth_amount_text(&wei).text, rows[i]) == 0);
    }
}

int main(void)
{
    amounts_are_exact();
    what_is_no_amount_is_refused();
    unlimited_is_a_word_of_its_own();
    amounts_are_written_as_they_were_read();
    return failures != 0;
}
