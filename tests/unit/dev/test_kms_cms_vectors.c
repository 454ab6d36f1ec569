/* Our envelope against one that AWS KMS made: the same bytes, but for the key id, the encrypted key, the IV and the
 * content. */
#include "check.h"
#include "dev/files.h"
#include "dev/kms_cms.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

int main(void)
{
    const char *vectors = vectors_folder();
    if (vectors == NULL) {
        printf("skipped: cms/cms01_kms_decrypt_hello.ber (no folder of vectors)\n");
        return TEST_SKIPPED;
    }
    char path[FILE_PATH_MAX];
    uint8_t *genuine = NULL, *spki = NULL, made[2048];
    size_t len = 0;
    struct fault why = { 0 };
    struct bytes envelope = { NULL, 0 };
    struct writer out = writer_of(made, sizeof made);
    EVP_PKEY *key = EVP_RSA_gen(2048);
    const int spki_len = i2d_PUBKEY(key, &spki);
    CHECK(file_path(path, vectors, "cms/cms01_kms_decrypt_hello.ber", &why) &&
          file_read(path, 4096, &genuine, &len, &why));
    CHECK(kms_cms_seal((struct bytes){ spki, (size_t)spki_len }, BYTES_LIT("Hello, World"), KMS_CMS_CONSTRUCTED, &out,
                       &why) &&
          writer_done(&out, &envelope));
    CHECK(len == envelope.len);
    if (len == envelope.len) {
        static const struct {
            const char *name;
            size_t from, to;
        } theirs[] = {
            { "key id", 33, 65 }, { "encrypted key", 131, 387 }, { "IV", 415, 431 }, { "content", 435, 451 }
        };
        for (size_t i = 0; i < sizeof theirs / sizeof theirs[0]; i++) {
            CHECK_ROW(theirs[i].name,
                      memcmp(made + theirs[i].from, genuine + theirs[i].from, theirs[i].to - theirs[i].from) != 0);
            memcpy(made + theirs[i].from, genuine + theirs[i].from, theirs[i].to - theirs[i].from);
        }
        CHECK(memcmp(made, genuine, len) == 0);
    }
    OPENSSL_free(spki);
    EVP_PKEY_free(key);
    free(genuine);
    return failures != 0;
}
