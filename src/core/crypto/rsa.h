/* rsa: the RSA-2048 key that one KMS answer is encrypted to, by libcrypto.
 *
 * libcrypto takes its random numbers from the kernel, and reads openssl.cnf the first time it fetches an algorithm
 * unless the program has called OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) before: ensignd does.
 */
#ifndef CORE_CRYPTO_RSA_H
#define CORE_CRYPTO_RSA_H

#include "core/base/bytes.h"
#include "core/base/fault.h"
#include "core/crypto/keccak.h"

enum { RSA_SPKI_MAX = 320 }; /* DER SubjectPublicKeyInfo of RSA-2048 is 294 bytes */

/* Owns its EVP_PKEY: hand it on by pointer, and wipe it once. */
struct rsa_key {
    void *pkey;                 /* EVP_PKEY; NULL when empty */
    uint8_t spki[RSA_SPKI_MAX]; /* DER, RFC 5280 section 4.1 */
    size_t spki_len;
    struct hash32 key_id; /* SHA-256 of the SPKI: the subjectKeyIdentifier in KMS's answer */
};

/* `key` need not be empty and is not freed. Exponent 65537. Takes 0.1 to 0.6 s. FAULT_INTERNAL. */
bool rsa_key_make(struct rsa_key *key, struct fault *why) MUST_USE;
/* From DER PKCS#8 or PKCS#1 with nothing after it, for tests with recorded answers. FAULT_INPUT. */
bool rsa_key_read(struct bytes der, struct rsa_key *key, struct fault *why) MUST_USE;
void rsa_key_wipe(struct rsa_key *key); /* accepts an empty one */
struct bytes rsa_key_spki(const struct rsa_key *key) MUST_USE;

#endif
