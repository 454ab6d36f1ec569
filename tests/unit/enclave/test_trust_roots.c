/* The embedded roots are the five that Amazon Trust Services publishes, by SHA-256 of the certificate
 * (https://www.amazontrust.com/repository/). */
#include "check.h"
#include "core/base/text.h"
#include "enclave/tls_exchange.h"
#include "enclave/trust_roots.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

static const char *const published[] = {
    "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
    "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",
    "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
    "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",
    "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5",
};

static void the_roots_are_those_published(void)
{
    BIO *in = BIO_new_mem_buf(AMAZON_TRUST_ROOTS.data, (int)AMAZON_TRUST_ROOTS.len);
    size_t count = 0;
    for (X509 *root; (root = PEM_read_bio_X509(in, NULL, NULL, NULL)) != NULL; count++) {
        uint8_t digest[32];
        char hex[65] = { 0 };
        CHECK(X509_digest(root, EVP_sha256(), digest, NULL) == 1);
        struct writer out = writer_of((uint8_t *)hex, 64);
        text_put_hex(&out, BYTES_OF(digest));
        CHECK_ROW(hex, count < 5 && strcmp(hex, published[count]) == 0);
        X509_free(root);
    }
    CHECK(count == 5);
    BIO_free(in);
    CHECK(tls_check_roots(AMAZON_TRUST_ROOTS) == TLS_DONE);
}

int main(void)
{
    the_roots_are_those_published();
    return failures != 0;
}
