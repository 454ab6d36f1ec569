/* HTTP/1.1 exchanges, arriving a byte at a time, and the ways to smuggle. */
#include "check.h"

#include "core/codec/http1.h"

#include <string.h>

#define GET "GET / HTTP/1.1\r\n"
#define OK  "HTTP/1.1 200 OK\r\n"

enum { BODY_MAX = 64 };

static uint8_t buffer[3 * HTTP_HEAD_MAX];

struct outcome {
    enum http_state state;
    struct http_head head;
    struct bytes body;
    size_t used;
};

static struct outcome read_text(bool is_request, struct bytes text)
{
    struct outcome outcome = { .state = HTTP_MALFORMED };
    if (text.len > 0)
        memcpy(buffer, text.data, text.len);
    outcome.state = is_request
                        ? http_read_request(buffer, text.len, BODY_MAX, &outcome.head, &outcome.body, &outcome.used)
                        : http_read_response(buffer, text.len, BODY_MAX, &outcome.head, &outcome.body, &outcome.used);
    return outcome;
}

static const struct {
    bool is_request;
    struct bytes text, body;
} whole[] = {
    { true, BYTES_INIT(GET "\r\n"), BYTES_INIT("") },
    { true, BYTES_INIT("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"), BYTES_INIT("hello") },
    { true, BYTES_INIT("POST /a?b=%20 HTTP/1.1\r\ntransfer-encoding:CHUNKED\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
      BYTES_INIT("hello") },
    { false, BYTES_INIT(OK "Content-Length: 0\r\n\r\n"), BYTES_INIT("") },
    { false, BYTES_INIT("HTTP/1.1 204 \r\n\r\n"), BYTES_INIT("") },
    { false, BYTES_INIT("HTTP/1.1 400 Bad Request\r\nContent-Length:\t2 \r\n\r\n{}"), BYTES_INIT("{}") },
    { false, BYTES_INIT("HTTP/1.1 599 \r\nContent-Length: 0\r\n\r\n"), BYTES_INIT("") },
    { true, BYTES_INIT("GET !~ HTTP/1.1\r\n\r\n"), BYTES_INIT("") },
    { true, BYTES_INIT("!#$%&'*+-.^_`|~09azAZ / HTTP/1.1\r\n!#$%&'*+-.^_`|~09azAZ:\r\n\r\n"), BYTES_INIT("") },
    { true, BYTES_INIT(GET "A: \t\x80\xff!~\t \r\n\r\n"), BYTES_INIT("") },
    { false,
      BYTES_INIT(OK "Transfer-Encoding: chunked\r\n\r\n"
                    "1a\r\nabcdefghijklmnopqrstuvwxyz\r\n0000000A\r\n0123456789\r\n9\r\n012345678\r\n0\r\n\r\n"),
      BYTES_INIT("abcdefghijklmnopqrstuvwxyz0123456789012345678") },
    { true, BYTES_INIT(GET "Transfer-Encoding: chunked\r\n\r\nF\r\n012345678901234\r\n0\t\r\n\r\n"),
      BYTES_INIT("012345678901234") },
    /* RFC 9112 section 7.1: extensions are to be passed over */
    { false,
      BYTES_INIT(OK "Transfer-Encoding: chunked\r\n\r\n"
                    "1\r\na\r\n00b;x=\"y\"\r\nbcdefghijkl\r\n2 ;z\r\n\r\n\r\n0\r\n\r\n"),
      BYTES_INIT("abcdefghijkl\r\n") },
};

static void an_exchange_is_whole_when_its_last_byte_is_there(void)
{
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
        const struct bytes text = whole[i].text;
        char row[16];
        (void)snprintf(row, sizeof row, "%zu", i);
        for (size_t len = 0; len < text.len; len++) {
            CHECK_ROW(row, read_text(whole[i].is_request, (struct bytes){ text.data, len }).state == HTTP_PARTIAL);
            CHECK_ROW(row, memcmp(buffer, text.data, len) == 0);
        }
        struct outcome outcome = read_text(whole[i].is_request, text);
        CHECK_ROW(row, outcome.state == HTTP_WHOLE && outcome.used == text.len);
        CHECK_ROW(row, bytes_equal(outcome.body, whole[i].body));
    }
}

static void what_follows_an_exchange_is_left(void)
{
    static const char next[] = "0\r\n\r\nX\r\nGET /next";
    struct outcome outcome = read_text(false, BYTES_LIT(OK "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
                                                           "0\r\n\r\nX\r\nGET /next"));
    CHECK(outcome.state == HTTP_WHOLE && bytes_equal(outcome.body, BYTES_LIT("abc")));
    CHECK(memcmp(buffer + outcome.used, next, sizeof next - 1) == 0);
}

static void the_head_is_given_as_views(void)
{
    struct outcome outcome = read_text(
        true, BYTES_LIT("POST /a HTTP/1.1\r\nX-Amz-Date: \t 2026 \t\r\nempty:\r\nTwice: 1\r\ntwice: 2\r\n\r\n"));
    struct bytes value = { 0 };
    CHECK(outcome.state == HTTP_WHOLE && outcome.head.header_count == 4);
    CHECK(bytes_equal(outcome.head.method, BYTES_LIT("POST")) && bytes_equal(outcome.head.target, BYTES_LIT("/a")));
    CHECK(http_header(&outcome.head, BYTES_LIT("x-amz-date"), &value) && bytes_equal(value, BYTES_LIT("2026")));
    CHECK(http_header(&outcome.head, BYTES_LIT("EMPTY"), &value) && value.len == 0);
    CHECK(!http_header(&outcome.head, BYTES_LIT("twice"), &value));
    CHECK(!http_header(&outcome.head, BYTES_LIT("absent"), &value));
    outcome = read_text(true, BYTES_LIT(GET "a: \r\nb:\t \r\nc: x\r\n\r\n"));
    CHECK(http_header(&outcome.head, BYTES_LIT("a"), &value) && value.len == 0);
    CHECK(http_header(&outcome.head, BYTES_LIT("b"), &value) && value.len == 0);
    CHECK(http_header(&outcome.head, BYTES_LIT("c"), &value) && bytes_equal(value, BYTES_LIT("x")));
    outcome = read_text(false, BYTES_LIT("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"));
    CHECK(outcome.state == HTTP_WHOLE && outcome.head.status == 403);
}

static const struct {
    const char *reason;
    bool is_request;
    struct bytes text;
} malformed[] = {
    { "an older version", true, BYTES_INIT("GET / HTTP/1.0\r\n\r\n") },
    { "no version", true, BYTES_INIT("GET /\r\n\r\n") },
    { "two spaces", true, BYTES_INIT("GET  / HTTP/1.1\r\n\r\n") },
    { "a method that is no token", true, BYTES_INIT("G(T / HTTP/1.1\r\n\r\n") },
    { "a target with a control character", true, BYTES_INIT("GET /\x7f HTTP/1.1\r\n\r\n") },
    { "a target outside ASCII", true, BYTES_INIT("GET /\xc3\xa9 HTTP/1.1\r\n\r\n") },
    { "a space after the version", true, BYTES_INIT("GET / HTTP/1.1 \r\n\r\n") },
    { "an empty target", true, BYTES_INIT("GET  HTTP/1.1\r\n\r\n") },
    { "an empty method", true, BYTES_INIT(" / HTTP/1.1\r\n\r\n") },
    { "a control character first in the target", true, BYTES_INIT("GET \x01/ HTTP/1.1\r\n\r\n") },
    { "a separator first in a name", true, BYTES_INIT(GET "(A: b\r\n\r\n") },
    { "a NUL in a name", true, BYTES_INIT(GET "A\0: b\r\n\r\n") },
    { "a control character first in a value", true, BYTES_INIT(GET "A:\x01\r\n\r\n") },
    { "a DEL in a value", true, BYTES_INIT(GET "A: b\x7f\r\n\r\n") },
    { "an empty line first", true, BYTES_INIT("\r\n" GET "\r\n") },
    { "a bare LF after the request line", true, BYTES_INIT("GET / HTTP/1.1\nA: b\r\n\r\n") },
    { "a bare LF in a header", true, BYTES_INIT(GET "A: b\nC: d\r\n\r\n") },
    { "a bare CR in a header", true, BYTES_INIT(GET "A: b\rC: d\r\n\r\n") },
    { "a NUL in a header", true, BYTES_INIT(GET "A: b\0c\r\n\r\n") },
    { "white space before the colon", true, BYTES_INIT(GET "A : b\r\n\r\n") },
    { "a folded header", true, BYTES_INIT(GET "A: b\r\n c\r\n\r\n") },
    { "a header without a colon", true, BYTES_INIT(GET "A\r\n\r\n") },
    { "a header without a name", true, BYTES_INIT(GET ": b\r\n\r\n") },
    { "two lengths", true, BYTES_INIT(GET "Content-Length: 1\r\nContent-Length: 1\r\n\r\na") },
    { "a list of lengths", true, BYTES_INIT(GET "Content-Length: 1, 1\r\n\r\na") },
    { "a length with a sign", true, BYTES_INIT(GET "Content-Length: +1\r\n\r\na") },
    { "an empty length", true, BYTES_INIT(GET "Content-Length:\r\n\r\n") },
    { "a hexadecimal length", true, BYTES_INIT(GET "Content-Length: 0x1\r\n\r\na") },
    { "both framings", true, BYTES_INIT(GET "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n") },
    { "another coding", true, BYTES_INIT(GET "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n") },
    { "two codings", true,
      BYTES_INIT(GET "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n") },
    { "a chunk without a size", true, BYTES_INIT(GET "Transfer-Encoding: chunked\r\n\r\n\r\n\r\n") },
    { "a chunk size with a sign", true, BYTES_INIT(GET "Transfer-Encoding: chunked\r\n\r\n+0\r\n\r\n") },
    { "a chunk size with 0x", true, BYTES_INIT(GET "Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n") },
    { "a chunk size of nine digits", true, BYTES_INIT(GET "Transfer-Encoding: chunked\r\n\r\n000000000\r\n\r\n") },
    { "a chunk longer than its size", true, BYTES_INIT(GET "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n") },
    { "a chunk ended by LF", true, BYTES_INIT(GET "Transfer-Encoding: chunked\r\n\r\n1\r\na\n0\r\n\r\n") },
    { "a bare LF in a chunk extension", true, BYTES_INIT(GET "Transfer-Encoding: chunked\r\n\r\n0;a\nb\r\n\r\n") },
    { "a trailer", true, BYTES_INIT(GET "Transfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n\r\n") },
    { "no framing", false, BYTES_INIT(OK "\r\n") },
    { "an interim response", false, BYTES_INIT("HTTP/1.1 100 Continue\r\n\r\n") },
    { "an older version's response", false, BYTES_INIT("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n") },
    { "a status of two digits", false, BYTES_INIT("HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n") },
    { "a status of 600", false, BYTES_INIT("HTTP/1.1 600 No\r\nContent-Length: 0\r\n\r\n") },
    { "a status of letters", false, BYTES_INIT("HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n") },
    { "a request for a response", false, BYTES_INIT(GET "Content-Length: 0\r\n\r\n") },
    { "a control character in the reason", false, BYTES_INIT("HTTP/1.1 200 O\x01\r\nContent-Length: 0\r\n\r\n") },
};

/* RFC 9110 section 5.6.2, its characters written out; a colon would end the name. */
static void names_are_made_of_token_characters(void)
{
    static const char token[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    for (unsigned c = 0; c < 256; c++) {
        char text[] = GET "A?: b\r\n\r\n";
        *strchr(text, '?') = (char)c;
        const bool expected = c == ':' || memchr(token, (int)c, sizeof token - 1) != NULL;
        const struct outcome outcome = read_text(true, (struct bytes){ (const uint8_t *)text, sizeof text - 1 });
        CHECK((outcome.state == HTTP_WHOLE) == expected);
    }
}

static void malformed_exchanges_are_refused(void)
{
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++)
        CHECK_ROW(malformed[i].reason, read_text(malformed[i].is_request, malformed[i].text).state == HTTP_MALFORMED);
}

static const struct {
    const char *reason;
    struct bytes text;
    enum http_state state;
} bodies[] = {
    { "a body of the most", BYTES_INIT(OK "Content-Length: 64\r\n\r\n"), HTTP_PARTIAL },
    { "one byte more", BYTES_INIT(OK "Content-Length: 65\r\n\r\n"), HTTP_TOO_LARGE },
    { "a length of 2^64", BYTES_INIT(OK "Content-Length: 18446744073709551616\r\n\r\n"), HTTP_MALFORMED },
    { "a chunk of the most", BYTES_INIT(OK "Transfer-Encoding: chunked\r\n\r\n40\r\n"), HTTP_PARTIAL },
    { "a chunk of one byte more", BYTES_INIT(OK "Transfer-Encoding: chunked\r\n\r\n41\r\n"), HTTP_TOO_LARGE },
    { "a chunk of 4 GiB", BYTES_INIT(OK "Transfer-Encoding: chunked\r\n\r\nffffffff\r\n"), HTTP_TOO_LARGE },
    { "two chunks of one byte more", BYTES_INIT(OK "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n40\r\n"),
      HTTP_TOO_LARGE },
};

/* A request line and `count` headers of eight bytes each. */
static struct bytes many_headers(size_t count)
{
    static uint8_t text[3 * HTTP_HEAD_MAX];
    struct writer out = writer_of(text, sizeof text);
    struct bytes written = { 0 };
    writer_text(&out, GET);
    for (size_t i = 0; i < count; i++)
        writer_text(&out, "Abc: d\r\n");
    writer_text(&out, "\r\n");
    CHECK(writer_done(&out, &written));
    return written;
}

static void limits_are_told_before_the_bytes_arrive(void)
{
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        CHECK_ROW(bodies[i].reason, read_text(false, bodies[i].text).state == bodies[i].state);
    CHECK(read_text(true, many_headers(HTTP_HEADERS_MAX)).state == HTTP_WHOLE);
    CHECK(read_text(true, many_headers(HTTP_HEADERS_MAX + 1)).state == HTTP_TOO_LARGE);

    static uint8_t long_line[HTTP_HEAD_MAX + 64];
    struct writer out = writer_of(long_line, sizeof long_line);
    struct bytes written = { 0 };
    writer_text(&out, GET "A: ");
    while (out.len < HTTP_HEAD_MAX - 4)
        writer_u8(&out, 'a');
    struct writer longer = out;
    CHECK(writer_done(&out, &written) && read_text(true, written).state == HTTP_PARTIAL);
    writer_text(&out, "\r\n\r\n");
    CHECK(writer_done(&out, &written) && read_text(true, written).state == HTTP_WHOLE);
    writer_text(&longer, "a\r\n\r\n");
    CHECK(writer_done(&longer, &written) && read_text(true, written).state == HTTP_TOO_LARGE);
    memcpy(long_line, GET "A: ", sizeof GET "A: " - 1);
    memset(long_line + sizeof GET "A: " - 1, 'a', HTTP_HEAD_MAX);
    CHECK(read_text(true, (struct bytes){ long_line, HTTP_HEAD_MAX }).state == HTTP_PARTIAL);
    CHECK(read_text(true, (struct bytes){ long_line, HTTP_HEAD_MAX + 1 }).state == HTTP_TOO_LARGE);
    memset(long_line, 'a', sizeof long_line);
    CHECK(read_text(true, (struct bytes){ long_line, HTTP_HEAD_MAX }).state == HTTP_PARTIAL);
    CHECK(read_text(true, (struct bytes){ long_line, HTTP_HEAD_MAX + 1 }).state == HTTP_TOO_LARGE);
}

/* That many chunks of one byte, and the end. */
static enum http_state of_chunks(size_t count)
{
    static uint8_t text[64 + 6 * (HTTP_CHUNKS_MAX + 2)];
    struct writer out = writer_of(text, sizeof text);
    struct http_head head;
    struct bytes body;
    size_t used;
    writer_text(&out, GET "Transfer-Encoding: chunked\r\n\r\n");
    for (size_t i = 0; i < count; i++)
        writer_text(&out, "1\r\na\r\n");
    writer_text(&out, "0\r\n\r\n");
    CHECK(!out.failed);
    const enum http_state state = http_read_request(text, out.len, 2 * HTTP_CHUNKS_MAX, &head, &body, &used);
    CHECK(state != HTTP_WHOLE || (body.len == count && used == out.len));
    return state;
}

static void chunks_are_counted(void)
{
    CHECK(of_chunks(HTTP_CHUNKS_MAX) == HTTP_WHOLE);
    CHECK(of_chunks(HTTP_CHUNKS_MAX + 1) == HTTP_TOO_LARGE);
}

static void a_chunk_line_is_bounded(void)
{
    static uint8_t text[1024];
    struct writer out = writer_of(text, sizeof text);
    struct bytes written = { 0 };
    writer_text(&out, OK "Transfer-Encoding: chunked\r\n\r\n0;");
    for (size_t i = 2; i < 256; i++)
        writer_u8(&out, 'x');
    struct writer longer = out;
    writer_text(&out, "\r");
    CHECK(writer_done(&out, &written) && read_text(false, written).state == HTTP_PARTIAL);
    writer_text(&out, "\n\r\n");
    CHECK(writer_done(&out, &written) && read_text(false, written).state == HTTP_WHOLE);
    struct writer endless = longer;
    writer_text(&endless, "xx");
    CHECK(writer_done(&endless, &written) && read_text(false, written).state == HTTP_MALFORMED);
    writer_text(&longer, "x\r\n\r\n");
    CHECK(writer_done(&longer, &written) && read_text(false, written).state == HTTP_MALFORMED);
}

int main(void)
{
    an_exchange_is_whole_when_its_last_byte_is_there();
    what_follows_an_exchange_is_left();
    the_head_is_given_as_views();
    names_are_made_of_token_characters();
    malformed_exchanges_are_refused();
    limits_are_told_before_the_bytes_arrive();
    chunks_are_counted();
    a_chunk_line_is_bounded();
    return failures != 0;
}
