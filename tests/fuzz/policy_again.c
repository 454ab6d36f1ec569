#include "policy_again.h"

#include <stdio.h>

static struct json member(struct json object, const char *name)
{
    const struct json value = json_member(object, bytes_of_text(name));
    must(json_kind(value) != JSON_NONE);
    return value;
}

/* The digits of an integer, or of a string of digits. */
static struct wei read_integer(struct json value)
{
    struct wei number = wei_of(0);
    struct bytes text = value.text;
    if (json_kind(value) == JSON_STRING)
        text = (struct bytes){ text.data + 1, text.len - 2 };
    must(text.len >= 1 && text.len <= 78);
    for (size_t i = 0; i < text.len; i++) {
        must(text.data[i] >= '0' && text.data[i] <= '9');
        number = wei_add(wei_times(number, 10), wei_of(text.data[i] - '0'));
    }
    must(number.limb[4] == 0);
    return number;
}

static struct again_limit read_limit(struct json value)
{
    if (bytes_equal(value.text, BYTES_LIT("\"unlimited\"")))
        return (struct again_limit){ .unlimited = true };
    return (struct again_limit){ .value = read_integer(value) };
}

static bool read_bool(struct json value)
{
    must(bytes_equal(value.text, BYTES_LIT("true")) || bytes_equal(value.text, BYTES_LIT("false")));
    return value.text.data[0] == 't';
}

static void read_address(struct json value, uint8_t out[static 20])
{
    must(value.text.len == 44 && value.text.data[1] == '0' && value.text.data[2] == 'x');
    for (size_t i = 0; i < 20; i++) {
        unsigned byte;
        must(sscanf((const char *)value.text.data + 3 + 2 * i, "%2x", &byte) == 1);
        out[i] = (uint8_t)byte;
    }
}

void policy_again_read(struct json document, struct policy_again *policy)
{
    const struct json budget = member(document, "budget"), treasury = member(document, "treasury");
    *policy = (struct policy_again){
        .document = document,
        .chain_id = read_integer(member(document, "chain_id")),
        .has_treasury = json_kind(treasury) == JSON_STRING,
        .allow_fund_deposit = read_bool(member(document, "allow_fund_deposit")),
        .allow_withdraw = read_bool(member(document, "allow_withdraw")),
        .face_value = read_limit(member(document, "max_face_value_wei")),
        .total_face_value = read_limit(member(document, "max_total_face_value_wei")),
        .fund_deposit = read_limit(member(document, "max_fund_deposit_wei")),
        .gas = read_limit(member(document, "max_gas")),
        .fee_per_gas = read_limit(member(document, "max_fee_per_gas_wei")),
        .tx_fee = read_limit(member(document, "max_tx_fee_wei")),
        .messages = member(document, "messages"),
        .typed_data = member(document, "typed_data"),
        .window_ms = wei_times(read_integer(member(budget, "window_seconds")), 1000).limb[0],
        .starts_empty = bytes_equal(member(budget, "start").text, BYTES_LIT("\"empty\"")),
        .budget_face_value = read_limit(member(budget, "max_face_value_wei")),
        .budget_fund_deposit = read_limit(member(budget, "max_fund_deposit_wei")),
        .budget_fee = read_limit(member(budget, "max_fee_wei")),
    };
    read_address(member(document, "ticket_broker"), policy->broker);
    if (policy->has_treasury)
        read_address(treasury, policy->treasury);
    must(!wei_is_zero(policy->chain_id));
}

static bool within(const struct again_limit *limit, struct wei value)
{
    return limit->unlimited || wei_compare(value, limit->value) <= 0;
}

static bool recover(const uint8_t *r, size_t r_len, const uint8_t *s, size_t s_len, unsigned parity,
                    const struct hash32 *digest, uint8_t signer[static 20])
{
    struct signature signature = { .y_parity = (uint8_t)parity };
    struct address address;
    if (r_len > 32 || s_len > 32 || parity > 1)
        return false;
    memcpy(signature.r + 32 - r_len, r, r_len);
    memcpy(signature.s + 32 - s_len, s, s_len);
    if (!ecdsa_recover(&signature, digest, &address))
        return false;
    memcpy(signer, address.bytes, 20);
    return true;
}

bool again_message_signer(struct bytes signature, struct bytes message, uint8_t signer[static 20])
{
    char prefix[64];
    const int len = snprintf(prefix, sizeof prefix,
                             "\x19"
                             "Ethereum Signed Message:\n%zu",
                             message.len);
    struct keccak state = keccak_start();
    keccak_add(&state, (struct bytes){ (const uint8_t *)prefix, (size_t)len });
    keccak_add(&state, message);
    const struct hash32 digest = keccak_end(&state);
    return signature.len == 65 && signature.data[64] >= 27 &&
           recover(signature.data, 32, signature.data + 32, 32, signature.data[64] - 27u, &digest, signer);
}

/* --- tickets */

static bool recipient_is_listed(const struct policy_again *policy, const uint8_t recipient[static 20])
{
    struct json key, item;
    uint8_t listed[20];
    bool anybody = true;
    for (struct json_cursor at = json_items(member(policy->document, "allowed_recipients"));
         json_next(&at, &key, &item);) {
        anybody = false;
        read_address(item, listed);
        if (memcmp(listed, recipient, 20) == 0)
            return true;
    }
    return anybody && !read_bool(member(policy->document, "require_allowlist"));
}

static bool ticket_is_allowed(const struct policy_again *policy, const uint8_t signer[static 20],
                              const uint8_t packed[static AGAIN_TICKET_BYTES], struct again_charge *charge)
{
    const struct wei face_value = wei_of_bytes(packed + 40, 32);
    if (!recipient_is_listed(policy, packed) || memcmp(packed + 20, signer, 20) != 0 ||
        !within(&policy->face_value, face_value) || charge->ticket_count == AGAIN_TICKETS_MAX)
        return false;
    charge->tickets[charge->ticket_count].hash = keccak256((struct bytes){ packed, AGAIN_TICKET_BYTES });
    charge->tickets[charge->ticket_count++].face_value = face_value;
    return true;
}

bool policy_again_allows_ticket(const struct policy_again *policy, const uint8_t signer[static 20],
                                const uint8_t packed[static AGAIN_TICKET_BYTES], struct again_charge *charge)
{
    *charge = (struct again_charge){ .ticket_count = 0 };
    return !bytes_equal(policy->messages.text, BYTES_LIT("\"none\"")) &&
           ticket_is_allowed(policy, signer, packed, charge);
}

bool policy_again_allows_blind_message(const struct policy_again *policy)
{
    return bytes_equal(policy->messages.text, BYTES_LIT("\"any\""));
}

bool policy_again_allows_typed_data(const struct policy_again *policy)
{
    return bytes_equal(policy->typed_data.text, BYTES_LIT("\"any\""));
}

/* --- calldata, as Solidity's decoder follows it: any offset, in bounds */

static bool word_at(struct bytes data, size_t at, uint64_t *value)
{
    if (at > data.len || data.len - at < 32)
        return false;
    const struct wei wide = wei_of_bytes(data.data + at, 32);
    *value = wide.limb[0];
    return (wide.limb[1] | wide.limb[2] | wide.limb[3]) == 0 && wide.limb[0] < (uint64_t)1 << 32;
}

/* The dynamic thing whose offset stands at `at`, counted from `base`. */
static bool follow(struct bytes data, size_t base, size_t at, size_t *place)
{
    uint64_t offset;
    if (!word_at(data, at, &offset) || offset > data.len - base)
        return false;
    *place = base + (size_t)offset;
    return true;
}

static bool bytes_at(struct bytes data, size_t at, size_t wanted, struct bytes *found)
{
    uint64_t len;
    if (!word_at(data, at, &len) || len != wanted || data.len - at - 32 < wanted)
        return false;
    *found = (struct bytes){ data.data + at + 32, wanted };
    return true;
}

static bool ticket_at(const struct policy_again *policy, const uint8_t signer[static 20], struct bytes data, size_t at,
                      size_t signature_at, struct again_charge *charge)
{
    uint8_t packed[AGAIN_TICKET_BYTES], made_by[20];
    struct bytes aux, signature;
    size_t aux_at;
    if (at > data.len || data.len - at < 7 * 32 || !follow(data, at, at + 6 * 32, &aux_at) ||
        !bytes_at(data, aux_at, 64, &aux) || !bytes_at(data, signature_at, 65, &signature))
        return false;
    memcpy(packed, data.data + at + 12, 20);
    memcpy(packed + 20, data.data + at + 32 + 12, 20);
    memcpy(packed + 40, data.data + at + 64, 4 * 32);
    memcpy(packed + 168, aux.data, 64);
    const struct hash32 hash = keccak256(BYTES_OF(packed));
    return ticket_is_allowed(policy, signer, packed, charge) &&
           again_message_signer(signature, BYTES_OF(hash.bytes), made_by) && memcmp(made_by, signer, 20) == 0;
}

static bool one_ticket(const struct policy_again *policy, const uint8_t signer[static 20], struct bytes data,
                       struct again_charge *charge)
{
    size_t ticket, signature;
    return data.len >= 96 && follow(data, 0, 0, &ticket) && follow(data, 0, 32, &signature) &&
           ticket_at(policy, signer, data, ticket, signature, charge);
}

static bool batch(const struct policy_again *policy, const uint8_t signer[static 20], struct bytes data,
                  struct again_charge *charge)
{
    size_t tickets, signatures, rands;
    uint64_t count, signature_count, rand_count;
    struct wei sum = wei_of(0);
    if (data.len < 96 || !follow(data, 0, 0, &tickets) || !follow(data, 0, 32, &signatures) ||
        !follow(data, 0, 64, &rands) || !word_at(data, tickets, &count) ||
        !word_at(data, signatures, &signature_count) || !word_at(data, rands, &rand_count) || count == 0 ||
        count > 256 || count != signature_count || count != rand_count || (data.len - rands) / 32 < 1 + count)
        return false;
    for (size_t i = 0; i < count; i++) {
        size_t ticket, signature;
        if (!follow(data, tickets + 32, tickets + 32 + 32 * i, &ticket) ||
            !follow(data, signatures + 32, signatures + 32 + 32 * i, &signature) ||
            !ticket_at(policy, signer, data, ticket, signature, charge))
            return false;
        sum = wei_add(sum, charge->tickets[i].face_value);
    }
    return within(&policy->total_face_value, sum);
}

static bool call_is_allowed(const struct policy_again *policy, const uint8_t signer[static 20], struct wei value,
                            struct bytes data, struct again_charge *charge)
{
    if (data.len < 4)
        return false;
    const struct bytes arguments = { data.data + 4, data.len - 4 };
    if (memcmp(data.data, "\x6c\xaa\x73\x6b", 4) == 0) {
        charge->fund_deposit = value;
        return policy->allow_fund_deposit && data.len == 4 && !wei_is_zero(value) &&
               within(&policy->fund_deposit, value);
    }
    if (!wei_is_zero(value))
        return false;
    if (memcmp(data.data, "\xec\x8b\x3c\xb6", 4) == 0)
        return one_ticket(policy, signer, arguments, charge);
    if (memcmp(data.data, "\xd0\x1b\x80\x8e", 4) == 0)
        return batch(policy, signer, arguments, charge);
    return policy->allow_withdraw && data.len == 4 &&
           (memcmp(data.data, "\xa6\x9d\xf4\xb5", 4) == 0 || memcmp(data.data, "\x3c\xcf\xd6\x0b", 4) == 0);
}

/* --- signed transactions */

enum { FIELDS_MAX = 16 };

struct fields {
    size_t count;
    bool is_list[FIELDS_MAX];
    struct bytes item[FIELDS_MAX]; /* payloads */
    struct bytes list;             /* the payload of all */
    size_t end[FIELDS_MAX];        /* in `list`, after each */
};

/* One item's payload, of RLP at `at`; moves on. */
static bool rlp_item(struct bytes in, size_t *at, bool *is_list, struct bytes *payload)
{
    if (*at >= in.len)
        return false;
    const uint8_t head = in.data[*at];
    size_t len = 1, skip = 0;
    *is_list = head >= 0xc0;
    if (head >= 0x80) {
        const size_t low = head - (head >= 0xc0 ? 0xc0u : 0x80u);
        skip = 1;
        len = low;
        if (low > 55) {
            skip += low - 55;
            if (skip > in.len - *at || low - 55 > 4)
                return false;
            len = (size_t)wei_of_bytes(in.data + *at + 1, low - 55).limb[0];
        }
    }
    if (len > in.len - *at - skip)
        return false;
    *payload = (struct bytes){ in.data + *at + skip, len };
    *at += skip + len;
    return true;
}

static bool read_fields(struct bytes rlp, struct fields *fields)
{
    size_t at = 0, inside = 0;
    bool is_list;
    if (!rlp_item(rlp, &at, &is_list, &fields->list) || !is_list || at != rlp.len)
        return false;
    for (fields->count = 0; inside < fields->list.len; fields->count++) {
        if (fields->count == FIELDS_MAX ||
            !rlp_item(fields->list, &inside, &fields->is_list[fields->count], &fields->item[fields->count]))
            return false;
        fields->end[fields->count] = inside;
    }
    return true;
}

/* Keccak-256 of the list header for these parts, and the parts; `type` first where it is not 0. */
static struct hash32 hash_list(unsigned type, struct bytes first, struct bytes second)
{
    uint8_t header[8];
    size_t len = 0, total = first.len + second.len;
    if (type != 0)
        header[len++] = (uint8_t)type;
    if (total < 56) {
        header[len++] = (uint8_t)(0xc0 + total);
    } else {
        size_t digits = 1;
        while (total >> (8 * digits) != 0)
            digits++;
        header[len++] = (uint8_t)(0xf7 + digits);
        for (size_t i = digits; i-- > 0;)
            header[len++] = (uint8_t)(total >> (8 * i));
    }
    struct keccak state = keccak_start();
    keccak_add(&state, (struct bytes){ header, len });
    keccak_add(&state, first);
    keccak_add(&state, second);
    return keccak_end(&state);
}

/* A legacy transaction's v says chain and parity; false: not of EIP-155, valid on every chain. */
static bool legacy_chain(struct bytes v, struct wei *chain_id, unsigned *parity)
{
    if (v.len == 0 || v.len > 8)
        return false;
    const uint64_t value = wei_of_bytes(v.data, v.len).limb[0];
    if (value < 37)
        return false;
    *chain_id = wei_of((value - 35) / 2);
    *parity = (unsigned)((value - 35) % 2);
    return true;
}

static bool signed_by(unsigned type, const struct fields *fields, struct wei chain_id, unsigned parity,
                      const uint8_t signer[static 20])
{
    uint8_t tail[16], made_by[20];
    size_t tail_len = 0;
    const size_t last = fields->count - 4;
    if (type == 0) { /* EIP-155: chain id, 0, 0 */
        uint8_t number[32];
        size_t from = 0;
        wei_put(chain_id, number);
        while (from < 31 && number[from] == 0)
            from++;
        if (from < 31 || number[31] >= 0x80)
            tail[tail_len++] = (uint8_t)(0x80 + 32 - from);
        memcpy(tail + tail_len, number + from, 32 - from);
        tail_len += 32 - from;
        tail[tail_len++] = 0x80;
        tail[tail_len++] = 0x80;
    }
    const struct bytes unsigned_part = { fields->list.data, fields->end[last] };
    const struct hash32 digest = hash_list(type, unsigned_part, (struct bytes){ tail, tail_len });
    const struct bytes r = fields->item[last + 2], s = fields->item[last + 3];
    return recover(r.data, r.len, s.data, s.len, parity, &digest, made_by) && memcmp(made_by, signer, 20) == 0;
}

bool policy_again_allows_raw(const struct policy_again *policy, const uint8_t signer[static 20], struct bytes raw,
                             struct again_charge *charge)
{
    static const struct {
        size_t count, gas, fee;
    } places[] = { { 9, 2, 1 }, { 11, 3, 2 }, { 12, 4, 3 } };
    struct fields fields;
    struct wei chain_id;
    unsigned parity;
    *charge = (struct again_charge){ .ticket_count = 0 };
    if (raw.len == 0)
        return false;
    const unsigned type = raw.data[0] >= 0xc0 ? 0 : raw.data[0];
    if (type > 2)
        return false;
    const size_t skip = type == 0 ? 0 : 1;
    if (!read_fields((struct bytes){ raw.data + skip, raw.len - skip }, &fields) || fields.count != places[type].count)
        return false;
    if (type == 0) {
        if (!legacy_chain(fields.item[6], &chain_id, &parity))
            return false;
    } else {
        const struct bytes v = fields.item[fields.count - 3];
        chain_id = wei_of_bytes(fields.item[0].data, fields.item[0].len);
        parity = v.len == 0 ? 0 : v.data[0];
    }
    const size_t gas_at = places[type].gas;
    const struct bytes to = fields.item[gas_at + 1], value = fields.item[gas_at + 2], data = fields.item[gas_at + 3],
                       gas_bytes = fields.item[gas_at], fee_bytes = fields.item[places[type].fee];
    if (gas_bytes.len > 8 || fee_bytes.len > 32 || value.len > 32 || to.len != 20)
        return false;
    const struct wei gas = wei_of_bytes(gas_bytes.data, gas_bytes.len),
                     fee_per_gas = wei_of_bytes(fee_bytes.data, fee_bytes.len),
                     fee = wei_times(fee_per_gas, gas.limb[0]);
    if (wei_compare(chain_id, policy->chain_id) != 0 || !within(&policy->gas, gas) ||
        !within(&policy->fee_per_gas, fee_per_gas) || !within(&policy->tx_fee, fee) ||
        !signed_by(type, &fields, chain_id, parity, signer))
        return false;
    charge->fee = fee;
    if (policy->has_treasury && memcmp(to.data, policy->treasury, 20) == 0)
        return data.len == 0;
    return memcmp(to.data, policy->broker, 20) == 0 &&
           call_is_allowed(policy, signer, wei_of_bytes(value.data, value.len), data, charge);
}
