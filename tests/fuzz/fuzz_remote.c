/* What an Ethereum node and a signer answer, read by those who asked them: a result, a refusal or a doubt, each exactly
 * when the answer's members say so, and nothing of it unprintable in a message. The exchange with a node stands here in
 * libcurl's place; the signer answers over a socket.
 *
 *   u8 who: even a node, odd a signer | its answer
 */
#include "fuzz.h"

#include "core/base/text.h"
#include "io/stream.h"
#include "parent/eth_node.h"
#include "parent/http_client.h"
#include "parent/signer_client.h"

#include <sys/socket.h>
#include <unistd.h>

enum { ARENA = 1 << 18 };

static struct bytes said;

struct http_line {
    unsigned exchanges;
};

struct http_line *http_line_open(void)
{
    static struct http_line line;
    return &line;
}

void http_line_close(struct http_line *line)
{
    (void)line;
}

bool http_line_exchange(struct http_line *line, const struct http_call *call, unsigned *status, struct writer *body,
                        struct fault *why)
{
    (void)why;
    must(call->body.len > 0);
    line->exchanges++;
    *status = 200;
    writer_put(body, said);
    return true;
}

static enum json_kind kind_of(const char *member)
{
    struct json document;
    struct fault why;
    if (!json_read(said, &document, &why) || json_kind(document) != JSON_OBJECT)
        return JSON_NONE;
    return json_kind(json_member(document, bytes_of_text(member)));
}

static void ask_node(void)
{
    static uint8_t room[ARENA];
    static struct eth_node node;
    if (node.url == NULL)
        eth_node_start(&node, "http://localhost");
    struct arena arena = arena_of(room, sizeof room);
    struct json value = { 0 };
    struct fault why = { 0 };
    const enum eth_node_answer answer = eth_node_call(&node, "eth_chainId", BYTES_LIT("[]"), &arena, &value, &why);
    must((answer == ETH_NODE_ERROR) == (kind_of("error") == JSON_OBJECT));
    must((answer == ETH_NODE_RESULT) == (kind_of("error") != JSON_OBJECT && kind_of("result") != JSON_NONE));
    must(answer == ETH_NODE_UNCERTAIN ? why.code == FAULT_REMOTE && text_is_printable(bytes_of_text(why.text))
                                      : value.text.data > room && value.text.data < room + sizeof room);
}

static void ask_signer(void)
{
    static struct signer_client client;
    struct json result = { 0 };
    struct bytes request;
    struct fault why = { 0 };
    uint8_t header[FRAME_HEADER];
    struct writer out = writer_of(header, sizeof header);
    int pair[2];
    must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
    frame_write_header(&out, said.len);
    must(write(pair[1], header, sizeof header) == sizeof header);
    must(said.len == 0 || write(pair[1], said.data, said.len) == (ssize_t)said.len);
    (void)signer_begin(&client, "address");
    must(signer_end(&client, &request, &why));
    const enum exit_code code = signer_ask(&client, pair[0], request, io_now_ms() + 1000, &result, &why);
    must(close(pair[0]) == 0 && close(pair[1]) == 0);
    must((code == EXIT_CODE_DONE) == (kind_of("error") == JSON_NONE && kind_of("result") == JSON_OBJECT));
    must((code == EXIT_CODE_REFUSED) == (kind_of("error") != JSON_NONE));
    must(code == EXIT_CODE_DONE ? json_kind(result) == JSON_OBJECT
                                : code == EXIT_CODE_REFUSED || code == EXIT_CODE_UNREACHED);
    must(code == EXIT_CODE_DONE || (why.code != FAULT_NONE && text_is_printable(bytes_of_text(why.text))));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len == 0)
        return 0;
    uint8_t *const input = exact_copy(data + 1, len - 1);
    said = (struct bytes){ input, len - 1 };
    if (data[0] % 2 == 0)
        ask_node();
    else
        ask_signer();
    free(input);
    return 0;
}
