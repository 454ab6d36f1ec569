#include "core/crypto/hmac.h"

#include "core/base/fault.h"

#include <limits.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

void hmac_sha256(struct bytes key, struct bytes message, struct secret32 *mac)
{
    /* An empty key must not be NULL: that would mean the key of an earlier call. */
    const uint8_t *bytes = key.len > 0 ? key.data : (const uint8_t *)"";
    unsigned len = sizeof mac->bytes;
    must(key.len <= INT_MAX);
    must(HMAC(EVP_sha256(), bytes, (int)key.len, message.data, message.len, mac->bytes, &len) != NULL);
    must(len == sizeof mac->bytes);
}
