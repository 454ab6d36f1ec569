#include "deeds.h"

#include "core/base/text.h"

#include <stdio.h>
#include <string.h>

enum { WORD = 32, TICKETS_MAX = 4 };

struct deeds deeds_from(const uint8_t *data, size_t len)
{
    static const uint8_t seed[32] = { 1 };
    struct deeds deeds = { .in = reader_of((struct bytes){ data, len }) };
    if (!ecdsa_is_started())
        ecdsa_start(seed);
    memset(deeds.key.bytes, 0x11, sizeof deeds.key.bytes);
    must(ecdsa_address(&deeds.key, &deeds.signer));
    return deeds;
}

unsigned deeds_pick(struct deeds *deeds, unsigned n)
{
    return deeds->in.rest.len == 0 ? 0 : reader_u8(&deeds->in) % n;
}

bool deeds_go_on(const struct deeds *deeds)
{
    return deeds->in.rest.len > 0;
}

/* Few values, so that sums, limits and one beside a limit meet. */
static uint64_t amount(struct deeds *deeds)
{
    static const uint64_t amounts[] = {
        0, 1, 2, 3, 7, 10, 999, 1000, 1001, 2000, 5000, 5001, 21000, 100000, UINT64_C(1) << 32, UINT64_MAX
    };
    return amounts[deeds_pick(deeds, 16)];
}

static void put_limit(struct deeds *deeds, struct writer *out, const char *name)
{
    static const char *const limits[] = { "1000",  "unlimited", "5000", "0",          "2000", "1",
                                          "10000", "2001",      "7",    "1000000000", "999" };
    char text[128];
    snprintf(text, sizeof text, "\"%s\":\"%s\"", name, limits[deeds_pick(deeds, 11)]);
    writer_text(out, text);
}

static void put_fee_limit(struct deeds *deeds, struct writer *out, const char *name)
{
    static const char *const limits[] = { "unlimited", "100000000000000000", "21000", "21000000", "20999", "0" };
    char text[128];
    snprintf(text, sizeof text, "\"%s\":\"%s\"", name, limits[deeds_pick(deeds, 6)]);
    writer_text(out, text);
}

void deeds_put_policy(struct deeds *deeds, struct writer *out)
{
    static const char *const lists[] = {
        "[\"0x2222222222222222222222222222222222222222\"]", "[]",
        "[\"0x2222222222222222222222222222222222222222\",\"0x3333333333333333333333333333333333333333\"]"
    };
    static const char *const messages[] = { "tickets", "any", "none" };
    static const char *const windows[] = { "86400", "60", "1", "3601", "31536000" };
    const unsigned powers = deeds_pick(deeds, 4), list = deeds_pick(deeds, 3);
    char text[256];
    snprintf(text, sizeof text,
             "{\"allow_fund_deposit\":%s,\"allow_withdraw\":%s,\"allowed_recipients\":%s,\"budget\":{",
             powers == 1 || powers == 3 ? "false" : "true", powers == 1 ? "true" : "false", lists[list]);
    writer_text(out, text);
    put_limit(deeds, out, "max_face_value_wei");
    writer_u8(out, ',');
    put_fee_limit(deeds, out, "max_fee_wei");
    writer_u8(out, ',');
    put_limit(deeds, out, "max_fund_deposit_wei");
    snprintf(text, sizeof text, ",\"start\":\"%s\",\"window_seconds\":\"%s\"},\"chain_id\":\"42161\",",
             deeds_pick(deeds, 3) == 1 ? "empty" : "full", windows[deeds_pick(deeds, 5)]);
    writer_text(out, text);
    put_limit(deeds, out, "max_face_value_wei");
    writer_u8(out, ',');
    put_fee_limit(deeds, out, "max_fee_per_gas_wei");
    writer_u8(out, ',');
    put_limit(deeds, out, "max_fund_deposit_wei");
    writer_u8(out, ',');
    put_fee_limit(deeds, out, "max_gas");
    writer_u8(out, ',');
    put_limit(deeds, out, "max_total_face_value_wei");
    writer_u8(out, ',');
    put_fee_limit(deeds, out, "max_tx_fee_wei");
    snprintf(text, sizeof text,
             ",\"messages\":\"%s\",\"require_allowlist\":%s,\"ticket_broker\":\"" DEEDS_BROKER "\",\"treasury\":%s,"
             "\"typed_data\":\"%s\",\"version\":\"1\"}",
             messages[deeds_pick(deeds, 3)], list != 1 && deeds_pick(deeds, 2) == 0 ? "true" : "false",
             deeds_pick(deeds, 2) == 0 ? "\"" DEEDS_TREASURY "\"" : "null", deeds_pick(deeds, 3) == 1 ? "any" : "none");
    writer_text(out, text);
}

void deeds_ticket(struct deeds *deeds, struct deeds_ticket *ticket)
{
    static const uint8_t recipients[] = { 0x22, 0x22, 0x33, 0x44, 0x00 };
    memset(ticket->packed, recipients[deeds_pick(deeds, 5)], 20);
    memcpy(ticket->packed + 20, deeds->signer.bytes, 20);
    wei_put(wei_of(amount(deeds)), ticket->packed + 40);
    memset(ticket->packed + 72, 0xff, 32); /* winProb: always */
    wei_put(wei_of(deeds_pick(deeds, 8)), ticket->packed + 104);
    memset(ticket->packed + 136, 0x5a, 32 + 64);
    const unsigned wrong = deeds_pick(deeds, 16);
    if (wrong == 1)
        ticket->packed[20 + deeds_pick(deeds, 20)] ^= 1;
    else if (wrong == 2)
        ticket->packed[40] = 0x80;
    else if (wrong == 3)
        ticket->packed[deeds_pick(deeds, AGAIN_TICKET_BYTES)] ^= 0x10;
}

static void put_hex(struct writer *out, const uint8_t *data, size_t len)
{
    writer_text(out, "\"0x");
    text_put_hex(out, (struct bytes){ data, len });
    writer_u8(out, '"');
}

void deeds_put_ticket(struct deeds *deeds, const struct deeds_ticket *ticket, struct writer *out)
{
    static const struct {
        const char *name;
        size_t at, len;
    } fields[] = {
        { "faceValue", 40, 32 }, { "winProb", 72, 32 },  { "senderNonce", 104, 32 }, { "recipientRandHash", 136, 32 },
        { "auxData", 168, 64 },  { "recipient", 0, 20 }, { "sender", 20, 20 },
    };
    const bool says_sender = deeds_pick(deeds, 2) == 0 || memcmp(ticket->packed + 20, deeds->signer.bytes, 20) != 0;
    writer_u8(out, '{');
    for (size_t i = 0; i < (says_sender ? 7u : 6u); i++) {
        writer_text(out, i > 0 ? ",\"" : "\"");
        writer_text(out, fields[i].name);
        writer_text(out, "\":");
        if (i == 0 && memcmp(ticket->packed + 40, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 24) == 0)
            text_put_uint(out, wei_of_bytes(ticket->packed + 40, 32).limb[0]);
        else
            put_hex(out, ticket->packed + fields[i].at, fields[i].len);
    }
    writer_u8(out, '}');
}

/* --- calldata */

static void put_number(struct writer *out, uint64_t value)
{
    uint8_t word[WORD];
    wei_put(wei_of(value), word);
    writer_put(out, BYTES_OF(word));
}

static void put_abi_ticket(struct writer *out, const struct deeds_ticket *ticket)
{
    static const uint8_t zeros[12];
    writer_put(out, BYTES_OF(zeros));
    writer_put(out, (struct bytes){ ticket->packed, 20 });
    writer_put(out, BYTES_OF(zeros));
    writer_put(out, (struct bytes){ ticket->packed + 20, 148 });
    put_number(out, 7 * WORD);
    put_number(out, 64);
    writer_put(out, (struct bytes){ ticket->packed + 168, 64 });
}

/* EIP-191 over the ticket's hash; now and then another's, or of another form. */
static void put_signature(struct deeds *deeds, const struct deeds_ticket *ticket, struct writer *out)
{
    struct secret32 key = deeds->key;
    struct signature signature;
    struct hash32 hash = keccak256(BYTES_OF(ticket->packed));
    uint8_t text[65 + 31] = { 0 };
    const unsigned wrong = deeds_pick(deeds, 16);
    if (wrong == 1)
        key.bytes[31] ^= 1;
    if (wrong == 2)
        hash.bytes[0] ^= 1;
    struct keccak state = keccak_start();
    keccak_add(&state, BYTES_LIT("\x19"
                                 "Ethereum Signed Message:\n32"));
    keccak_add(&state, BYTES_OF(hash.bytes));
    const struct hash32 digest = keccak_end(&state);
    must(ecdsa_sign(&key, &digest, &signature));
    memcpy(text, signature.r, 32);
    memcpy(text + 32, signature.s, 32);
    text[64] = (uint8_t)(signature.y_parity + (wrong == 3 ? 0 : 27));
    put_number(out, 65);
    writer_put(out, BYTES_OF(text));
}

static void put_one(struct deeds *deeds, struct writer *out)
{
    struct deeds_ticket ticket;
    deeds_ticket(deeds, &ticket);
    writer_put(out, BYTES_LIT("\xec\x8b\x3c\xb6"));
    put_number(out, 3 * WORD);
    put_number(out, 13 * WORD);
    put_number(out, 456);
    put_abi_ticket(out, &ticket);
    put_signature(deeds, &ticket, out);
}

static void put_batch(struct deeds *deeds, struct writer *out)
{
    struct deeds_ticket tickets[TICKETS_MAX];
    const size_t count = deeds_pick(deeds, TICKETS_MAX + 1);
    for (size_t i = 0; i < count; i++)
        if (i > 0 && deeds_pick(deeds, 3) == 1)
            tickets[i] = tickets[i - 1];
        else
            deeds_ticket(deeds, &tickets[i]);
    const size_t signatures = 4 * WORD + count * (WORD + 320), rands = signatures + WORD + count * (WORD + 128);
    writer_put(out, BYTES_LIT("\xd0\x1b\x80\x8e"));
    put_number(out, 3 * WORD);
    put_number(out, signatures);
    put_number(out, rands);
    put_number(out, count);
    for (size_t i = 0; i < count; i++)
        put_number(out, count * WORD + i * 320);
    for (size_t i = 0; i < count; i++)
        put_abi_ticket(out, &tickets[i]);
    put_number(out, count);
    for (size_t i = 0; i < count; i++)
        put_number(out, count * WORD + i * 128);
    for (size_t i = 0; i < count; i++)
        put_signature(deeds, &tickets[i], out);
    put_number(out, count);
    for (size_t i = 0; i < count; i++)
        put_number(out, i);
}

static void put_calldata(struct deeds *deeds, struct writer *out)
{
    static const char *const selectors[] = { "\x6c\xaa\x73\x6b", "\xa6\x9d\xf4\xb5", "\x3c\xcf\xd6\x0b",
                                             "\xde\xad\xbe\xef" };
    const unsigned call = deeds_pick(deeds, 7);
    if (call == 0)
        put_one(deeds, out);
    else if (call == 1)
        put_batch(deeds, out);
    else if (call < 6)
        writer_put(out, (struct bytes){ (const uint8_t *)selectors[call - 2], 4 });
    const unsigned wrong = deeds_pick(deeds, 12);
    if (wrong == 1)
        writer_u8(out, 0);
    else if (wrong == 2 && out->len > 0)
        out->len--;
    else if (wrong == 3 && out->len > 4)
        out->data[(deeds_pick(deeds, 255) * 255u + deeds_pick(deeds, 255)) % out->len] ^= 1;
}

/* --- transactions */

static void put_number_field(struct writer *out, const char *name, uint64_t value)
{
    writer_text(out, ",\"");
    writer_text(out, name);
    writer_text(out, "\":");
    text_put_uint(out, value);
}

void deeds_put_tx(struct deeds *deeds, struct writer *out)
{
    static const char broker[] = "0xa8bB618B1520E284046F3dFc448851A1Ff26e41B";
    static const char *const destinations[] = {
        broker, broker, broker, DEEDS_TREASURY, "0x2222222222222222222222222222222222222222", NULL
    };
    uint8_t calldata[DEEDS_CALLDATA_MAX];
    struct writer data = writer_of(calldata, sizeof calldata);
    const unsigned type = deeds_pick(deeds, 6), chain = deeds_pick(deeds, 8);
    const char *const to = destinations[deeds_pick(deeds, 6)];
    writer_text(out, "{\"nonce\":1");
    if (chain != 1)
        put_number_field(out, "chainId", chain == 2 ? 1 : chain == 3 ? 0 : 42161);
    put_number_field(out, "gas", deeds_pick(deeds, 4) == 1 ? amount(deeds) : 21000);
    put_number_field(out, "value", deeds_pick(deeds, 3) == 0 ? 0 : amount(deeds));
    if (type < 2 || type == 5) {
        put_number_field(out, "gasPrice", amount(deeds));
    } else {
        put_number_field(out, "maxFeePerGas", amount(deeds));
        put_number_field(out, "maxPriorityFeePerGas", deeds_pick(deeds, 2));
    }
    if (type == 1)
        writer_text(out, ",\"accessList\":[]");
    if (type == 3)
        writer_text(out,
                    ",\"maxFeePerBlobGas\":1,\"blobVersionedHashes\":[\"0x01010101010101010101010101010101010101010"
                    "10101010101010101010101\"]");
    if (type == 4)
        writer_text(out, ",\"authorizationList\":[]");
    if (to != NULL) {
        writer_text(out, ",\"to\":\"");
        writer_text(out, to);
        writer_text(out, "\"");
    }
    if (to == broker || deeds_pick(deeds, 3) == 1)
        put_calldata(deeds, &data);
    writer_text(out, ",\"data\":");
    put_hex(out, calldata, data.len);
    writer_u8(out, '}');
}
