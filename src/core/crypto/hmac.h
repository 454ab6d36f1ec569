/* hmac: HMAC-SHA-256 (RFC 2104), over sha2. Keys of any length; nothing of them stays on the stack. */
#ifndef CORE_CRYPTO_HMAC_H
#define CORE_CRYPTO_HMAC_H

#include "core/base/secret.h"

void hmac_sha256(struct bytes key, struct bytes message, struct secret32 *mac);

#endif
