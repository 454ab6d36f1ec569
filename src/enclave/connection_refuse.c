#include "core/base/text.h"
#include "enclave/connection_parts.h"

static void describe(const struct server *server, const struct connection *connection, struct fault *why)
{
    const struct server_limits *limits = &server->config->limits;
    const struct bytes header = { connection->header, connection->header_len };
    switch (connection->refusal) {
    case REFUSAL_TOO_LONG:
        fault_set(why, FAULT_LIMIT, "a frame of %zu bytes is announced, at most %u are accepted", connection->body_len,
                  limits->frame_bytes);
        if (text_is_printable(header))
            fault_set(why, FAULT_LIMIT,
                      "a frame of %zu bytes is announced, at most %u are accepted (these 4 bytes read \"%.4s\": wanted "
                      "is a length of 4 bytes, big endian, then JSON; not HTTP, not bare text)",
                      connection->body_len, limits->frame_bytes, (const char *)connection->header);
        return;
    case REFUSAL_PEER_CLOSED:
        fault_set(why, FAULT_INPUT, "peer closed");
        return;
    case REFUSAL_TOO_SLOW:
        if (connection->header_len < FRAME_HEADER)
            fault_set(why, FAULT_LIMIT,
                      "the request was not whole %u ms after its first byte (got %zu of 4 bytes of "
                      "length)",
                      limits->request_ms, connection->header_len);
        else
            fault_set(why, FAULT_LIMIT, "the request was not whole %u ms after its first byte (got %zu of %zu bytes)",
                      limits->request_ms, connection->body.len, connection->body_len);
        return;
    case REFUSAL_NONE:
        break;
    }
    must(false);
}

void connection_answer_refusal(struct server *server, struct connection *connection)
{
    struct fault why = { 0 };
    describe(server, connection, &why);
    connection_drop_block(server, &connection->body);
    uint8_t text[SERVICE_FAULT_MAX];
    struct writer out = writer_of(text, sizeof text);
    server->config->service->put_fault(&out, &why);
    struct bytes body;
    must(writer_done(&out, &body));
    struct block *answer = &connection_exchange_now(connection)->job.answer;
    if (!block_grow(answer, FRAME_HEADER + body.len)) {
        connection_close(server, connection);
        return;
    }
    struct writer frame = writer_of(answer->data, answer->cap);
    frame_write_header(&frame, body.len);
    writer_put(&frame, body);
    must(writer_done(&frame, &body));
    answer->len = body.len;
    server->buffered += answer->cap;
    connection->last_answer = true;
    connection_start_answer(server, connection);
}

void connection_refuse(struct server *server, struct connection *connection, enum refusal refusal)
{
    connection->refusal = refusal;
    connection->settles_ms = 0;
    if (connection->state == CONNECTION_READING)
        connection_answer_refusal(server, connection);
    else
        connection_watch(server, connection);
}
