#include "dev/http_server.h"

#include "core/base/text.h"
#include "io/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { IDLE_MS = 60000, REQUEST_MS = 10000, ANSWER_MS = 10000, FIRST_ROOM = 16384 };

struct arrived {
    uint8_t *data;
    size_t len, room;
};

static const char *status_text(unsigned status)
{
    static const struct {
        unsigned status;
        const char *text;
    } texts[] = { { 200, "OK" },           { 400, "Bad Request" },
                  { 401, "Unauthorized" }, { 403, "Forbidden" },
                  { 404, "Not Found" },    { 405, "Method Not Allowed" },
                  { 413, "Too Large" },    { 500, "Internal Server Error" } };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (texts[i].status == status)
            return texts[i].text;
    }
    return "Unknown";
}

static bool send_reply(struct connection *connection, struct http_reply *reply, bool last)
{
    char head[512];
    struct bytes body;
    struct fault why = { 0 };
    if (!writer_done(&reply->body, &body))
        return false;
    const time_t now = time(NULL);
    struct tm utc;
    char date[40]; /* RFC 9110 section 6.6.1 */
    must(gmtime_r(&now, &utc) != NULL && strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &utc) > 0);
    const int len =
        snprintf(head, sizeof head, "HTTP/1.1 %u %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nDate: %s\r\n%s%s\r\n",
                 reply->status, status_text(reply->status), reply->content_type, body.len, date, reply->headers,
                 last ? "Connection: close\r\n" : "");
    must(len > 0 && (size_t)len < sizeof head);
    const uint64_t deadline_ms = io_now_ms() + ANSWER_MS;
    return connection_write(connection, (struct bytes){ (const uint8_t *)head, (size_t)len }, deadline_ms, &why) &&
           connection_write(connection, body, deadline_ms, &why);
}

static struct http_reply reply_of(uint8_t *buffer)
{
    return (
        struct http_reply){ .status = 200, .content_type = "text/plain", .body = writer_of(buffer, HTTP_REPLY_MAX) };
}

/* A whole request at the beginning of what has arrived. False: the connection is done. */
static bool read_request(struct connection *connection, struct arrived *arrived, uint8_t *reply_buffer,
                         struct http_head *head, struct bytes *body, size_t *used)
{
    struct fault why = { 0 };
    uint64_t deadline_ms = io_now_ms() + (arrived->len > 0 ? REQUEST_MS : IDLE_MS);
    for (;;) {
        const enum http_state state =
            arrived->len == 0 ? HTTP_PARTIAL
                              : http_read_request(arrived->data, arrived->len, HTTP_REQUEST_BODY_MAX, head, body, used);
        if (state == HTTP_WHOLE)
            return true;
        if (state != HTTP_PARTIAL) {
            struct http_reply reply = reply_of(reply_buffer);
            reply.status = state == HTTP_TOO_LARGE ? 413 : 400;
            writer_text(&reply.body, state == HTTP_TOO_LARGE ? "too large\n" : "not an HTTP/1.1 request\n");
            (void)send_reply(connection, &reply, true);
            return false;
        }
        if (arrived->len == arrived->room) {
            arrived->room = arrived->room == 0 ? FIRST_ROOM : arrived->room * 2;
            uint8_t *larger = realloc(arrived->data, arrived->room);
            must(larger != NULL);
            arrived->data = larger;
        }
        size_t got = 0;
        if (!connection_read_some(connection, arrived->data + arrived->len, arrived->room - arrived->len, &got,
                                  deadline_ms, &why) ||
            got == 0)
            return false;
        if (arrived->len == 0)
            deadline_ms = io_now_ms() + REQUEST_MS;
        arrived->len += got;
    }
}

void http_serve(struct connection *connection, http_handler *handler, void *context)
{
    struct arrived arrived = { 0 };
    struct http_head head;
    struct bytes body, connection_header;
    size_t used = 0;
    uint8_t *reply_buffer = malloc(HTTP_REPLY_MAX);
    must(reply_buffer != NULL);
    while (read_request(connection, &arrived, reply_buffer, &head, &body, &used)) {
        struct http_reply reply = reply_of(reply_buffer);
        handler(context, &head, body, &reply);
        const bool last = http_header(&head, BYTES_LIT("connection"), &connection_header) &&
                          text_equal_nocase(connection_header, BYTES_LIT("close"));
        if (!send_reply(connection, &reply, last) || last)
            break;
        arrived.len -= used;
        memmove(arrived.data, arrived.data + used, arrived.len);
    }
    free(reply_buffer);
    free(arrived.data);
}
