/* The low-level calls, which OpenSSL 3 marks as deprecated in favour of EVP: they work on a state held by value, while
 * EVP fetches an implementation by name through the provider store (locks, allocation, an error queue) for the same
 * assembly. They are what keeps this file pure. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "core/crypto/sha2.h"

#include "core/base/fault.h"

#include <openssl/sha.h>
#include <string.h>

_Static_assert(sizeof(SHA256_CTX) <= sizeof(struct sha256_state), "libcrypto's state fits in ours");
_Static_assert(_Alignof(SHA256_CTX) <= _Alignof(struct sha256_state), "and is aligned in it");

struct sha256_state sha256_start(void)
{
    struct sha256_state state = { { 0 } };
    SHA256_CTX context;
    must(SHA256_Init(&context) == 1);
    memcpy(state.opaque, &context, sizeof context);
    return state;
}

void sha256_add(struct sha256_state *state, struct bytes bytes)
{
    if (bytes.len > 0)
        must(SHA256_Update((SHA256_CTX *)(void *)state->opaque, bytes.data, bytes.len) == 1);
}

struct hash32 sha256_end(struct sha256_state *state)
{
    struct hash32 hash;
    must(SHA256_Final(hash.bytes, (SHA256_CTX *)(void *)state->opaque) == 1);
    return hash;
}

struct hash32 sha256(struct bytes bytes)
{
    struct sha256_state state = sha256_start();
    sha256_add(&state, bytes);
    return sha256_end(&state);
}

struct hash48 sha384(struct bytes bytes)
{
    struct hash48 hash;
    SHA512_CTX state;
    must(SHA384_Init(&state) == 1);
    if (bytes.len > 0)
        must(SHA384_Update(&state, bytes.data, bytes.len) == 1);
    must(SHA384_Final(hash.bytes, &state) == 1);
    return hash;
}
