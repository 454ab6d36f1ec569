/* Whatever is posted: the answer is empty or JSON, of as many parts as were asked for; nothing is signed where no
 * signer is. A transaction object that is taken becomes a dictionary that is taken again and becomes itself. */
#include "fuzz.h"

#include "parent/gateway.h"

#include <stdio.h>

enum { OUT_MAX = 1 << 20, TEXT_MAX = 1 << 16 };

static const struct address OURS = { { 0x53 } };

static struct gateway_call *start(void)
{
    static struct gateway gateway;
    struct fault why;
    struct gateway_call *const call = malloc(sizeof *call + GATEWAY_ARENA);
    must(call != NULL);
    gateway.signers =
        (struct gateway_signers){ .endpoint_count = 1, .timeout_ms = 1000, .has_address = true, .address = OURS };
    must(endpoint_read("unix:/nonexistent/signer.sock", &gateway.signers.endpoints[0].endpoint, &why));
    signers_start(&gateway.signers);
    nonces_start(&gateway.nonces);
    must(pthread_mutex_init(&gateway.key_lock, NULL) == 0);
    ecdsa_start((const uint8_t[32]){ 1 });
    *call = (struct gateway_call){ .gateway = &gateway };
    call->arena = arena_of(call->room, GATEWAY_ARENA);
    return call;
}

static void check_answer(struct bytes asked, struct bytes answer)
{
    struct json request, reply;
    struct fault why;
    if (answer.len == 0)
        return;
    must(json_read(answer, &reply, &why));
    if (json_kind(reply) == JSON_ARRAY) {
        must(json_read(asked, &request, &why) && json_count(reply) <= json_count(request));
        return;
    }
    must(json_kind(reply) == JSON_OBJECT && json_count(reply) == 3);
    must((json_kind(json_member(reply, BYTES_LIT("result"))) == JSON_NONE) !=
         (json_kind(json_member(reply, BYTES_LIT("error"))) == JSON_NONE));
}

static size_t put_settled(struct bytes text, uint8_t *room, size_t cap)
{
    struct json object;
    struct gateway_tx tx;
    struct fault why;
    const struct u256 chain = u256_of(42161);
    struct writer out = writer_of(room, cap);
    struct json_writer json = json_writer_of(&out);
    if (!json_read(text, &object, &why) || !gateway_tx_read(object, &tx, &why) ||
        !gateway_tx_settle(&tx, &OURS, &chain, &why) || !gateway_tx_is_complete(&tx, &why))
        return 0;
    gateway_tx_put(&json, &tx);
    return out.failed ? 0 : out.len;
}

static void check_tx(struct bytes text)
{
    static uint8_t once[TEXT_MAX], twice[TEXT_MAX];
    const size_t len = put_settled(text, once, sizeof once);
    if (len == 0)
        return;
    const size_t again = put_settled((struct bytes){ once, len }, twice, sizeof twice);
    must(again == len && memcmp(once, twice, len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct gateway_call *call;
    static uint8_t room[OUT_MAX];
    if (call == NULL)
        call = start();
    uint8_t *const copy = exact_copy(data, len);
    struct writer out = writer_of(room, sizeof room);
    const unsigned status = gateway_rpc(call, (struct bytes){ copy, len }, &out);
    must((status == 200 || status == 400) && !out.failed);
    check_answer((struct bytes){ copy, len }, (struct bytes){ room, out.len });
    check_tx((struct bytes){ copy, len });
    free(copy);
    return 0;
}
