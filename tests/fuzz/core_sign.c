/* Signing: whatever comes back with a signature was allowed, by who holds the key and by the policy, looked at anew. */
#include "core_run.h"

#include "core/base/text.h"

#include <stdio.h>

/* Something was signed: there was a key, and its lease had not ended. */
static void check_signed(struct core_run *run, const struct again_charge *charge)
{
    struct core_model *const model = &run->model;
    const uint64_t now_ms = core_now(run);
    must(model->provisioned && (model->lease_ends_ms == 0 || now_ms < model->lease_ends_ms));
    model->signatures++;
    if (model->policy.given)
        budget_again_charge(&run->budget, charge, now_ms);
}

static struct bytes hex_member(struct json result, const char *name, uint8_t *room, size_t cap)
{
    struct bytes text;
    must(json_plain_string(json_member(result, bytes_of_text(name)), &text) && text.len >= 2 &&
         text.len / 2 - 1 <= cap);
    must(text_read_hex((struct bytes){ text.data + 2, text.len - 2 }, room));
    return (struct bytes){ room, text.len / 2 - 1 };
}

static void check_signature(const struct core_run *run, struct json result, struct bytes message)
{
    uint8_t signature[65], signer[20];
    must(again_message_signer(hex_member(result, "signature", signature, sizeof signature), message, signer));
    must(memcmp(signer, run->model.address, 20) == 0);
}

void core_sign_transaction(struct core_run *run)
{
    static uint8_t raw[CORE_REQUEST_MAX];
    static struct again_charge charge;
    struct writer *const out = core_begin(run);
    writer_text(out, "{\"method\":\"sign_transaction\",\"params\":{\"tx\":");
    deeds_put_tx(run->deeds, out);
    writer_text(out, "}}");
    const struct json result = core_ask(run);
    if (json_kind(result) != JSON_OBJECT)
        return;
    charge = (struct again_charge){ .ticket_count = 0 };
    const struct bytes signed_tx = hex_member(result, "raw_tx", raw, sizeof raw);
    if (run->model.policy.given)
        must(policy_again_allows_raw(&run->model.policy.rules, run->model.address, signed_tx, &charge));
    check_signed(run, &charge);
}

void core_sign_ticket(struct core_run *run)
{
    static struct again_charge charge;
    struct deeds_ticket ticket;
    struct writer *const out = core_begin(run);
    deeds_ticket(run->deeds, &ticket);
    writer_text(out, "{\"method\":\"sign_ticket\",\"params\":{\"ticket\":");
    deeds_put_ticket(run->deeds, &ticket, out);
    writer_text(out, "}}");
    const struct json result = core_ask(run);
    if (json_kind(result) != JSON_OBJECT)
        return;
    const struct hash32 hash = keccak256(BYTES_OF(ticket.packed));
    charge = (struct again_charge){ .ticket_count = 0 };
    check_signature(run, result, BYTES_OF(hash.bytes));
    if (run->model.policy.given)
        must(policy_again_allows_ticket(&run->model.policy.rules, run->model.address, ticket.packed, &charge));
    check_signed(run, &charge);
}

/* With the ticket beside it, another ticket beside it, or none; of 32 bytes or not. */
void core_sign_message(struct core_run *run)
{
    static struct again_charge charge;
    struct deeds_ticket ticket;
    struct writer *const out = core_begin(run);
    const unsigned beside = deeds_pick(run->deeds, 3), len = deeds_pick(run->deeds, 3) == 1 ? 31 : 32;
    deeds_ticket(run->deeds, &ticket);
    const struct hash32 hash = keccak256(BYTES_OF(ticket.packed));
    const struct bytes message = { hash.bytes, len };
    writer_text(out, "{\"method\":\"sign_message_defunct\",\"params\":{\"message_hash\":\"0x");
    text_put_hex(out, message);
    writer_text(out, "\"");
    if (beside > 0) {
        struct deeds_ticket other = ticket;
        other.packed[231] ^= beside == 2;
        writer_text(out, ",\"ticket\":");
        deeds_put_ticket(run->deeds, &other, out);
    }
    writer_text(out, "}}");
    const struct json result = core_ask(run);
    if (json_kind(result) != JSON_OBJECT)
        return;
    charge = (struct again_charge){ .ticket_count = 0 };
    check_signature(run, result, message);
    must(beside != 2 && (beside != 1 || len == 32));
    if (run->model.policy.given && beside == 0)
        must(policy_again_allows_blind_message(&run->model.policy.rules));
    if (run->model.policy.given && beside == 1)
        must(policy_again_allows_ticket(&run->model.policy.rules, run->model.address, ticket.packed, &charge));
    check_signed(run, &charge);
}

void core_sign_typed_data(struct core_run *run)
{
    static const struct again_charge nothing;
    writer_text(core_begin(run),
                "{\"method\":\"sign_typed_data\",\"params\":{\"typed_data\":{\"types\":{\"EIP712Domain\":[{"
                "\"name\":\"chainId\",\"type\":\"uint256\"}],\"A\":[{\"name\":\"a\",\"type\":"
                "\"uint256\"}]},\"primaryType\":\"A\",\"domain\":{\"chainId\":1},\"message\":{\"a\":1}}}}");
    if (json_kind(core_ask(run)) != JSON_OBJECT)
        return;
    must(!run->model.policy.given || policy_again_allows_typed_data(&run->model.policy.rules));
    check_signed(run, &nothing);
}
