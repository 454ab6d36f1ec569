#include "core/signer/key_slot.h"

#include "core/base/text.h"

#include <string.h>

enum { KEY_TEXT = 66 /* 0x and 64 hex digits */, KEY_RAW = 32, KEY_TEXT_AS_BASE64 = 48 };

struct key_slot {
    bool loaded;
    struct secret32 key;
    struct address address;
    uint8_t public[64];
};
_Static_assert(sizeof(struct key_slot) <= KEY_SLOT_BYTES, "the slot fits what callers must provide");

struct key_slot *key_slot_place(void *page, size_t len)
{
    must(len >= KEY_SLOT_BYTES && (uintptr_t)page % _Alignof(struct key_slot) == 0);
    struct key_slot *slot = page;
    key_slot_wipe(slot);
    return slot;
}

static bool not_a_key(size_t len, struct fault *why)
{
    if (len == KEY_TEXT_AS_BASE64)
        return fault_set(why, FAULT_INPUT,
                         "decrypted value is not a valid ethereum private key (got 48 bytes: AWS CLI v2 takes "
                         "--plaintext as base64 and has decoded 64 hex digits; encrypt again with "
                         "--plaintext fileb://FILE, the file holding 0x and 64 hex digits)");
    return fault_set(why, FAULT_INPUT,
                     "decrypted value is not a valid ethereum private key (got %zu bytes, allowed 0x and 64 hex "
                     "digits, or 32 raw bytes)",
                     len);
}

static bool read_key(const struct secret_text *plaintext, struct secret32 *key, struct fault *why)
{
    struct bytes text = secret_text_view(plaintext);
    if (text.len == KEY_RAW) {
        memcpy(key->bytes, text.data, KEY_RAW);
        return true;
    }
    if (text.len > KEY_TEXT) /* of 66 bytes none is looked at before it is decoded in constant time */
        text = text_trim(text);
    if (text.len != KEY_TEXT || !text_starts_with(text, BYTES_LIT("0x")))
        return not_a_key(plaintext->len, why);
    if (!text_read_hex((struct bytes){ text.data + 2, text.len - 2 }, key->bytes))
        return fault_set(why, FAULT_INPUT, "Non-hexadecimal digit found (in the decrypted value, after 0x)");
    return true;
}

static bool read_pair(const struct secret_text *plaintext, struct secret32 *key, struct address *address,
                      struct fault *why)
{
    if (!read_key(plaintext, key, why))
        return false;
    if (!ecdsa_address(key, address))
        return fault_set(why, FAULT_INPUT,
                         "Invalid privkey (a key is at least 1 and below the order of secp256k1's group)");
    return true;
}

bool key_slot_try(const struct secret_text *plaintext, struct address *address, struct fault *why)
{
    WIPED struct secret32 key;
    struct address found;
    if (!read_pair(plaintext, &key, &found, why))
        return false;
    *address = found;
    return true;
}

bool key_slot_store(struct key_slot *slot, const struct secret_text *plaintext, struct address *address,
                    struct fault *why)
{
    WIPED struct secret32 key;
    struct address found;
    if (!read_pair(plaintext, &key, &found, why))
        return false;
    *slot = (struct key_slot){ .loaded = true, .key = key, .address = found };
    must(ecdsa_public(&key, slot->public));
    *address = found;
    return true;
}

bool key_slot_is_empty(const struct key_slot *slot)
{
    return !slot->loaded;
}

const struct address *key_slot_address(const struct key_slot *slot)
{
    must(slot->loaded);
    return &slot->address;
}

struct bytes key_slot_public(const struct key_slot *slot)
{
    must(slot->loaded);
    return BYTES_OF(slot->public);
}

bool key_slot_sign(const struct key_slot *slot, const struct hash32 *digest, struct signature *signature,
                   struct fault *why)
{
    must(slot->loaded);
    struct signature made;
    uint8_t signer[64];
    if (!ecdsa_sign(&slot->key, digest, &made))
        return fault_set(why, FAULT_INTERNAL, "signing failed");
    /* A fault in the arithmetic can give the key away together with a good signature of the same digest. */
    if (!ecdsa_recover_public(&made, digest, signer) || memcmp(signer, slot->public, sizeof signer) != 0) {
        wipe(&made, sizeof made);
        return fault_set(why, FAULT_INTERNAL, "the signature made is not the key's: nothing is given out");
    }
    *signature = made;
    return true;
}

bool key_slot_made(const struct key_slot *slot, const struct hash32 *digest, const struct signature *signature)
{
    must(slot->loaded);
    return ecdsa_made(&slot->key, digest, signature);
}

void key_slot_wipe(struct key_slot *slot)
{
    wipe(slot, sizeof *slot);
}
