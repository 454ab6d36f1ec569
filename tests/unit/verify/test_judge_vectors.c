/* Genuine documents of AWS hardware, and synthetic ones with one fault each, from outside the repository. */
#include "check.h"
#include "core/base/text.h"
#include "core/codec/json.h"
#include "dev/files.h"
#include "verify/judge.h"
#include "verify/x509_chain.h"

#include <string.h>

enum { FILE_MAX = 1 << 20 };

static char folder[FILE_PATH_MAX - 256];
static struct judge_report report;

static bool load(const char *name, uint8_t **data, size_t *len)
{
    char path[FILE_PATH_MAX];
    struct fault why = { 0 };
    snprintf(path, sizeof path, "%s/%s", folder, name);
    const bool ok = file_read(path, FILE_MAX, data, len, &why);
    CHECK_ROW(why.text, ok);
    return ok;
}

static bool text_of(struct json entry, const char *member, char *out, size_t cap)
{
    struct bytes text;
    struct writer copy = writer_of((uint8_t *)out, cap - 1);
    if (!json_string(json_member(entry, bytes_of_text(member)), &copy) || !writer_done(&copy, &text))
        return false;
    out[text.len] = '\0';
    return true;
}

static struct hash32 root_of(const char *name)
{
    uint8_t *pem = NULL;
    size_t len = 0;
    struct hash32 fingerprint = { { 0 } };
    struct fault why = { 0 };
    if (load(name, &pem, &len))
        CHECK(x509_pem_fingerprint((struct bytes){ pem, len }, &fingerprint, &why));
    free(pem);
    return fingerprint;
}

/* Calls `check` for each entry of a MANIFEST.json, with the file's bytes. */
static size_t each(const char *manifest, void (*check)(const char *name, struct json entry, struct bytes document))
{
    uint8_t *text = NULL, *document = NULL;
    size_t len = 0, count = 0;
    struct json entries, key, entry;
    struct fault why = { 0 };
    if (!load(manifest, &text, &len))
        return 0;
    CHECK(json_read((struct bytes){ text, len }, &entries, &why));
    struct json_cursor items = json_items(entries);
    while (json_next(&items, &key, &entry)) {
        char name[128];
        CHECK(text_of(entry, "file", name, sizeof name));
        if (!load(name, &document, &len))
            continue;
        check(name, entry, (struct bytes){ document, len });
        free(document);
        count++;
    }
    free(text);
    return count;
}

static void demand_hex(struct json object, const char *member, uint8_t *buffer, struct optional_bytes *wanted)
{
    struct bytes hex;
    if (json_plain_string(json_member(object, bytes_of_text(member)), &hex) && text_read_hex(hex, buffer))
        *wanted = (struct optional_bytes){ .present = true, .bytes = { buffer, hex.len / 2 } };
}

static void genuine(const char *name, struct json entry, struct bytes document)
{
    static uint8_t pcrs[NSM_PCR_COUNT][NSM_PCR_MAX], nonce[2048], user_data[2048], public_key[2048];
    struct judge_demands demands = {
        .root_count = 1, .roots = { JUDGE_AWS_ROOT_G1 }, .at_its_own_time = true, .allow_debug = true
    };
    bool signature_ok = false;
    uint64_t validate_at = 0;
    CHECK_ROW(name, json_bool(json_member(entry, BYTES_LIT("cose_signature_valid")), &signature_ok));
    CHECK_ROW(name, json_u64(json_member(entry, BYTES_LIT("validate_at_unix")), &validate_at));
    const struct json known = json_member(entry, BYTES_LIT("pcrs"));
    for (size_t i = 0; i < NSM_PCR_COUNT; i++) {
        char index[8];
        snprintf(index, sizeof index, "%zu", i);
        demand_hex(known, index, pcrs[i], &demands.pcrs[i]);
    }
    demand_hex(entry, "nonce", nonce, &demands.nonce);
    demand_hex(entry, "user_data", user_data, &demands.user_data);
    demand_hex(entry, "public_key", public_key, &demands.public_key);

    CHECK_ROW(name, judge(document, &demands, &report) == signature_ok);
    const struct judge_check *failure = judge_first_failure(&report);
    if (signature_ok)
        CHECK_ROW(failure != NULL ? failure->found : name, failure == NULL);
    else
        CHECK_ROW(name, failure != NULL && strcmp(failure->name, "signature") == 0);
    CHECK_ROW(name, report.doc.timestamp_ms / 1000 == validate_at);

    /* A debug enclave is one whose PCR0 is not among the PCRs that are not zero. */
    demands.allow_debug = false;
    (void)judge(document, &demands, &report);
    bool debug_told = false;
    for (size_t i = 0; i < report.count; i++)
        debug_told = debug_told || (strcmp(report.checks[i].name, "debug") == 0 && !report.checks[i].ok);
    CHECK_ROW(name, debug_told == !demands.pcrs[0].present);

    if (!signature_ok)
        return;
    demands.allow_debug = true;
    demands.at_its_own_time = false;
    demands.utc_ms = (validate_at + 4 * 3600) * 1000;
    CHECK_ROW(name, !judge(document, &demands, &report));
    failure = judge_first_failure(&report);
    CHECK_ROW(name, failure != NULL && strcmp(failure->found, "the leaf: certificate has expired") == 0);
    demands.at_its_own_time = true;
    demands.roots[0].bytes[0] ^= 1;
    CHECK_ROW(name, !judge(document, &demands, &report) && strcmp(judge_first_failure(&report)->name, "root") == 0);
}

static struct hash32 synthetic_root;

static void synthetic(const char *name, struct json entry, struct bytes document)
{
    uint64_t validate_at = 0;
    char wanted[64];
    CHECK_ROW(name, json_u64(json_member(entry, BYTES_LIT("validate_at_unix")), &validate_at));
    CHECK_ROW(name, text_of(entry, "expect", wanted, sizeof wanted));
    const struct judge_demands demands = { .root_count = 1, .roots = { synthetic_root }, .utc_ms = validate_at * 1000 };
    const bool believed = judge(document, &demands, &report);
    CHECK_ROW(name, believed == (strcmp(wanted, "accept") == 0));
    if (strcmp(wanted, "reject-in-production") == 0)
        CHECK_ROW(name, strcmp(judge_first_failure(&report)->name, "debug") == 0);
}

static void the_pinned_root_is_the_published_one(void)
{
    const struct hash32 root = root_of("AWS_NitroEnclaves_Root-G1.pem");
    CHECK(memcmp(&root, &JUDGE_AWS_ROOT_G1, sizeof root) == 0);
}

int main(void)
{
    const char *vectors = vectors_folder();
    if (vectors == NULL) {
        printf("skipped: attestation (no folder of vectors)\n");
        return TEST_SKIPPED;
    }
    snprintf(folder, sizeof folder, "%s/attestation", vectors);
    the_pinned_root_is_the_published_one();
    CHECK(each("MANIFEST.json", genuine) >= 5);
    snprintf(folder, sizeof folder, "%s/attestation/synthetic", vectors);
    synthetic_root = root_of("test_root.pem");
    CHECK(each("MANIFEST.json", synthetic) >= 14);
    return failures != 0;
}
