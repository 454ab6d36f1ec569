/* ethereum/ethereum_ticketbroker.json of the shared vectors: selectors, tickets, and calldata by eth-abi 4.2.1. */
#include "policy_text.h"

#include "core/base/text.h"
#include "core/eth/address.h"
#include "core/eth/message.h"
#include "core/policy/redeem_call.h"
#include "core/policy/ticket_broker.h"

#define NAME "ethereum/ethereum_ticketbroker.json"

static char file_text[1 << 20];
static uint8_t arena_bytes[1 << 16], data[1 << 16];

static bool read_file(const char *folder, struct json *document)
{
    char path[4096];
    struct fault why;
    snprintf(path, sizeof path, "%s/%s", folder, NAME);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return false;
    const size_t len = fread(file_text, 1, sizeof file_text, file);
    fclose(file);
    const bool is_json =
        len < sizeof file_text && json_read((struct bytes){ (uint8_t *)file_text, len }, document, &why);
    CHECK(is_json);
    return is_json;
}

static struct bytes hex_of(struct json object, const char *key)
{
    struct bytes text;
    const bool is_hex = json_plain_string(json_member(object, bytes_of_text(key)), &text) && text.len % 2 == 0 &&
                        text.len / 2 - 1 <= sizeof data &&
                        text_read_hex((struct bytes){ text.data + 2, text.len - 2 }, data);
    CHECK_ROW(key, is_hex);
    return is_hex ? (struct bytes){ data, text.len / 2 - 1 } : (struct bytes){ 0 };
}

static void our_selectors_are_among_theirs(struct json document)
{
    for (size_t i = 0; i < broker_function_count; i++) {
        const struct bytes selector =
            hex_of(json_member(document, BYTES_LIT("selectors")), broker_functions[i].signature);
        CHECK_ROW(broker_functions[i].signature, bytes_equal(selector, BYTES_OF(broker_functions[i].selector)));
    }
}

static bool read_call(struct json object, const char *key, bool is_batch, struct redeem_call *call, struct fault *why)
{
    struct arena arena = arena_of(arena_bytes, sizeof arena_bytes);
    struct reader in = reader_of(hex_of(object, key));
    (void)reader_take(&in, 4);
    return is_batch ? redeem_call_read_batch(in, &arena, call, why) : redeem_call_read(in, &arena, call, why);
}

static void tickets_are_read_from_calldata_and_hash_to_theirs(struct json document)
{
    struct json_cursor tickets = json_items(json_member(document, BYTES_LIT("tickets")));
    struct json key, item;
    size_t count = 0;
    for (; json_next(&tickets, &key, &item); count++) {
        struct redeem_call call;
        struct fault why;
        struct bytes sender_text;
        struct address sender, by;
        const bool is_read = read_call(item, "redeem_calldata", false, &call, &why) && call.count == 1;
        CHECK(is_read);
        if (!is_read)
            continue;
        const struct hash32 hash = ticket_hash(call.tickets), digest = message_hash(BYTES_OF(hash.bytes));
        CHECK(bytes_equal(hex_of(item, "ticketHash"), BYTES_OF(hash.bytes)));
        CHECK(bytes_equal(hex_of(item, "eip191_digest"), BYTES_OF(digest.bytes)));
        CHECK(bytes_equal(hex_of(item, "auxData"), BYTES_OF(call.tickets->aux_data)));
        CHECK(json_plain_string(json_member(item, BYTES_LIT("sender")), &sender_text) &&
              address_read_eip55(sender_text, &sender) && address_equal(&sender, &call.tickets->sender));
        struct signature signature;
        CHECK(signature_read(BYTES_OF(call.signatures->bytes), &signature) && ecdsa_recover(&signature, &digest, &by) &&
              address_equal(&by, &sender));
    }
    CHECK(count >= 3);
}

static void batches_are_read_and_the_empty_one_is_refused(struct json document)
{
    struct redeem_call call;
    struct fault why;
    const bool is_read = read_call(document, "batch_calldata", true, &call, &why);
    CHECK(is_read && call.count == 2 && call.tickets[1].recipient.bytes[0] == 0x33);
    CHECK(!read_call(document, "batch_empty", true, &call, &why) && why.code == FAULT_POLICY);
}

int main(void)
{
    static const uint8_t seed[32] = { 1 };
    struct json document;
    const char *folder = vectors_folder();
    if (folder == NULL || !read_file(folder, &document)) {
        printf("skipped: %s\n", NAME);
        return TEST_SKIPPED;
    }
    ecdsa_start(seed);
    our_selectors_are_among_theirs(document);
    tickets_are_read_from_calldata_and_hash_to_theirs(document);
    batches_are_read_and_the_empty_one_is_refused(document);
    return failures != 0;
}
