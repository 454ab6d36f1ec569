/* eth_key: an Ethereum private key on its way to KMS: read from a file or made, and written as the text that a signer
 * expects to find. Nothing here outlives its WIPED variables. */
#ifndef PARENT_ETH_KEY_H
#define PARENT_ETH_KEY_H

#include "core/base/fault.h"
#include "core/crypto/ecdsa.h"

enum { ETH_KEY_TEXT = 66 };

/* 64 hex digits, with or without 0x before them, and white space around them at most. FAULT_INPUT: another shape, zero,
 * or not below the group order; the text says the length at most. */
bool eth_key_read(const struct secret_text *text, struct secret32 *key, struct address *address,
                  struct fault *why) MUST_USE;

/* From the kernel's random numbers. */
void eth_key_make(struct secret32 *key, struct address *address);

/* 0x and 64 lower-case digits. */
void eth_key_put(struct writer *out, const struct secret32 *key);

#endif
