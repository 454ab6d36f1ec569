#include "dev/http_server.h"

#include "core/base/text.h"
#include "io/http_reader.h"
#include "io/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { IDLE_MS = 60000, REQUEST_MS = 10000, ANSWER_MS = 10000 };

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

static bool read_some(void *peer, uint8_t *out, size_t cap, size_t *len, uint64_t deadline_ms, struct fault *why)
{
    return connection_read_some(peer, out, cap, len, deadline_ms, why);
}

/* What is no request is told so. */
static void refuse(struct connection *connection, enum http_arrival arrival, uint8_t *buffer)
{
    struct http_reply reply = reply_of(buffer);
    if (arrival != HTTP_NOT_HTTP && arrival != HTTP_OVERLONG)
        return;
    reply.status = arrival == HTTP_OVERLONG ? 413 : 400;
    writer_text(&reply.body, arrival == HTTP_OVERLONG ? "too large\n" : "not an HTTP/1.1 request\n");
    (void)send_reply(connection, &reply, true);
}

void http_serve(struct connection *connection, http_handler *handler, void *context)
{
    struct http_reader reader = { .body_max = HTTP_REQUEST_BODY_MAX,
                                  .idle_ms = IDLE_MS,
                                  .request_ms = REQUEST_MS,
                                  .read = read_some,
                                  .peer = connection };
    struct http_head head;
    struct bytes body, connection_header;
    enum http_arrival arrival;
    uint8_t *reply_buffer = malloc(HTTP_REPLY_MAX);
    must(reply_buffer != NULL);
    while ((arrival = http_reader_next(&reader, &head, &body)) == HTTP_ARRIVED) {
        struct http_reply reply = reply_of(reply_buffer);
        handler(context, &head, body, &reply);
        const bool last = http_header(&head, BYTES_LIT("connection"), &connection_header) &&
                          text_equal_nocase(connection_header, BYTES_LIT("close"));
        if (!send_reply(connection, &reply, last) || last)
            break;
    }
    refuse(connection, arrival, reply_buffer);
    free(reply_buffer);
    http_reader_end(&reader);
}
