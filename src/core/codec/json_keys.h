/* json_keys: the keys of the objects that are open while a text is read, to find one that is there twice.
 *
 * Keys are compared with their escapes resolved: by a 64-bit hash first, and by their characters only where the hashes
 * are equal. The hash is SipHash-2-4 with a fixed key: for it no cheap way is known to make many keys collide, so a
 * hostile text cannot make the comparing expensive. A key of up to seven bytes, as most are, is its own hash. Not for
 * use outside json*.c.
 */
#ifndef CORE_CODEC_JSON_KEYS_H
#define CORE_CODEC_JSON_KEYS_H

#include "core/codec/json.h"

struct json_keys {
    uint64_t hashes[JSON_OPEN_MEMBERS_MAX];
    struct bytes keys[JSON_OPEN_MEMBERS_MAX]; /* insides of checked strings */
    size_t count;
};

/* Whether keys[first..] already hold this one. */
bool json_keys_hold(const struct json_keys *keys, size_t first, struct bytes key, uint64_t hash) MUST_USE;
uint64_t json_key_hash(struct bytes key) MUST_USE;

#endif
