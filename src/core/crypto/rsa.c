#include "core/crypto/rsa.h"

#include "core/base/secret.h"
#include "core/crypto/sha2.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

enum { BITS = 2048 };

/* Takes `pkey` over, also when it fails. */
static bool adopt(EVP_PKEY *pkey, struct rsa_key *key)
{
    struct rsa_key made = { .pkey = pkey };
    uint8_t *end = made.spki;
    int len = i2d_PUBKEY(pkey, NULL);
    bool fits = len > 0 && (size_t)len <= sizeof made.spki && i2d_PUBKEY(pkey, &end) == len;
    if (!fits) {
        EVP_PKEY_free(pkey);
        return false;
    }
    made.spki_len = (size_t)len;
    made.key_id = sha256((struct bytes){ made.spki, made.spki_len });
    *key = made;
    return true;
}

bool rsa_key_make(struct rsa_key *key, struct fault *why)
{
    EVP_PKEY *pkey = EVP_RSA_gen(BITS);
    if (pkey != NULL && adopt(pkey, key))
        return true;
    ERR_clear_error();
    return fault_set(why, FAULT_INTERNAL, "an RSA-%d key could not be made", BITS);
}

bool rsa_key_read(struct bytes der, struct rsa_key *key, struct fault *why)
{
    const uint8_t *end = der.data;
    if (der.len == 0 || der.len > LONG_MAX)
        return fault_set(why, FAULT_INPUT, "no private key (got %zu bytes)", der.len);
    EVP_PKEY *pkey = d2i_AutoPrivateKey(NULL, &end, (long)der.len);
    ERR_clear_error();
    bool good =
        pkey != NULL && end == der.data + der.len && EVP_PKEY_is_a(pkey, "RSA") && EVP_PKEY_get_bits(pkey) == BITS;
    if (!good) {
        EVP_PKEY_free(pkey);
        return fault_set(why, FAULT_INPUT, "not one DER RSA-%d private key (PKCS#8 or PKCS#1)", BITS);
    }
    if (!adopt(pkey, key))
        return fault_set(why, FAULT_INTERNAL, "the public half of an RSA key could not be written");
    return true;
}

void rsa_key_wipe(struct rsa_key *key)
{
    EVP_PKEY_free(key->pkey); /* libcrypto clears the private numbers as it frees them */
    wipe(key, sizeof *key);
    key->pkey = NULL;
}

struct bytes rsa_key_spki(const struct rsa_key *key)
{
    return (struct bytes){ key->spki, key->spki_len };
}
