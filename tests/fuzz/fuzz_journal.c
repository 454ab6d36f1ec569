/* A chain of answers is followed exactly as far as SHA-256 by libcrypto follows it: the head after each answer that is
 * taken is recomputed here from the entries' bytes. The input is one answer a line; what is refused moves nothing. */
#include "fuzz.h"

#include "core/base/text.h"
#include "parent/journal_chain.h"

#include <openssl/evp.h>
#include <stdio.h>

static bool head_is(struct json answer, const char *name, const uint8_t head[static 32])
{
    char hex[65];
    for (size_t i = 0; i < 32; i++)
        snprintf(hex + 2 * i, 3, "%02x", head[i]);
    struct bytes text;
    return json_plain_string(json_member(answer, bytes_of_text(name)), &text) &&
           text_equal_nocase(text, bytes_of_text(hex));
}

/* The head after all entries, from the head before them. */
static void follow(struct json entries, uint8_t head[static 32])
{
    struct json key, entry;
    for (struct json_cursor cursor = json_items(entries); json_next(&cursor, &key, &entry);) {
        EVP_MD_CTX *const hash = EVP_MD_CTX_new();
        must(hash != NULL && EVP_DigestInit_ex(hash, EVP_sha256(), NULL) == 1 &&
             EVP_DigestUpdate(hash, head, 32) == 1 && EVP_DigestUpdate(hash, entry.text.data, entry.text.len) == 1 &&
             EVP_DigestFinal_ex(hash, head, NULL) == 1);
        EVP_MD_CTX_free(hash);
    }
}

static void check_added(const struct journal_chain *before, const struct journal_chain *after, struct json answer)
{
    const struct json entries = json_member(answer, BYTES_LIT("entries"));
    uint8_t head[32];
    struct bytes hex;
    if (after->restarted) {
        must(after->seq == 0 && after->last < before->seq);
        return;
    }
    must(json_plain_string(json_member(answer, BYTES_LIT("head_before")), &hex) && hex.len == 64);
    must(text_read_hex(hex, head));
    must(after->seq == before->seq + after->lost + json_count(entries) && after->seq <= after->last);
    must(!before->has_head || after->lost > 0 || memcmp(before->head.bytes, head, sizeof head) == 0);
    follow(entries, head);
    must(after->has_head && memcmp(after->head.bytes, head, sizeof head) == 0);
    must(after->seq < after->last || head_is(answer, "head", head));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct journal_chain chain = journal_chain_start(0);
    uint8_t *const input = exact_copy(data, len);
    for (size_t at = 0; at < len;) {
        const uint8_t *const end = memchr(input + at, '\n', len - at);
        const size_t line = end != NULL ? (size_t)(end - input) - at : len - at;
        const struct journal_chain before = chain;
        struct json answer;
        struct fault why = { 0 };
        if (json_read((struct bytes){ input + at, line }, &answer, &why)) {
            if (journal_chain_add(&chain, answer, &why))
                check_added(&before, &chain, answer);
            else
                must(why.code == FAULT_REMOTE && memcmp(&before, &chain, sizeof chain) == 0);
        }
        at += line + 1;
    }
    free(input);
    return 0;
}
