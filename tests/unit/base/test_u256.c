/* Integers of 256 bits, against Python's. */
#include "check.h"

#include "core/base/u256.h"
#include "vectors.h"

/* The value that a column says, and whether it says one. */
static bool column_value(struct bytes column, struct u256 *value)
{
    return column.len > 0 && u256_read_decimal(column, value);
}

static void check_result(const char *row, bool done, const struct u256 *result, struct bytes column)
{
    struct u256 expected = { { 0 } };
    CHECK_ROW(row, done == column_value(column, &expected));
    CHECK_ROW(row, !done || u256_compare(result, &expected) == 0);
}

static void arithmetic_is_checked_and_exact(void)
{
    static struct vector_file vectors;
    vector_open(&vectors, "base/u256.txt");
    while (vector_next(&vectors, 7)) {
        const struct bytes *const column = vectors.column;
        const struct u256 mark = u256_of(0x5a5a);
        struct u256 a, b, result = mark;
        uint64_t small = 0;
        char row[24];
        (void)snprintf(row, sizeof row, "line %zu", vectors.lines);

        CHECK_ROW(row, column_value(column[0], &a) && column_value(column[1], &b));
        check_result(row, u256_add(&a, &b, &result), &result, column[2]);
        CHECK_ROW(row, column[2].len > 0 || u256_compare(&result, &mark) == 0);
        result = mark;
        check_result(row, u256_sub(&a, &b, &result), &result, column[3]);
        CHECK_ROW(row, column[3].len > 0 || u256_compare(&result, &mark) == 0);
        result = mark;
        check_result(row, u256_mul(&a, &b, &result), &result, column[4]);
        CHECK_ROW(row, column[4].len > 0 || u256_compare(&result, &mark) == 0);
        result = mark;
        for (size_t i = 24; i < 32; i++)
            small = small << 8 | b.bytes[i];
        check_result(row, u256_div_u64(&a, small, &result), &result, column[5]);

        const struct u256_text text = u256_text(&a);
        CHECK_ROW(row, bytes_equal(bytes_of_text(text.text), column[0]));
        CHECK_ROW(row, u256_read_hex(column[6], &result) && u256_compare(&result, &a) == 0);
        /* decimals of one length compare as their digits do, shorter ones are smaller */
        const int by_text = column[0].len != column[1].len
                                ? (column[0].len > column[1].len) - (column[0].len < column[1].len)
                                : bytes_compare(column[0], column[1]);
        const int order = u256_compare(&a, &b);
        CHECK_ROW(row, (order > 0) == (by_text > 0) && (order < 0) == (by_text < 0));
    }
}

static void digits_are_read_strictly(void)
{
#define MAX_DECIMAL "115792089237316195423570985008687907853269984665640564039457584007913129639935"
#define MAX_HEX     "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
    static const struct bytes decimal_refused[] = {
        BYTES_INIT(""),
        BYTES_INIT("-1"),
        BYTES_INIT("+1"),
        BYTES_INIT(" 1"),
        BYTES_INIT("1 "),
        BYTES_INIT("1a"),
        BYTES_INIT("1_0"),
        BYTES_INIT("1\0"),
        BYTES_INIT("115792089237316195423570985008687907853269984665640564039457584007913129639936"),
        BYTES_INIT("1" MAX_DECIMAL),
    };
    static const struct bytes hex_refused[] = {
        BYTES_INIT(""), BYTES_INIT("0x1"), BYTES_INIT("g"), BYTES_INIT("1" MAX_HEX), BYTES_INIT("`"), BYTES_INIT("@"),
    };
    struct u256 value = u256_of(7);
    for (size_t i = 0; i < sizeof decimal_refused / sizeof *decimal_refused; i++)
        CHECK(!u256_read_decimal(decimal_refused[i], &value) && value.bytes[31] == 7);
    for (size_t i = 0; i < sizeof hex_refused / sizeof *hex_refused; i++)
        CHECK(!u256_read_hex(hex_refused[i], &value) && value.bytes[31] == 7);
    CHECK(u256_read_decimal(BYTES_LIT(MAX_DECIMAL), &value) && u256_compare(&value, &U256_MAX) == 0);
    CHECK(u256_read_hex(BYTES_LIT(MAX_HEX), &value) && u256_compare(&value, &U256_MAX) == 0);
    CHECK(u256_read_decimal(BYTES_LIT("000" MAX_DECIMAL), &value) && u256_compare(&value, &U256_MAX) == 0);
    CHECK(u256_read_hex(BYTES_LIT("00Ff"), &value) && value.bytes[31] == 255 && value.bytes[30] == 0);
}

static void bytes_are_big_endian_and_minimal(void)
{
    static const uint8_t thirty_three[33];
    struct u256 value = u256_of(7);
    uint64_t small = 9;
    CHECK(!u256_read_bytes(BYTES_OF(thirty_three), &value) && value.bytes[31] == 7);
    CHECK(u256_read_bytes(BYTES_LIT("\1\2"), &value) && value.bytes[30] == 1 && value.bytes[31] == 2);
    CHECK(bytes_equal(u256_minimal(&value), BYTES_LIT("\1\2")) && !u256_is_zero(&value));
    CHECK(u256_fits_u64(&value, &small) && small == 258);
    CHECK(u256_read_bytes((struct bytes){ 0 }, &value) && u256_is_zero(&value) && u256_minimal(&value).len == 0);
    CHECK(u256_fits_u64(&value, &small) && small == 0);
    CHECK(u256_read_bytes(BYTES_LIT("\x80"), &value) && value.bytes[31] == 0x80 && value.bytes[0] == 0);
    CHECK(u256_read_bytes(BYTES_OF(U256_MAX.bytes), &value) && u256_compare(&value, &U256_MAX) == 0);
    CHECK(u256_minimal(&value).len == 32 && u256_minimal(&value).data == value.bytes);
    value = u256_of(UINT64_MAX);
    CHECK(u256_fits_u64(&value, &small) && small == UINT64_MAX);
    CHECK(u256_read_hex(BYTES_LIT("10000000000000000"), &value) && !u256_fits_u64(&value, &small));
    CHECK(small == UINT64_MAX);
}

static void decimals_are_written(void)
{
    uint8_t buffer[U256_DECIMAL_MAX];
    struct writer out = writer_of(buffer, sizeof buffer);
    struct bytes written;
    u256_put_decimal(&out, &U256_MAX);
    CHECK(writer_done(&out, &written) && bytes_equal(written, BYTES_LIT(MAX_DECIMAL)));
    out = writer_of(buffer, sizeof buffer - 1);
    u256_put_decimal(&out, &U256_MAX);
    CHECK(!writer_done(&out, &written));
}

int main(void)
{
    arithmetic_is_checked_and_exact();
    digits_are_read_strictly();
    bytes_are_big_endian_and_minimal();
    decimals_are_written();
    return failures != 0;
}
