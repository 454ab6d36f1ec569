/* An envelope that opens is opened by libcrypto's own CMS too, to the same plaintext, and not with a byte more or less
 * at its end. */
#include "edits.h"

#include "core/kms/cms.h"

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/err.h>

static struct rsa_key recipient;
static struct edits_good good;

static bool libcrypto_opens(struct bytes envelope, struct bytes plaintext)
{
    const uint8_t *end = envelope.data;
    uint8_t *opened = NULL;
    CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &end, (long)envelope.len);
    BIO *out = BIO_new(BIO_s_mem());
    const bool done = cms != NULL && CMS_decrypt(cms, recipient.pkey, NULL, NULL, out, CMS_DEBUG_DECRYPT) == 1;
    const long len = BIO_get_mem_data(out, &opened);
    const bool same = done && bytes_equal((struct bytes){ opened, (size_t)len }, plaintext);
    BIO_free(out);
    CMS_ContentInfo_free(cms);
    ERR_clear_error();
    return same;
}

static void load(void)
{
    struct edits_good keys = { .count = 0 };
    struct fault why;
    edits_load(&keys, "kms/cms.txt", 4, 1, "key");
    edits_load(&good, "kms/cms.txt", 4, 1, "opens");
    must(rsa_key_read(keys.messages[0], &recipient, &why));
    free((void *)(uintptr_t)keys.messages[0].data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static uint8_t changed[EDITS_MESSAGE_MAX];
    static const struct bytes before = BYTES_INIT("untouched");
    if (good.count == 0)
        load();
    if (len == 0)
        return 0;
    const struct bytes message = data[0] == 0xff ? (struct bytes){ data + 1, len - 1 }
                                                 : edits_apply(&good, (struct bytes){ data, len }, changed);
    uint8_t *const input = malloc(message.len + 1);
    must(input != NULL);
    if (message.len > 0)
        memcpy(input, message.data, message.len);
    input[message.len] = 0;
    WIPED_TEXT struct secret_text opened = { .len = 0 };
    struct fault why = { .code = FAULT_NONE };
    must(secret_text_set(&opened, before));
    if (cms_open((struct bytes){ input, message.len }, &recipient, &opened, &why)) {
        WIPED_TEXT struct secret_text again = { .len = 0 };
        must(libcrypto_opens((struct bytes){ input, message.len }, secret_text_view(&opened)));
        must(!cms_open((struct bytes){ input, message.len + 1 }, &recipient, &again, &why));
        must(!cms_open((struct bytes){ input, message.len - 1 }, &recipient, &again, &why));
    } else {
        must(why.code == FAULT_REMOTE && bytes_equal(secret_text_view(&opened), before));
    }
    free(input);
    return 0;
}
