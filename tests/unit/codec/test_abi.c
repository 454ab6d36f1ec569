/* Canonical ABI: Solidity's own examples, and each way to encode them otherwise. */
#include "check.h"

#include "core/codec/abi.h"

#include <string.h>

/* One word: `high` zero bytes' place left out, the last bytes written out. */
#define ZEROS_12   "\0\0\0\0\0\0\0\0\0\0\0\0"
#define ZEROS_28   ZEROS_12 ZEROS_12 "\0\0\0\0"
#define WORD(last) ZEROS_28 "\0\0\0" last
#define DAVE       "dave" ZEROS_28

/* sam("dave", true, [1,2,3]) with the signature sam(bytes,bool,uint256[]), of Solidity's ABI specification, "Examples",
 * without the selector. */
#define SAM WORD("\x60") WORD("\x01") WORD("\xa0") WORD("\x04") DAVE WORD("\x03") WORD("\x01") WORD("\x02") WORD("\x03")

struct sam {
    struct bytes name;
    struct u256 truth;
    size_t count;
    uint64_t items[4];
};

static bool read_sam(struct bytes encoded, struct sam *sam)
{
    struct reader in = reader_of(encoded);
    abi_expect_offset(&in, 0x60);
    sam->truth = abi_read_word(&in);
    abi_expect_offset(&in, 0xa0);
    sam->name = abi_read_bytes_tail(&in);
    sam->count = abi_read_length(&in);
    for (size_t i = 0; i < sam->count && !in.failed; i++) {
        const struct u256 item = abi_read_word(&in);
        if (i == 4 || !u256_fits_u64(&item, &sam->items[i]))
            reader_fail(&in);
    }
    return reader_done(&in);
}

static void the_standards_example_is_read_and_written(void)
{
    const struct bytes encoded = BYTES_LIT(SAM);
    uint8_t buffer[9 * ABI_WORD];
    struct writer out = writer_of(buffer, sizeof buffer);
    struct sam sam;
    struct bytes written;
    CHECK(encoded.len == sizeof buffer && read_sam(encoded, &sam));
    CHECK(bytes_equal(sam.name, BYTES_LIT("dave")) && sam.truth.bytes[31] == 1 && sam.count == 3);
    CHECK(sam.items[0] == 1 && sam.items[1] == 2 && sam.items[2] == 3);
    abi_put_uint(&out, 0x60);
    abi_put_word(&out, &sam.truth);
    abi_put_uint(&out, 0xa0);
    abi_put_bytes_tail(&out, sam.name);
    abi_put_uint(&out, sam.count);
    for (size_t i = 0; i < sam.count; i++)
        abi_put_uint(&out, sam.items[i]);
    CHECK(writer_done(&out, &written) && bytes_equal(written, encoded));
}

static void no_other_encoding_is_accepted(void)
{
    static const struct {
        const char *reason;
        size_t at;
        uint8_t byte;
    } rows[] = {
        { "an offset to elsewhere", 31, 0x80 },
        { "an offset into the head", 31, 0x20 },
        { "an offset of 2^248", 0, 0x01 },
        { "a length of one less: padding that is not zero", 3 * 32 + 31, 3 },
        { "a length over what is left", 3 * 32 + 31, 0xff },
        { "a length of 2^64 and 4", 3 * 32 + 23, 1 },
        { "padding that is not zero at its end", 5 * 32 - 1, 1 },
        { "an array longer than what is left", 5 * 32 + 31, 4 },
        { "an array with an item left over", 5 * 32 + 31, 2 },
    };
    uint8_t encoded[9 * ABI_WORD + 1];
    struct sam sam;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        memcpy(encoded, SAM, sizeof encoded);
        CHECK_ROW(rows[i].reason, encoded[rows[i].at] != rows[i].byte);
        encoded[rows[i].at] = rows[i].byte;
        CHECK_ROW(rows[i].reason, !read_sam((struct bytes){ encoded, 9 * ABI_WORD }, &sam));
    }
    memcpy(encoded, SAM, sizeof encoded); /* with the literal's NUL: a byte too many */
    CHECK(!read_sam(BYTES_OF(encoded), &sam));
    for (size_t len = 0; len < 9 * ABI_WORD; len++)
        CHECK(!read_sam((struct bytes){ encoded, len }, &sam));
}

static void a_length_is_at_most_what_is_left(void)
{
    static const struct {
        struct bytes encoded;
        bool good;
    } rows[] = {
        { BYTES_INIT(WORD("\0")), true },
        { BYTES_INIT(WORD("\1") "a"), true },
        { BYTES_INIT(WORD("\2") "a"), false },
        { BYTES_INIT("\1" ZEROS_28 "\0\0\1a"), false }, /* 2^248 + 1 */
        { BYTES_INIT(ZEROS_12 ZEROS_12 "\xff\xff\xff\xff\xff\xff\xff\xff"
                                       "a"),
          false },
        { BYTES_INIT(ZEROS_28 "\0\0\0"), false },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct reader in = reader_of(rows[i].encoded);
        const size_t expected = rows[i].good ? rows[i].encoded.len - ABI_WORD : 0;
        CHECK(abi_read_length(&in) == expected && in.failed != rows[i].good);
    }
}

static void tails_are_padded_to_words(void)
{
    static const struct {
        struct bytes data, encoded;
    } rows[] = {
        { BYTES_INIT(""), BYTES_INIT(WORD("\0")) },
        { BYTES_INIT("dave"), BYTES_INIT(WORD("\4") DAVE) },
        { BYTES_INIT("0123456789abcdef0123456789abcdef"), BYTES_INIT(WORD("\x20") "0123456789abcdef0123456789abcdef") },
        { BYTES_INIT("0123456789abcdef0123456789abcdefdave"),
          BYTES_INIT(WORD("\x24") "0123456789abcdef0123456789abcdef" DAVE) },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t buffer[4 * ABI_WORD];
        struct writer out = writer_of(buffer, sizeof buffer);
        struct reader in = reader_of(rows[i].encoded);
        struct bytes written;
        CHECK(bytes_equal(abi_read_bytes_tail(&in), rows[i].data) && reader_done(&in));
        in = reader_of((struct bytes){ rows[i].encoded.data, rows[i].encoded.len - 1 });
        const struct bytes cut = abi_read_bytes_tail(&in);
        CHECK(in.failed && cut.data == NULL && cut.len == 0);
        abi_put_bytes_tail(&out, rows[i].data);
        CHECK(writer_done(&out, &written) && bytes_equal(written, rows[i].encoded));
    }
}

static void addresses_have_twelve_zero_bytes_before_them(void)
{
    static const struct bytes padded = BYTES_INIT(ZEROS_12 "0123456789abcdef0123");
    uint8_t address[20], buffer[ABI_WORD];
    struct writer out = writer_of(buffer, sizeof buffer);
    struct reader in = reader_of(padded);
    struct bytes written;
    abi_read_address(&in, address);
    CHECK(reader_done(&in) && memcmp(address, "0123456789abcdef0123", 20) == 0);
    abi_put_address(&out, BYTES_OF(address));
    CHECK(writer_done(&out, &written) && bytes_equal(written, padded));
    for (size_t i = 0; i < 12; i++) {
        uint8_t dirty[ABI_WORD];
        memcpy(dirty, padded.data, sizeof dirty);
        dirty[i] = 1;
        in = reader_of(BYTES_OF(dirty));
        abi_read_address(&in, address);
        CHECK(in.failed && address[0] == 0 && address[19] == 0);
    }
    in = reader_of((struct bytes){ padded.data, ABI_WORD - 1 });
    abi_read_address(&in, address);
    CHECK(in.failed && address[19] == 0);
}

int main(void)
{
    the_standards_example_is_read_and_written();
    no_other_encoding_is_accepted();
    a_length_is_at_most_what_is_left();
    tails_are_padded_to_words();
    addresses_have_twelve_zero_bytes_before_them();
    return failures != 0;
}
