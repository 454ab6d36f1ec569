#include "core/crypto/ecdsa.h"

#include "core/base/fault.h"

#include <secp256k1_preallocated.h>
#include <secp256k1_recovery.h>
#include <string.h>

/* libsecp256k1 0.2 needs 208 bytes; it is asked for the true number before the room is used. */
enum { CONTEXT_BYTES = 1024 };

static _Alignas(16) uint8_t context_room[CONTEXT_BYTES];
static secp256k1_context *context;

/* (n - 1) / 2, the largest s that EIP-2 allows: python3 -c 'print(hex(N // 2))' */
static const uint8_t half_order[32] = { 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                        0xff, 0xff, 0xff, 0xff, 0xff, 0x5d, 0x57, 0x6e, 0x73, 0x57, 0xa4,
                                        0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0 };

void ecdsa_start(const uint8_t seed[static 32])
{
    must(context == NULL);
    must(secp256k1_context_preallocated_size(SECP256K1_CONTEXT_NONE) <= sizeof context_room);
    context = secp256k1_context_preallocated_create(context_room, SECP256K1_CONTEXT_NONE);
    must(context != NULL && secp256k1_context_randomize(context, seed) == 1);
}

bool ecdsa_is_started(void)
{
    return context != NULL;
}

/* The 64 bytes after the 0x04 of SEC 1's uncompressed form. */
static void put_public(const secp256k1_pubkey *key, uint8_t public[static 64])
{
    uint8_t uncompressed[65];
    size_t len = sizeof uncompressed;
    must(secp256k1_ec_pubkey_serialize(context, uncompressed, &len, key, SECP256K1_EC_UNCOMPRESSED) == 1);
    memcpy(public, uncompressed + 1, 64);
}

static struct address address_of_public(const uint8_t public[static 64])
{
    struct address address;
    struct hash32 hash = keccak256((struct bytes){ public, 64 });
    memcpy(address.bytes, hash.bytes + sizeof hash.bytes - sizeof address.bytes, sizeof address.bytes);
    return address;
}

bool ecdsa_public(const struct secret32 *key, uint8_t public[static 64])
{
    secp256k1_pubkey public_key;
    must(context != NULL);
    int is_key = secp256k1_ec_pubkey_create(context, &public_key, key->bytes);
    declassify(&is_key, sizeof is_key);
    declassify(&public_key, sizeof public_key);
    if (is_key != 1)
        return false;
    put_public(&public_key, public);
    return true;
}

bool ecdsa_address(const struct secret32 *key, struct address *address)
{
    uint8_t public[64];
    if (!ecdsa_public(key, public))
        return false;
    *address = address_of_public(public);
    return true;
}

bool ecdsa_sign(const struct secret32 *key, const struct hash32 *digest, struct signature *signature)
{
    secp256k1_ecdsa_recoverable_signature made;
    uint8_t compact[64];
    int recovery_id = 0;
    must(context != NULL);
    /* The default nonce function is RFC 6979's, without extra data; s comes out in the lower half. */
    int is_made = secp256k1_ecdsa_sign_recoverable(context, &made, digest->bytes, key->bytes, NULL, NULL);
    declassify(&is_made, sizeof is_made);
    declassify(&made, sizeof made);
    if (is_made != 1)
        return false;
    must(secp256k1_ecdsa_recoverable_signature_serialize_compact(context, compact, &recovery_id, &made) == 1);
    /* 2 and 3 mean an r that wrapped round the group order: one in 2^127, and Ethereum has no way to write it. */
    must(recovery_id == 0 || recovery_id == 1);
    memcpy(signature->r, compact, 32);
    memcpy(signature->s, compact + 32, 32);
    signature->y_parity = (uint8_t)recovery_id;
    return true;
}

bool ecdsa_made(const struct secret32 *key, const struct hash32 *digest, const struct signature *signature)
{
    secp256k1_ecdsa_recoverable_signature made;
    uint8_t own[65], brought[65];
    int recovery_id = 0;
    must(context != NULL);
    int is_made = secp256k1_ecdsa_sign_recoverable(context, &made, digest->bytes, key->bytes, NULL, NULL);
    declassify(&is_made, sizeof is_made);
    must(secp256k1_ecdsa_recoverable_signature_serialize_compact(context, own, &recovery_id, &made) == 1);
    own[64] = (uint8_t)recovery_id;
    memcpy(brought, signature->r, 32);
    memcpy(brought + 32, signature->s, 32);
    brought[64] = signature->y_parity;
    const bool same = secret_equal(BYTES_OF(own), BYTES_OF(brought));
    wipe(&made, sizeof made);
    wipe(own, sizeof own);
    wipe(&recovery_id, sizeof recovery_id);
    return is_made == 1 && same;
}

bool ecdsa_recover_public(const struct signature *signature, const struct hash32 *digest, uint8_t public[static 64])
{
    secp256k1_ecdsa_recoverable_signature parsed;
    secp256k1_pubkey public_key;
    uint8_t compact[64];
    must(context != NULL);
    if (signature->y_parity > 1 || memcmp(signature->s, half_order, sizeof half_order) > 0)
        return false;
    memcpy(compact, signature->r, 32);
    memcpy(compact + 32, signature->s, 32);
    /* Parsing refuses r and s not below the group order; recovery refuses zeros and an r that is on no point. */
    if (secp256k1_ecdsa_recoverable_signature_parse_compact(context, &parsed, compact, signature->y_parity) != 1 ||
        secp256k1_ecdsa_recover(context, &public_key, &parsed, digest->bytes) != 1)
        return false;
    put_public(&public_key, public);
    return true;
}

bool ecdsa_recover(const struct signature *signature, const struct hash32 *digest, struct address *address)
{
    uint8_t public[64];
    if (!ecdsa_recover_public(signature, digest, public))
        return false;
    *address = address_of_public(public);
    return true;
}

void signature_put(struct writer *out, const struct signature *signature)
{
    writer_put(out, BYTES_OF(signature->r));
    writer_put(out, BYTES_OF(signature->s));
    writer_u8(out, (uint8_t)(27 + signature->y_parity));
}

static bool is_zero(const uint8_t bytes[static 32])
{
    static const uint8_t zeros[32];
    return memcmp(bytes, zeros, sizeof zeros) == 0;
}

bool signature_read(struct bytes bytes65, struct signature *signature)
{
    struct signature read;
    if (bytes65.len != 65)
        return false;
    uint8_t v = bytes65.data[64];
    if (v > 1 && v != 27 && v != 28)
        return false;
    memcpy(read.r, bytes65.data, 32);
    memcpy(read.s, bytes65.data + 32, 32);
    read.y_parity = v >= 27 ? (uint8_t)(v - 27) : v;
    if (is_zero(read.r) || is_zero(read.s) || memcmp(read.s, half_order, sizeof half_order) > 0)
        return false;
    *signature = read;
    return true;
}
