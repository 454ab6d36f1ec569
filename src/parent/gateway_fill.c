#include "parent/gateway_fill.h"

#include "core/base/text.h"
#include "core/eth/address.h"

#include <string.h>

enum { WORD_DIGITS = 64 };

bool gateway_node_quantity(struct gateway_call *call, const char *method, struct bytes params, struct u256 *quantity,
                           struct fault *why)
{
    struct json value;
    return gateway_ask_node(call, method, params, &value, why) &&
           (gateway_read_quantity(value, quantity) ||
            fault_set(why, FAULT_REMOTE, "the node's answer to %s is no quantity", method));
}

/* batchRedeemWinningTickets(tickets, signatures, rands): selector, three offsets of which the first is 96, then the
 * number of tickets. Any other calldata has none. */
static uint64_t count_tickets(const struct gateway_tx *tx)
{
    const struct bytes selector = BYTES_LIT("0xd01b808e");
    const size_t at = selector.len + 3 * WORD_DIGITS;
    struct u256 offset, count;
    uint64_t tickets;
    if (tx->data.len < at + WORD_DIGITS || !text_starts_with_nocase(tx->data, selector) ||
        !u256_read_hex((struct bytes){ tx->data.data + selector.len, WORD_DIGITS }, &offset) ||
        !u256_read_hex((struct bytes){ tx->data.data + at, WORD_DIGITS }, &count))
        return 0;
    const struct u256 first = u256_of(96);
    return u256_compare(&offset, &first) == 0 && u256_fits_u64(&count, &tickets) && tickets <= 1024 ? tickets : 0;
}

static bool fill_gas(struct gateway_call *call, struct gateway_tx *tx, struct fault *why)
{
    struct u256 gas;
    uint64_t estimate;
    struct bytes params;
    struct writer out = arena_writer(&call->arena);
    struct json_writer json = json_writer_of(&out);
    json_begin_array(&json);
    json_begin_object(&json);
    json_key(&json, "from");
    json_put_text(&json, address_lower(&tx->from).text);
    if (tx->has_to) {
        json_key(&json, "to");
        json_put_text(&json, address_lower(&tx->to).text);
    }
    if (tx->has[QUANTITY_VALUE]) {
        json_key(&json, "value");
        gateway_put_quantity(&json, &tx->quantity[QUANTITY_VALUE]);
    }
    json_key(&json, "data");
    json_put_string(&json, tx->data);
    json_end_object(&json);
    json_end_array(&json);
    if (!arena_keep(&call->arena, &out, &params))
        return fault_set(why, FAULT_LIMIT, "the transaction is too long");
    if (!gateway_node_quantity(call, "eth_estimateGas", params, &gas, why))
        return false;
    if (!u256_fits_u64(&gas, &estimate) || estimate > UINT64_MAX / 200)
        return fault_set(why, FAULT_REMOTE, "the node's estimate of the gas is no amount of gas");
    const uint64_t with_margin = estimate + (estimate * GAS_MARGIN_PERCENT + 99) / 100;
    const uint64_t for_tickets = count_tickets(tx) * GAS_A_TICKET;
    gas = u256_of(with_margin > for_tickets ? with_margin : for_tickets);
    gateway_tx_set(tx, QUANTITY_GAS, &gas);
    return true;
}

/* *has false: the chain has none. */
static bool ask_base_fee(struct gateway_call *call, bool *has, struct u256 *fee, struct fault *why)
{
    struct json block;
    if (!gateway_ask_node(call, "eth_getBlockByNumber", BYTES_LIT("[\"latest\",false]"), &block, why))
        return false;
    const struct json value = json_member(block, BYTES_LIT("baseFeePerGas"));
    *has = json_kind(value) != JSON_NONE && json_kind(value) != JSON_NULL;
    return !*has || gateway_read_quantity(value, fee) ||
           fault_set(why, FAULT_REMOTE, "the node's base fee is no quantity");
}

static bool fill_newer_fees(struct gateway_call *call, struct gateway_tx *tx, const struct u256 *base,
                            struct fault *why)
{
    struct u256 tip, fee;
    tx->type = tx->type < 2 ? 2 : tx->type;
    if (!tx->has[QUANTITY_PRIORITY_FEE]) {
        if (!gateway_node_quantity(call, "eth_maxPriorityFeePerGas", BYTES_LIT("[]"), &tip, why))
            return false;
        const bool above = tx->has[QUANTITY_MAX_FEE] && u256_compare(&tip, &tx->quantity[QUANTITY_MAX_FEE]) > 0;
        gateway_tx_set(tx, QUANTITY_PRIORITY_FEE, above ? &tx->quantity[QUANTITY_MAX_FEE] : &tip);
    }
    if (tx->has[QUANTITY_MAX_FEE])
        return true;
    if (!u256_add(base, base, &fee) || !u256_add(&fee, &tx->quantity[QUANTITY_PRIORITY_FEE], &fee))
        return fault_set(why, FAULT_REMOTE, "the node's base fee is no fee");
    gateway_tx_set(tx, QUANTITY_MAX_FEE, &fee);
    return true;
}

static bool fill_fees(struct gateway_call *call, struct gateway_tx *tx, struct fault *why)
{
    struct u256 base = u256_of(0), price;
    bool has_base = false;
    if (tx->has[QUANTITY_GAS_PRICE] || (tx->has[QUANTITY_MAX_FEE] && tx->has[QUANTITY_PRIORITY_FEE]))
        return true;
    if ((tx->type >= 2 || !tx->type_is_given) && !ask_base_fee(call, &has_base, &base, why))
        return false;
    if (has_base)
        return fill_newer_fees(call, tx, &base, why);
    if (tx->type >= 2)
        return fault_set(why, FAULT_INPUT, "transaction: this chain has no base fee; give gasPrice");
    if (!gateway_node_quantity(call, "eth_gasPrice", BYTES_LIT("[]"), &price, why))
        return false;
    gateway_tx_set(tx, QUANTITY_GAS_PRICE, &price);
    return true;
}

bool gateway_fill(struct gateway_call *call, struct gateway_tx *tx, struct fault *why)
{
    return (tx->has[QUANTITY_GAS] || fill_gas(call, tx, why)) && fill_fees(call, tx, why);
}
