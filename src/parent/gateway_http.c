#include "parent/gateway_http.h"

#include "core/base/text.h"
#include "parent/memory_release.h"

#include <stdlib.h>

static void put_upcheck(struct gateway *gateway, struct http_answer *answer)
{
    (void)gateway;
    writer_text(&answer->body, "OK");
}

static const struct {
    const char *path;
    void (*put)(struct gateway *gateway, struct http_answer *answer);
} pages[] = {
    { "/upcheck", put_upcheck },
    { "/healthcheck", gateway_page_health },
    { "/metrics", gateway_page_metrics },
    { "/api/v1/eth1/publicKeys", gateway_page_public_keys },
};

static void say(struct http_answer *answer, unsigned status, const char *sentence)
{
    answer->status = status;
    writer_text(&answer->body, sentence);
}

static void get_page(struct gateway *gateway, const struct http_head *head, struct http_answer *answer)
{
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
        if (bytes_equal(head->target, bytes_of_text(pages[i].path))) {
            pages[i].put(gateway, answer);
            return;
        }
    say(answer, 404, "no such page\n");
}

bool gateway_http_wants(void *worker, const struct http_head *head)
{
    return gateway_guard(((const struct gateway_call *)worker)->gateway, head, NULL);
}

static bool asker_is_there(const void *answer)
{
    return http_asker_is_there(answer);
}

void gateway_http_answer(void *worker, const struct http_head *head, struct bytes body, struct http_answer *answer)
{
    struct gateway_call *const call = worker;
    if (!gateway_guard(call->gateway, head, answer))
        return;
    if (bytes_equal(head->method, BYTES_LIT("GET")) || bytes_equal(head->method, BYTES_LIT("HEAD"))) {
        get_page(call->gateway, head, answer);
    } else if (bytes_equal(head->method, BYTES_LIT("OPTIONS")) && answer->origin.len > 0) {
        answer->status = 200; /* the headers are the answer */
    } else if (!bytes_equal(head->method, BYTES_LIT("POST"))) {
        say(answer, 405, "GET or POST\n");
    } else if (text_starts_with(head->target, BYTES_LIT("/api/v1/eth1/sign"))) {
        say(answer, 404, "this signs no bytes of the caller's choosing; use eth_sign or eth_signTransaction\n");
    } else if (!bytes_equal(head->target, BYTES_LIT("/"))) {
        say(answer, 404, "JSON-RPC is at /\n");
    } else {
        answer->content_type = "application/json";
        call->asker = answer;
        call->asker_is_there = asker_is_there;
        answer->status = gateway_rpc(call, body, &answer->body);
        call->asker = NULL;
        if (body.len > MEMORY_LARGE || answer->body.len > MEMORY_LARGE)
            memory_release(call->room, GATEWAY_ARENA);
    }
}

void *gateway_http_make_worker(void *gateway)
{
    struct gateway_call *const call = malloc(sizeof *call + GATEWAY_ARENA);
    if (call == NULL)
        return NULL;
    *call = (struct gateway_call){ .gateway = gateway };
    call->arena = arena_of(call->room, GATEWAY_ARENA);
    return call;
}

void gateway_http_end_worker(void *worker)
{
    free(worker);
}
