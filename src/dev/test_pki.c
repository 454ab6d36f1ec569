#include "dev/test_pki.h"

#include "dev/files.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PEM_FILE_MAX = 65536 };

static bool add_subject(X509_NAME *name, const struct identity_plan *plan)
{
    for (size_t i = 0; i < IDENTITY_SUBJECT_MAX && plan->subject[i].field != NULL; i++) {
        if (X509_NAME_add_entry_by_txt(name, plan->subject[i].field, MBSTRING_ASC,
                                       (const unsigned char *)plan->subject[i].value, -1, -1, 0) != 1)
            return false;
    }
    return true;
}

static bool add_extensions(X509 *certificate, X509 *issuer, const struct identity_plan *plan)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    for (size_t i = 0; i < IDENTITY_EXTENSIONS_MAX && plan->extensions[i].value != NULL; i++) {
        X509_EXTENSION *extension =
            X509V3_EXT_conf_nid(NULL, &context, plan->extensions[i].nid, plan->extensions[i].value);
        const bool added = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
        X509_EXTENSION_free(extension);
        if (!added)
            return false;
    }
    return true;
}

/* RFC 5280 section 4.1.2.2: positive, at most 20 bytes. */
static bool set_serial(X509 *certificate)
{
    uint8_t random[16];
    if (RAND_bytes(random, sizeof random) != 1)
        return false;
    random[0] = (uint8_t)((random[0] & 0x7f) | 0x40);
    BIGNUM *number = BN_bin2bn(random, sizeof random, NULL);
    const bool ok = number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
    BN_free(number);
    return ok;
}

static bool finish(struct identity *made, struct fault *why)
{
    const int len = i2d_X509(made->certificate, NULL);
    if (len <= 0 || len > IDENTITY_DER_MAX)
        return fault_set(why, FAULT_INTERNAL, "a certificate of %d bytes (at most %d)", len, IDENTITY_DER_MAX);
    uint8_t *end = made->der;
    made->der_len = (size_t)i2d_X509(made->certificate, &end);
    return true;
}

bool identity_make(const struct identity_plan *plan, const struct identity *issuer, struct identity *made,
                   struct fault *why)
{
    struct identity new = { .key = EVP_EC_gen(plan->curve), .certificate = X509_new() };
    X509 *certificate = new.certificate;
    X509 *signer = issuer != NULL ? issuer->certificate : certificate;
    EVP_PKEY *signing_key = issuer != NULL ? issuer->key : new.key;
    char group[32];
    const bool ok =
        new.key != NULL &&certificate != NULL &&X509_set_version(certificate, X509_VERSION_3) == 1 &&
        set_serial(certificate) && X509_set_pubkey(certificate, new.key) == 1 &&
        ASN1_TIME_set(X509_getm_notBefore(certificate), (time_t)plan->not_before_s) !=
            NULL &&ASN1_TIME_set(X509_getm_notAfter(certificate), (time_t)plan->not_after_s) !=
            NULL &&add_subject(X509_get_subject_name(certificate), plan) &&
        X509_set_issuer_name(certificate, X509_get_subject_name(signer)) == 1 &&
        add_extensions(certificate, signer, plan) &&
        EVP_PKEY_get_group_name(signing_key, group, sizeof group, NULL) == 1 &&
        X509_sign(certificate, signing_key, strcmp(group, "secp384r1") == 0 ? EVP_sha384() : EVP_sha256()) > 0;
    if (!ok)
        fault_set(why, FAULT_INTERNAL, "cannot make a certificate: %s", ERR_reason_error_string(ERR_get_error()));
    if (!ok || !finish(&new, why)) {
        identity_free(&new);
        return false;
    }
    *made = new;
    return true;
}

void identity_free(struct identity *identity)
{
    EVP_PKEY_free(identity->key);
    X509_free(identity->certificate);
    *identity = (struct identity){ 0 };
}

struct bytes identity_der(const struct identity *identity)
{
    return (struct bytes){ identity->der, identity->der_len };
}

static bool store_bio(BIO *from, const char *folder, const char *name, const char *suffix, unsigned mode,
                      struct fault *why)
{
    char file[256], path[FILE_PATH_MAX];
    char *text = NULL;
    const long len = BIO_get_mem_data(from, &text);
    snprintf(file, sizeof file, "%s%s", name, suffix);
    return file_path(path, folder, file, why) &&
           file_replace(path, (struct bytes){ (const uint8_t *)text, (size_t)len }, mode, why);
}

bool identity_store(const struct identity *identity, const char *folder, const char *name, struct fault *why)
{
    bool ok = false;
    BIO *key = BIO_new(BIO_s_mem()), *certificate = BIO_new(BIO_s_mem());
    if (key == NULL || certificate == NULL ||
        PEM_write_bio_PrivateKey(key, identity->key, NULL, NULL, 0, NULL, NULL) != 1 ||
        PEM_write_bio_X509(certificate, identity->certificate) != 1)
        fault_set(why, FAULT_INTERNAL, "cannot write %s as PEM", name);
    else
        ok = store_bio(key, folder, name, ".key.pem", 0600, why) &&
             store_bio(certificate, folder, name, ".pem", 0644, why);
    BIO_free(key);
    BIO_free(certificate);
    return ok;
}

static BIO *open_pem(const char *folder, const char *name, const char *suffix, uint8_t **text, struct fault *why)
{
    char file[256], path[FILE_PATH_MAX];
    size_t len = 0;
    snprintf(file, sizeof file, "%s%s", name, suffix);
    if (!file_path(path, folder, file, why) || !file_read(path, PEM_FILE_MAX, text, &len, why))
        return NULL;
    return BIO_new_mem_buf(*text, (int)len);
}

bool identity_load(const char *folder, const char *name, struct identity *loaded, struct fault *why)
{
    struct identity new = { 0 };
    uint8_t *key_text = NULL, *certificate_text = NULL;
    bool ok = false;
    BIO *certificate = NULL, *key = open_pem(folder, name, ".key.pem", &key_text, why);
    if (key != NULL)
        certificate = open_pem(folder, name, ".pem", &certificate_text, why);
    if (certificate != NULL) {
        new.key = PEM_read_bio_PrivateKey(key, NULL, NULL, NULL);
        new.certificate = PEM_read_bio_X509(certificate, NULL, NULL, NULL);
        if (new.key == NULL || new.certificate == NULL || X509_check_private_key(new.certificate, new.key) != 1)
            fault_set(why, FAULT_INPUT, "%s/%s.pem and .key.pem are not a certificate and its key", folder, name);
        else
            ok = finish(&new, why);
    }
    BIO_free(key);
    BIO_free(certificate);
    free(key_text);
    free(certificate_text);
    if (ok)
        *loaded = new;
    else
        identity_free(&new);
    return ok;
}
