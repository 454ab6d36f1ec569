/* A sealed file that reads names a key and a ciphertext that were looked at anew; its pairs without the policy's digest
 * are given for that digest and for no other. */
#include "fuzz.h"

#include "core/base/text.h"
#include "parent/sealed_file.h"

enum { ARENA = 1 << 16 };

static bool is_hex(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] == '\0' || strchr("0123456789abcdefABCDEF", text.data[i]) == NULL)
            return false;
    return true;
}

/* RFC 4648 by arithmetic: whole groups, at most two '=' at the end, the bytes that they stand for. */
static size_t decoded_len(struct bytes base64)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t pads = 0;
    must(base64.len % 4 == 0);
    while (pads < 2 && pads < base64.len && base64.data[base64.len - 1 - pads] == '=')
        pads++;
    for (size_t i = 0; i < base64.len - pads; i++)
        must(base64.data[i] != '\0' && strchr(digits, base64.data[i]) != NULL);
    return base64.len / 4 * 3 - pads;
}

static void check_pairs(const struct sealed_file *sealed)
{
    static const char zeros[] = "0000000000000000000000000000000000000000000000000000000000000000";
    const struct bytes name = BYTES_LIT("ensign-policy-sha256");
    struct kms_context others;
    struct fault why;
    const struct bytes *digest = NULL;
    for (size_t i = 0; i < sealed->context.count; i++)
        if (bytes_equal(sealed->context.pairs[i].name, name))
            digest = &sealed->context.pairs[i].value;
    if (digest == NULL || digest->len != 64) {
        must(!sealed_file_pairs(sealed, zeros, &others, &why) && why.code == FAULT_INPUT);
        return;
    }
    char wanted[65] = "";
    memcpy(wanted, digest->data, 64);
    if (memchr(wanted, '\0', 64) != NULL)
        return;
    must(sealed_file_pairs(sealed, wanted, &others, &why) && others.count + 1 == sealed->context.count);
    for (size_t i = 0; i < others.count; i++)
        must(!bytes_equal(others.pairs[i].name, name));
    wanted[63] ^= 1;
    must(!sealed_file_pairs(sealed, wanted, &others, &why));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static uint8_t room[ARENA];
    struct arena arena = arena_of(room, sizeof room);
    struct sealed_file sealed;
    struct json object;
    struct fault why = { 0 };
    uint8_t *const input = exact_copy(data, len);
    if (json_read((struct bytes){ input, len }, &object, &why)) {
        if (sealed_file_read(object, &arena, &sealed, &why)) {
            const size_t bytes = decoded_len(sealed.ciphertext_b64);
            must(bytes >= 1 && bytes <= KMS_CIPHERTEXT_MAX);
            must(text_starts_with(sealed.key_id, BYTES_LIT("arn:aws")) &&
                 memmem(sealed.key_id.data, sealed.key_id.len, ":key/", 5) != NULL);
            must(sealed.address.len == 0 ||
                 (sealed.address.len == 42 && text_starts_with(sealed.address, BYTES_LIT("0x")) &&
                  is_hex((struct bytes){ sealed.address.data + 2, 40 })));
            must(sealed.has_context ==
                 (json_kind(json_member(object, BYTES_LIT("encryption_context"))) == JSON_OBJECT));
            must(sealed.context.count == json_count(json_member(object, BYTES_LIT("encryption_context"))));
            check_pairs(&sealed);
        } else {
            must(why.code == FAULT_INPUT && text_is_printable(bytes_of_text(why.text)));
        }
    }
    free(input);
    return 0;
}
