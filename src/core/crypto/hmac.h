/* hmac: HMAC-SHA-256 (RFC 2104) over sha2, which asks for no memory: libcrypto's own HMAC does, and can be refused it.
 * Keys of any length; it clears what it works on. */
#ifndef CORE_CRYPTO_HMAC_H
#define CORE_CRYPTO_HMAC_H

#include "core/base/secret.h"

void hmac_sha256(struct bytes key, struct bytes message, struct secret32 *mac);

#endif
