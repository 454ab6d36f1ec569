#include "core/policy/ticket.h"

#include "core/base/text.h"
#include "core/policy/shown.h"

enum { TICKET_PACKED = 2 * 20 + 4 * 32 + TICKET_AUX_DATA };

static const char *const KEYS[] = {
    "recipient", "sender", "faceValue", "winProb", "senderNonce", "recipientRandHash", "auxData",
};

static bool is_known(struct json key)
{
    for (size_t i = 0; i < sizeof KEYS / sizeof *KEYS; i++)
        if (json_string_is(key, bytes_of_text(KEYS[i])))
            return true;
    return false;
}

static bool refuse(struct fault *why, const char *key, const char *wanted, struct json found)
{
    return fault_set(why, FAULT_INPUT, "ticket.%s must be %s (got %s)", key, wanted, shown(found).text);
}

static struct json member(struct json object, const char *key)
{
    return json_member(object, bytes_of_text(key));
}

static bool read_address(struct json object, const char *key, struct address *address, struct fault *why)
{
    const struct json value = member(object, key);
    struct bytes text;
    if (json_plain_string(value, &text) && address_read(text, address))
        return true;
    return refuse(why, key, "an address: 0x and 40 hex digits", value);
}

static bool read_integer(struct json object, const char *key, struct u256 *integer, struct fault *why)
{
    const struct json value = member(object, key);
    struct bytes text;
    if (json_integer(value, integer) == JSON_INTEGER_OK)
        return true;
    if (json_plain_string(value, &text)) {
        const bool is_hex = text_starts_with(text, BYTES_LIT("0x"));
        if (is_hex ? u256_read_hex((struct bytes){ text.data + 2, text.len - 2 }, integer)
                   : u256_read_decimal(text, integer))
            return true;
    }
    return refuse(why, key,
                  "an integer of 0 to 2^256 - 1: a JSON integer, a string of decimal digits, or 0x and hex digits",
                  value);
}

/* Exactly `len` bytes of hex behind 0x. */
static bool read_bytes(struct json object, const char *key, uint8_t *out, size_t len, const char *wanted,
                       struct fault *why)
{
    const struct json value = member(object, key);
    struct bytes text;
    if (json_plain_string(value, &text) && text.len == 2 + 2 * len && text_starts_with(text, BYTES_LIT("0x")) &&
        text_read_hex((struct bytes){ text.data + 2, 2 * len }, out))
        return true;
    return refuse(why, key, wanted, value);
}

bool ticket_from_json(struct json object, const struct address *signer, struct ticket *ticket, struct fault *why)
{
    if (json_kind(object) != JSON_OBJECT)
        return fault_set(why, FAULT_INPUT, "ticket must be an object (got %s)", json_kind_name(json_kind(object)));
    struct json_cursor members = json_items(object);
    struct json key, value;
    while (json_next(&members, &key, &value))
        if (!is_known(key))
            return fault_set(why, FAULT_INPUT,
                             "ticket has no key %s (its keys: recipient, sender, faceValue, winProb, senderNonce, "
                             "recipientRandHash, auxData)",
                             shown(key).text);

    struct ticket read = { .sender = *signer };
    if (!read_address(object, "recipient", &read.recipient, why) ||
        (json_kind(member(object, "sender")) != JSON_NONE && !read_address(object, "sender", &read.sender, why)) ||
        !read_integer(object, "faceValue", &read.face_value, why) ||
        !read_integer(object, "winProb", &read.win_prob, why) ||
        !read_integer(object, "senderNonce", &read.sender_nonce, why) ||
        !read_bytes(object, "recipientRandHash", read.recipient_rand_hash.bytes, sizeof read.recipient_rand_hash.bytes,
                    "32 bytes: 0x and 64 hex digits", why) ||
        !read_bytes(object, "auxData", read.aux_data, sizeof read.aux_data,
                    "64 bytes, creationRound and creationRoundBlockHash: 0x and 128 hex digits", why))
        return false;
    *ticket = read;
    return true;
}

struct hash32 ticket_hash(const struct ticket *ticket)
{
    uint8_t packed[TICKET_PACKED];
    struct writer out = writer_of(packed, sizeof packed);
    struct bytes whole;
    writer_put(&out, BYTES_OF(ticket->recipient.bytes));
    writer_put(&out, BYTES_OF(ticket->sender.bytes));
    writer_put(&out, BYTES_OF(ticket->face_value.bytes));
    writer_put(&out, BYTES_OF(ticket->win_prob.bytes));
    writer_put(&out, BYTES_OF(ticket->sender_nonce.bytes));
    writer_put(&out, BYTES_OF(ticket->recipient_rand_hash.bytes));
    writer_put(&out, BYTES_OF(ticket->aux_data));
    must(writer_done(&out, &whole) && whole.len == sizeof packed);
    return keccak256(whole);
}
