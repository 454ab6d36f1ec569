/* Envelopes in every form that opens, each also opened by libcrypto's own CMS, and envelopes wrong in one way. */
#include "vectors.h"

#include "core/kms/cms.h"

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <pthread.h>
#include <sys/mman.h>

static uint8_t envelope_bytes[CMS_MAX], plaintext_bytes[SECRET_TEXT_MAX], key_bytes[4096];
static struct rsa_key recipient;

/* The independent opinion. */
static bool libcrypto_opens(struct bytes envelope, EVP_PKEY *key, struct bytes plaintext)
{
    const uint8_t *end = envelope.data;
    CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &end, (long)envelope.len);
    BIO *out = BIO_new(BIO_s_mem());
    uint8_t *opened = NULL;
    const bool done = cms != NULL && CMS_decrypt(cms, key, NULL, NULL, out, CMS_DEBUG_DECRYPT) == 1;
    const size_t len = (size_t)BIO_get_mem_data(out, &opened);
    const bool same = done && bytes_equal((struct bytes){ opened, len }, plaintext);
    BIO_free(out);
    CMS_ContentInfo_free(cms);
    ERR_clear_error();
    return same;
}

static void hole_03_and_04_envelopes_open_or_say_why(void)
{
    static struct vector_file vectors;
    static const char closed[] = "KMS's envelope does not open with this request's key";
    for (vector_open(&vectors, "kms/cms.txt"); vector_next(&vectors, 4);) {
        const struct bytes name = vectors.column[0], want = vectors.column[1];
        char row[64];
        snprintf(row, sizeof row, "%.*s", (int)name.len, (const char *)name.data);
        struct fault why = { 0 };
        if (bytes_equal(want, BYTES_LIT("key"))) {
            CHECK(rsa_key_read(vector_hex(vectors.column[3], key_bytes, sizeof key_bytes), &recipient, &why));
            continue;
        }
        const struct bytes plaintext = vector_hex(vectors.column[2], plaintext_bytes, sizeof plaintext_bytes);
        const struct bytes envelope = vector_hex(vectors.column[3], envelope_bytes, sizeof envelope_bytes);
        WIPED_TEXT struct secret_text opened = { .bytes = "untouched", .len = 9 };
        const bool done = cms_open(envelope, &recipient, &opened, &why);
        if (bytes_equal(want, BYTES_LIT("opens"))) {
            CHECK_ROW(row, done && bytes_equal(secret_text_view(&opened), plaintext));
            CHECK_ROW(row, libcrypto_opens(envelope, recipient.pkey, plaintext));
            continue;
        }
        CHECK_ROW(row, !done && why.code == FAULT_REMOTE);
        CHECK_ROW(row, bytes_equal(secret_text_view(&opened), BYTES_LIT("untouched")));
        if (bytes_equal(want, BYTES_LIT("closed")))
            CHECK_ROW(row, strcmp(why.text, closed) == 0);
        else if (bytes_equal(want, BYTES_LIT("other-key")))
            CHECK_ROW(row, strcmp(why.text, "KMS's envelope is for another key than this request's") == 0);
        else
            CHECK_ROW(row, bytes_equal(want, BYTES_LIT("form")) && strstr(why.text, "malformed") != NULL);
    }
}

/* Whatever one changed byte does, it is refused, or opens to what libcrypto opens it to. */
static void no_changed_byte_opens_differently(void)
{
    static struct vector_file vectors;
    static uint8_t changed[CMS_MAX];
    vector_open(&vectors, "kms/cms.txt");
    while (vector_next(&vectors, 4) && !bytes_equal(vectors.column[0], BYTES_LIT("kms-in-one-part-text"))) {
    }
    const struct bytes envelope = vector_hex(vectors.column[3], envelope_bytes, sizeof envelope_bytes);
    fclose(vectors.file);
    size_t opened_count = 0;
    for (size_t i = 0; i < envelope.len; i++) {
        memcpy(changed, envelope.data, envelope.len);
        changed[i] ^= 0x01;
        WIPED_TEXT struct secret_text opened = { 0 };
        struct fault why = { 0 };
        const struct bytes view = { changed, envelope.len };
        if (cms_open(view, &recipient, &opened, &why)) {
            CHECK(libcrypto_opens(view, recipient.pkey, secret_text_view(&opened)));
            opened_count++;
        }
    }
    /* CBC: 16 bytes of IV and the blocks before the last two can change unseen; nothing before them can. */
    CHECK(opened_count >= 16 && opened_count <= 16 + 80);
}

static void too_long_an_envelope_is_not_looked_at(void)
{
    static const uint8_t long_one[CMS_MAX + 1];
    WIPED_TEXT struct secret_text opened = { 0 };
    struct fault why = { 0 };
    CHECK(!cms_open(BYTES_OF(long_one), &recipient, &opened, &why) && why.code == FAULT_REMOTE);
    CHECK(strstr(why.text, "8193") != NULL && strstr(why.text, "8192") != NULL);
}

enum { STACK = 1 << 20 };
static struct bytes envelope_to_open;
static struct secret_text opened_elsewhere;
static bool opened_it;

static void *open_on_a_stack_of_its_own(void *unused)
{
    struct fault why;
    opened_it = cms_open(envelope_to_open, &recipient, &opened_elsewhere, &why);
    return unused;
}

/* What libcrypto's CMS_decrypt does not do, and one reason why it is not used. */
static void rule_14_no_plaintext_stays_on_the_stack(void)
{
    static struct vector_file vectors;
    vector_open(&vectors, "kms/cms.txt");
    while (vector_next(&vectors, 4) && !bytes_equal(vectors.column[0], BYTES_LIT("kms-primitive-text"))) {
    }
    envelope_to_open = vector_hex(vectors.column[3], envelope_bytes, sizeof envelope_bytes);
    fclose(vectors.file);
    void *const stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    CHECK(stack != MAP_FAILED);
    if (stack == MAP_FAILED)
        return;
    pthread_attr_t attributes;
    pthread_t thread;
    CHECK(pthread_attr_init(&attributes) == 0 && pthread_attr_setstack(&attributes, stack, STACK) == 0);
    CHECK(pthread_create(&thread, &attributes, open_on_a_stack_of_its_own, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    pthread_attr_destroy(&attributes);
    CHECK(opened_it && opened_elsewhere.len == 66);
    for (size_t at = 0; at + 16 <= opened_elsewhere.len; at += 16)
        CHECK(memmem(stack, STACK, opened_elsewhere.bytes + at, 16) == NULL);
    secret_text_wipe(&opened_elsewhere);
    munmap(stack, STACK);
}

int main(void)
{
    hole_03_and_04_envelopes_open_or_say_why();
    no_changed_byte_opens_differently();
    too_long_an_envelope_is_not_looked_at();
    rule_14_no_plaintext_stays_on_the_stack();
    rsa_key_wipe(&recipient);
    return failures != 0;
}
