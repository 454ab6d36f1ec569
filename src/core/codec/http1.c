#include "core/codec/http1.h"

#include "core/base/fault.h"
#include "core/base/text.h"

#include <string.h>

enum {
    CHUNK_LINE_MAX = 256, /* a chunk's size and its extensions, without CRLF */
    CHUNK_DIGITS_MAX = 8, /* hex digits; 4 GiB is over every body_max */
};

/* RFC 9110 section 5.6.2 */
static bool is_token(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        const uint8_t c = text.data[i], letter = c | 32;
        const bool alphanumeric = (c >= '0' && c <= '9') || (letter >= 'a' && letter <= 'z');
        if (!alphanumeric && memchr("!#$%&'*+-.^_`|~", c, 15) == NULL)
            return false;
    }
    return text.len > 0;
}

/* RFC 9110 section 5.5: no control characters but the tab. */
static bool is_field_text(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((text.data[i] < 0x20 && text.data[i] != '\t') || text.data[i] == 0x7f)
            return false;
    return true;
}

static bool is_visible(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] <= 0x20 || text.data[i] >= 0x7f)
            return false;
    return text.len > 0;
}

/* The line up to CRLF, which is taken too. False: there is no CRLF. A lone CR or LF stays in the line, where none of
 * the three checks above lets it pass. */
static bool take_line(struct reader *in, struct bytes *line)
{
    for (size_t at = 0; at + 1 < in->rest.len; at++) {
        const uint8_t *cr = memchr(in->rest.data + at, '\r', in->rest.len - 1 - at);
        if (cr == NULL)
            return false;
        at = (size_t)(cr - in->rest.data);
        if (cr[1] == '\n') {
            *line = reader_take(in, at);
            (void)reader_take(in, 2);
            return true;
        }
    }
    return false;
}

/* What stands before the first `separator`, which is taken too. */
static bool take_until(struct bytes *line, uint8_t separator, struct bytes *part)
{
    const uint8_t *found = line->len > 0 ? memchr(line->data, separator, line->len) : NULL;
    if (found == NULL)
        return false;
    *part = (struct bytes){ line->data, (size_t)(found - line->data) };
    *line = (struct bytes){ found + 1, line->len - part->len - 1 };
    return true;
}

static bool read_request_line(struct bytes line, struct http_head *head)
{
    return take_until(&line, ' ', &head->method) && take_until(&line, ' ', &head->target) && is_token(head->method) &&
           is_visible(head->target) && bytes_equal(line, BYTES_LIT("HTTP/1.1"));
}

static bool read_status_line(struct bytes line, struct http_head *head)
{
    struct bytes version, code;
    uint64_t status;
    if (!take_until(&line, ' ', &version) || !take_until(&line, ' ', &code) || !is_field_text(line))
        return false;
    if (!bytes_equal(version, BYTES_LIT("HTTP/1.1")) || code.len != 3 || !text_read_uint(code, &status) || status > 599)
        return false;
    head->status = (unsigned)status;
    return true;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static bool read_header_line(struct bytes line, struct http_header *header)
{
    struct bytes name;
    if (!take_until(&line, ':', &name) || !is_token(name) || !is_field_text(line))
        return false;
    while (line.len > 0 && is_blank(line.data[0]))
        line = (struct bytes){ line.data + 1, line.len - 1 };
    while (line.len > 0 && is_blank(line.data[line.len - 1]))
        line.len--;
    *header = (struct http_header){ name, line };
    return true;
}

static enum http_state read_head(struct reader *in, bool is_request, struct http_head *head)
{
    struct bytes line;
    *head = (struct http_head){ 0 };
    struct bytes arrived = in->rest;
    if (!take_line(in, &line))
        return arrived.len > HTTP_HEAD_MAX ? HTTP_TOO_LARGE : HTTP_PARTIAL;
    if (!(is_request ? read_request_line(line, head) : read_status_line(line, head)))
        return HTTP_MALFORMED;
    for (;;) {
        if (!take_line(in, &line))
            return arrived.len > HTTP_HEAD_MAX ? HTTP_TOO_LARGE : HTTP_PARTIAL;
        if (arrived.len - in->rest.len > HTTP_HEAD_MAX)
            return HTTP_TOO_LARGE;
        if (line.len == 0) {
            head->is_whole = true;
            return HTTP_WHOLE;
        }
        if (head->header_count == HTTP_HEADERS_MAX)
            return HTTP_TOO_LARGE;
        if (!read_header_line(line, &head->headers[head->header_count]))
            return HTTP_MALFORMED;
        head->header_count++;
    }
}

static size_t count_header(const struct http_head *head, struct bytes name, struct bytes *value)
{
    size_t count = 0;
    for (size_t i = 0; i < head->header_count; i++)
        if (text_equal_nocase(head->headers[i].name, name)) {
            *value = head->headers[i].value;
            count++;
        }
    return count;
}

bool http_header(const struct http_head *head, struct bytes name, struct bytes *value)
{
    struct bytes found;
    if (count_header(head, name, &found) != 1)
        return false;
    *value = found;
    return true;
}

struct framing {
    bool chunked;
    size_t len; /* of the body, when not chunked */
};

static enum http_state read_framing(const struct http_head *head, bool is_request, size_t body_max,
                                    struct framing *framing)
{
    struct bytes length, encoding;
    const size_t lengths = count_header(head, BYTES_LIT("content-length"), &length);
    const size_t encodings = count_header(head, BYTES_LIT("transfer-encoding"), &encoding);
    uint64_t len = 0;
    *framing = (struct framing){ 0 };
    if (lengths + encodings > 1) /* RFC 9112 section 6.3: two framings are how requests are smuggled */
        return HTTP_MALFORMED;
    if (encodings == 1) {
        framing->chunked = true;
        return text_equal_nocase(encoding, BYTES_LIT("chunked")) ? HTTP_WHOLE : HTTP_MALFORMED;
    }
    if (lengths == 0)
        return is_request || head->status == 204 ? HTTP_WHOLE : HTTP_MALFORMED;
    if (!text_read_uint(length, &len))
        return HTTP_MALFORMED;
    if (len > body_max)
        return HTTP_TOO_LARGE;
    framing->len = (size_t)len;
    return HTTP_WHOLE;
}

/* chunk-size [ chunk-ext ] (RFC 9112 section 7.1); extensions are passed over. */
static bool read_chunk_size(struct bytes line, size_t *size)
{
    size_t digits = 0, value = 0;
    for (; digits < line.len && digits <= CHUNK_DIGITS_MAX; digits++) {
        const uint8_t c = line.data[digits], letter = c | 32;
        if (c >= '0' && c <= '9')
            value = value << 4 | (size_t)(c - '0');
        else if (letter >= 'a' && letter <= 'f')
            value = value << 4 | (size_t)(letter - 'a' + 10);
        else
            break;
    }
    *size = value;
    const bool extension = digits < line.len && (line.data[digits] == ';' || is_blank(line.data[digits]));
    return digits > 0 && digits <= CHUNK_DIGITS_MAX && (digits == line.len || extension) && is_field_text(line);
}

/* Walks the chunks. With `joined`, which may be where they stand, copies their data there. */
static enum http_state read_chunks(struct reader *in, size_t body_max, uint8_t *joined, size_t *body_len)
{
    size_t total = 0, size;
    for (size_t count = 0;; count++) {
        struct bytes line;
        if (count > HTTP_CHUNKS_MAX) /* the last, which is empty, besides */
            return HTTP_TOO_LARGE;
        struct reader ahead = { .rest = in->rest };
        if (ahead.rest.len > CHUNK_LINE_MAX + 2)
            ahead.rest.len = CHUNK_LINE_MAX + 2;
        if (!take_line(&ahead, &line))
            return in->rest.len > CHUNK_LINE_MAX + 1 ? HTTP_MALFORMED : HTTP_PARTIAL;
        (void)reader_take(in, line.len + 2);
        if (!read_chunk_size(line, &size))
            return HTTP_MALFORMED;
        if (size > body_max - total)
            return HTTP_TOO_LARGE;
        struct bytes data = reader_take(in, size), end = reader_take(in, 2);
        if (in->failed)
            return HTTP_PARTIAL;
        if (!bytes_equal(end, BYTES_LIT("\r\n"))) /* after the last chunk: a trailer, which nobody here sends */
            return HTTP_MALFORMED;
        if (joined != NULL && size > 0)
            memmove(joined + total, data.data, size);
        total += size;
        if (size == 0) {
            *body_len = total;
            return HTTP_WHOLE;
        }
    }
}

static enum http_state read_whole(uint8_t *arrived, size_t len, size_t body_max, bool is_request,
                                  struct http_head *head, struct bytes *body, size_t *used)
{
    struct reader in = reader_of((struct bytes){ arrived, len });
    struct framing framing;
    enum http_state state = read_head(&in, is_request, head);
    if (state == HTTP_WHOLE)
        state = read_framing(head, is_request, body_max, &framing);
    if (state != HTTP_WHOLE)
        return state;

    uint8_t *const start = arrived + (len - in.rest.len);
    size_t body_len = framing.len;
    if (framing.chunked) {
        struct reader look = in; /* first without joining: what is partial must stay as it was */
        state = read_chunks(&look, body_max, NULL, &body_len);
        if (state != HTTP_WHOLE)
            return state;
        state = read_chunks(&in, body_max, start, &body_len);
        must(state == HTTP_WHOLE);
    } else {
        (void)reader_take(&in, body_len);
        if (in.failed)
            return HTTP_PARTIAL;
    }
    *body = (struct bytes){ start, body_len };
    *used = len - in.rest.len;
    return HTTP_WHOLE;
}

enum http_state http_read_request(uint8_t *arrived, size_t len, size_t body_max, struct http_head *head,
                                  struct bytes *body, size_t *used)
{
    return read_whole(arrived, len, body_max, true, head, body, used);
}

enum http_state http_read_response(uint8_t *arrived, size_t len, size_t body_max, struct http_head *head,
                                   struct bytes *body, size_t *used)
{
    return read_whole(arrived, len, body_max, false, head, body, used);
}
