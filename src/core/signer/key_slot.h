/* key_slot: the only code that holds or reads the private key. It offers to store one and to sign with it, and nothing
 * that returns a key.
 *
 * The key lives in one page that the enclave gives (locked, excluded from dumps and from fork, guard pages around it).
 * Not locked against other threads: the caller's read-write lock is what keeps a store apart from a sign.
 */
#ifndef CORE_SIGNER_KEY_SLOT_H
#define CORE_SIGNER_KEY_SLOT_H

#include "core/base/fault.h"
#include "core/base/secret.h"
#include "core/crypto/ecdsa.h"

enum { KEY_SLOT_BYTES = 256 }; /* at least this much must be at `page` */

struct key_slot;
struct key_slot *key_slot_place(void *page, size_t len); /* must() on a page too small; empty */

/* What KMS's plaintext holds: 0x and 64 hex digits (ASCII white space around them allowed), or 32 raw bytes. Reads it
 * into the slot and gives the address. FAULT_INPUT, the slot unchanged: "decrypted value is not a valid ethereum
 * private key", "Non-hexadecimal digit found", "Invalid privkey" (zero, or not below the group order); for 48 bytes the
 * hint about fileb://. */
bool key_slot_store(struct key_slot *slot, const struct secret_text *plaintext, struct address *address,
                    struct fault *why) MUST_USE;
/* The address that key_slot_store would give, storing nothing. */
bool key_slot_try(const struct secret_text *plaintext, struct address *address, struct fault *why) MUST_USE;

bool key_slot_is_empty(const struct key_slot *slot) MUST_USE;
const struct address *key_slot_address(const struct key_slot *slot) MUST_USE; /* must() when empty */
struct bytes key_slot_public(const struct key_slot *slot) MUST_USE; /* the 64 bytes behind the address; as above */

/* Signs, recovers the signer's public key and compares it with the slot's before anything leaves. FAULT_INTERNAL. */
bool key_slot_sign(const struct key_slot *slot, const struct hash32 *digest, struct signature *signature,
                   struct fault *why) MUST_USE;

/* Whether that is the very signature, the parity with it, that key_slot_sign would make of that digest (RFC 6979 makes
 * one and no other). For signatures that come back to us: signing again costs two thirds of recovering the signer.
 * False says nothing: another signature of the same key may be as good.
 *
 * The digest is the caller's to choose, no rule and no budget has seen it, and still nothing is to be had from it: the
 * signature made here is compared in constant time and wiped, so that the answer cannot be used to find one byte by
 * byte. An answer of true was known before to whoever brought the signature. */
bool key_slot_made(const struct key_slot *slot, const struct hash32 *digest,
                   const struct signature *signature) MUST_USE;

void key_slot_wipe(struct key_slot *slot);

#endif
