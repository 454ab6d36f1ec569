/* An exchange is whole at its last byte and at no byte before, whatever follows; what is malformed stays so; a chunked
 * body is the body that Content-Length would have framed. */
#include "fuzz.h"

#include "core/codec/http1.h"

#include <stdio.h>

enum { BODY_MAX = 1024 };

struct outcome {
    enum http_state state;
    struct http_head head;
    struct bytes body;
    size_t used;
};

static struct outcome read_some(bool is_request, uint8_t *arrived, size_t len)
{
    struct outcome outcome = { .state = HTTP_MALFORMED };
    outcome.state = is_request
                        ? http_read_request(arrived, len, BODY_MAX, &outcome.head, &outcome.body, &outcome.used)
                        : http_read_response(arrived, len, BODY_MAX, &outcome.head, &outcome.body, &outcome.used);
    return outcome;
}

static void check_whole(bool is_request, const uint8_t *data, size_t len, const struct outcome *whole)
{
    must(whole->used > 0 && whole->used <= len && whole->body.len <= BODY_MAX);
    for (size_t back = 0; back <= whole->used && back < 8; back++) {
        uint8_t *const copy = exact_copy(data, whole->used - back);
        const struct outcome again = read_some(is_request, copy, whole->used - back);
        must(again.state == (back == 0 ? HTTP_WHOLE : HTTP_PARTIAL));
        must(back > 0 || (again.used == whole->used && bytes_equal(again.body, whole->body)));
        must(back == 0 || memcmp(copy, data, whole->used - back) == 0);
        free(copy);
    }

    char head[128];
    const int head_len = snprintf(head, sizeof head, "%s\r\nContent-Length: %zu\r\n\r\n",
                                  is_request ? "POST / HTTP/1.1" : "HTTP/1.1 200 OK", whole->body.len);
    uint8_t *const plain = malloc((size_t)head_len + whole->body.len);
    must(plain != NULL);
    memcpy(plain, head, (size_t)head_len);
    if (whole->body.len > 0)
        memcpy(plain + head_len, whole->body.data, whole->body.len);
    const struct outcome framed = read_some(is_request, plain, (size_t)head_len + whole->body.len);
    must(framed.state == HTTP_WHOLE && bytes_equal(framed.body, whole->body));
    free(plain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const char more[] = "0\r\n\r\n\r\n";
    if (len == 0)
        return 0;
    const bool is_request = data[0] % 2 == 0;
    data++;
    len--;
    uint8_t *const arrived = exact_copy(data, len);
    const struct outcome outcome = read_some(is_request, arrived, len);
    if (outcome.state == HTTP_WHOLE) {
        check_whole(is_request, data, len, &outcome);
        const size_t rest = len - outcome.used; /* what follows is left as it was */
        must(memcmp(arrived + outcome.used, data + outcome.used, rest) == 0);
    } else {
        must(memcmp(arrived, data, len) == 0);
    }
    if (outcome.state == HTTP_MALFORMED || outcome.state == HTTP_TOO_LARGE) {
        uint8_t *const longer = malloc(len + sizeof more);
        must(longer != NULL);
        memcpy(longer, data, len);
        memcpy(longer + len, more, sizeof more);
        const struct outcome later = read_some(is_request, longer, len + sizeof more);
        must(later.state == HTTP_MALFORMED || later.state == HTTP_TOO_LARGE);
        free(longer);
    }
    free(arrived);
    return 0;
}
