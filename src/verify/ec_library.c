#include "verify/ec_library.h"

#include "core/base/fault.h"

#include <openssl/core_dispatch.h>
#include <openssl/crypto.h>
#include <openssl/decoder.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <pthread.h>
#include <string.h>

#define PUBLIC_KEY_IN_DER "input=der,structure=SubjectPublicKeyInfo"

/* A context, and the provider loaded into it. */
struct loaded {
    OSSL_LIB_CTX *library;
    OSSL_PROVIDER *provider;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct loaded lender; /* the default provider, apart from the process's context, which a file may configure */
static struct loaded ours;
static bool is_whole;

/* One row, and the empty one that ends a table. */
static OSSL_ALGORITHM keys[2], signatures[2], decoders[2];
static const OSSL_ALGORITHM *digests;

static const OSSL_ALGORITHM *lent(void *context, int operation, int *no_store)
{
    (void)context;
    *no_store = 0;
    switch (operation) {
    case OSSL_OP_KEYMGMT:
        return keys;
    case OSSL_OP_SIGNATURE:
        return signatures;
    case OSSL_OP_DECODER:
        return decoders;
    case OSSL_OP_DIGEST:
        return digests;
    default:
        return NULL;
    }
}

/* libcrypto hands to a row's functions the context of the provider that gave the row out; these want the lender's. */
static int start(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *from_core, const OSSL_DISPATCH **to_core,
                 void **context)
{
    static const OSSL_DISPATCH functions[] = { { OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))lent },
                                               { 0, NULL } };
    (void)handle;
    (void)from_core;
    *to_core = functions;
    *context = OSSL_PROVIDER_get0_provider_ctx(lender.provider);
    return 1;
}

/* `names` begins with that name: "EC:id-ecPublicKey:1.2.840.10045.2.1". */
static bool begins_with_name(const char *names, const char *name)
{
    const size_t len = strlen(name);
    return strncmp(names, name, len) == 0 && (names[len] == ':' || names[len] == '\0');
}

static bool borrow(int operation, const char *name, const char *property, OSSL_ALGORITHM row[static 2])
{
    int no_store = 0;
    const OSSL_ALGORITHM *each = OSSL_PROVIDER_query_operation(lender.provider, operation, &no_store);
    for (; each != NULL && each->algorithm_names != NULL; each++) {
        if (!begins_with_name(each->algorithm_names, name) || strstr(each->property_definition, property) == NULL)
            continue;
        row[0] = *each;
        return true;
    }
    return false;
}

static void unload(struct loaded *loaded)
{
    if (loaded->provider != NULL)
        OSSL_PROVIDER_unload(loaded->provider);
    OSSL_LIB_CTX_free(loaded->library);
    *loaded = (struct loaded){ NULL, NULL };
}

static bool borrow_all(void)
{
    int no_store = 0;
    lender.library = OSSL_LIB_CTX_new();
    if (lender.library != NULL)
        lender.provider = OSSL_PROVIDER_load(lender.library, "default");
    if (lender.provider == NULL)
        return false;
    digests = OSSL_PROVIDER_query_operation(lender.provider, OSSL_OP_DIGEST, &no_store);
    return digests != NULL && borrow(OSSL_OP_KEYMGMT, "EC", "", keys) &&
           borrow(OSSL_OP_SIGNATURE, "ECDSA", "", signatures) &&
           borrow(OSSL_OP_DECODER, "EC", PUBLIC_KEY_IN_DER, decoders);
}

static bool lend_all(void)
{
    ours.library = OSSL_LIB_CTX_new();
    if (ours.library != NULL && OSSL_PROVIDER_add_builtin(ours.library, "elliptic", start) == 1)
        ours.provider = OSSL_PROVIDER_load(ours.library, "elliptic");
    return ours.provider != NULL;
}

/* libcrypto looks once for what a provider has, and what it cannot take in then, for want of memory, is missing from
 * the context for good. So it looks now, and contexts that lack something are not used. SHA-1 is for libcrypto's own
 * comparing of certificates. */
static bool lacks_nothing(void)
{
    EVP_MD *fingerprint = EVP_MD_fetch(ours.library, "SHA1", NULL);
    EVP_MD *digest = EVP_MD_fetch(ours.library, "SHA384", NULL);
    EVP_MD *lenders_digest = EVP_MD_fetch(lender.library, "SHA384", NULL);
    EVP_KEYMGMT *key = EVP_KEYMGMT_fetch(ours.library, "EC", NULL);
    EVP_SIGNATURE *signature = EVP_SIGNATURE_fetch(ours.library, "ECDSA", NULL);
    OSSL_DECODER *decoder = OSSL_DECODER_fetch(ours.library, "EC", PUBLIC_KEY_IN_DER);
    const bool ok = fingerprint != NULL && digest != NULL && lenders_digest != NULL && key != NULL &&
                    signature != NULL && decoder != NULL;
    OSSL_DECODER_free(decoder);
    EVP_SIGNATURE_free(signature);
    EVP_KEYMGMT_free(key);
    EVP_MD_free(lenders_digest);
    EVP_MD_free(digest);
    EVP_MD_free(fingerprint);
    return ok;
}

OSSL_LIB_CTX *ec_library(void)
{
    must(pthread_mutex_lock(&lock) == 0);
    if (!is_whole) {
        /* What an earlier call left unfinished: now, since without memory OSSL_LIB_CTX_free frees next to nothing. */
        unload(&ours);
        unload(&lender);
        is_whole = borrow_all() && lend_all() && lacks_nothing();
    }
    OSSL_LIB_CTX *library = is_whole ? ours.library : NULL;
    must(pthread_mutex_unlock(&lock) == 0);
    return library;
}
