#include "io/http_reader.h"

#include "io/stream.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 16384, KEPT_ROOM = 65536 };

/* Room for at least one more byte: first where requests were that are done with. */
static bool make_room(struct http_reader *reader)
{
    const size_t len = reader->end - reader->begin;
    if (reader->end < reader->room)
        return true;
    if (reader->begin >= reader->room / 2 && reader->begin > 0) {
        memmove(reader->data, reader->data + reader->begin, len);
        reader->begin = 0;
        reader->end = len;
        return true;
    }
    const size_t room = reader->room == 0 ? FIRST_ROOM : reader->room * 2;
    uint8_t *const larger = realloc(reader->data, room);
    if (larger == NULL)
        return false;
    reader->data = larger;
    reader->room = room;
    return true;
}

/* Between requests, when nothing of the next is there: a large body leaves no large buffer behind. */
static void start_over(struct http_reader *reader)
{
    if (reader->begin < reader->end)
        return;
    reader->begin = reader->end = 0;
    if (reader->room > KEPT_ROOM)
        http_reader_end(reader);
}

static enum http_state look(const struct http_reader *reader, struct http_head *head, struct bytes *body, size_t *used)
{
    *head = (struct http_head){ 0 };
    if (reader->begin == reader->end)
        return HTTP_PARTIAL;
    return http_read_request(reader->data + reader->begin, reader->end - reader->begin, reader->body_max, head, body,
                             used);
}

enum http_arrival http_reader_next(struct http_reader *reader, struct http_head *head, struct bytes *body)
{
    struct fault why;
    const size_t most = HTTP_HEAD_MAX + 2 * reader->body_max;
    bool asked = reader->wants == NULL, wanted = true;
    start_over(reader);
    bool begun = reader->begin < reader->end;
    uint64_t deadline_ms = io_now_ms() + (begun ? reader->request_ms : reader->idle_ms);
    for (;;) {
        size_t used = 0, got = 0;
        const enum http_state state = look(reader, head, body, &used);
        if (!asked && head->is_whole && (state == HTTP_WHOLE || state == HTTP_PARTIAL)) {
            asked = true;
            wanted = reader->wants(reader->context, head);
        }
        switch (state) {
        case HTTP_WHOLE:
            reader->begin += used;
            return HTTP_ARRIVED;
        case HTTP_MALFORMED:
            return HTTP_NOT_HTTP;
        case HTTP_TOO_LARGE:
            return HTTP_OVERLONG;
        case HTTP_PARTIAL:
            break;
        }
        if (!wanted)
            return HTTP_UNWANTED;
        if (reader->end - reader->begin >= most)
            return HTTP_OVERLONG;
        if (!make_room(reader) ||
            !reader->read(reader->peer, reader->data + reader->end, reader->room - reader->end, &got, deadline_ms,
                          &why) ||
            got == 0)
            return HTTP_NONE_CAME;
        if (!begun)
            deadline_ms = io_now_ms() + reader->request_ms;
        begun = true;
        reader->end += got;
    }
}

void http_reader_end(struct http_reader *reader)
{
    free(reader->data);
    reader->data = NULL;
    reader->begin = reader->end = reader->room = 0;
}
