/* Frames arrive in pieces, and lie about their lengths. */
#include "check.h"

#include "core/codec/frame.h"

static void a_frame_is_whole_when_its_last_byte_is_there(void)
{
    const struct bytes stream = BYTES_LIT("\0\0\0\x2{}\0\0\0\x1x");
    struct bytes body;
    size_t used;
    for (size_t len = 0; len < 6; len++)
        CHECK(frame_read((struct bytes){ stream.data, len }, FRAME_MAX, &body, &used) == FRAME_PARTIAL);
    for (size_t len = 6; len <= stream.len; len++) {
        CHECK(frame_read((struct bytes){ stream.data, len }, FRAME_MAX, &body, &used) == FRAME_WHOLE);
        CHECK(used == 6 && bytes_equal(body, BYTES_LIT("{}")));
    }
    CHECK(frame_read(BYTES_LIT("\0\0\0\0"), FRAME_MAX, &body, &used) == FRAME_WHOLE && body.len == 0 && used == 4);
}

static void a_length_over_the_limit_is_told_from_the_header_alone(void)
{
    struct bytes body;
    size_t used;
    CHECK(frame_read(BYTES_LIT("\0\0\0\x8"), 8, &body, &used) == FRAME_PARTIAL);
    CHECK(frame_read(BYTES_LIT("\0\0\0\x9"), 8, &body, &used) == FRAME_TOO_LONG);
    CHECK(frame_read(BYTES_LIT("\0\x10\0\0"), SIZE_MAX, &body, &used) == FRAME_PARTIAL);
    CHECK(frame_read(BYTES_LIT("\0\x10\0\x1"), SIZE_MAX, &body, &used) == FRAME_TOO_LONG);
    CHECK(frame_read(BYTES_LIT("\xff\xff\xff\xff"), FRAME_MAX, &body, &used) == FRAME_TOO_LONG);
    CHECK(frame_read(BYTES_LIT("POST / HTTP/1.1\r\n"), FRAME_MAX, &body, &used) == FRAME_TOO_LONG);
}

static void headers_are_big_endian_and_bounded(void)
{
    uint8_t buffer[8];
    struct writer out = writer_of(buffer, sizeof buffer);
    struct bytes written;
    frame_write_header(&out, FRAME_MAX);
    CHECK(writer_done(&out, &written) && bytes_equal(written, BYTES_LIT("\0\x10\0\0")));
    frame_write_header(&out, FRAME_MAX + 1);
    CHECK(!writer_done(&out, &written));
}

int main(void)
{
    a_frame_is_whole_when_its_last_byte_is_there();
    a_length_over_the_limit_is_told_from_the_header_alone();
    headers_are_big_endian_and_bounded();
    return failures != 0;
}
