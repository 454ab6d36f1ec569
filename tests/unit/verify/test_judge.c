/* Documents that are wrong in exactly one way each, made under a root of our own: the report must name that one check,
 * and no other. */
#include "check.h"
#include "core/codec/cbor.h"
#include "dev/nsm_document.h"
#include "dev/nsm_pki.h"
#include "verify/judge.h"
#include "verify/x509_chain.h"

#include <openssl/pem.h>
#include <string.h>

#define NOW_S  ((uint64_t)1795359600) /* 2026-11-22T15:00:00Z */
#define NOW_MS (NOW_S * 1000)

static const struct nsm_names names = { "us-east-2", "i-0e5160000000051e0", "i-0e5160000000051e0-enc0190e51651e51e51" };
static struct nsm_pki pki, other;
static uint8_t buffer[NSM_DOCUMENT_CAP];
static struct nsm_document plan;
static struct judge_demands demands;
static struct judge_report report;

/* A document and demands in which nothing is wrong. */
static void begin(void)
{
    plan = (struct nsm_document){ .module_id = bytes_of_text(names.module_id),
                                  .timestamp_ms = NOW_MS,
                                  .certificate = identity_der(&pki.chain[NSM_LEAF]),
                                  .cabundle_count = NSM_LEAF,
                                  .nonce = { .present = true, .bytes = BYTES_LIT("nonce") } };
    for (size_t i = 0; i < NSM_LEAF; i++)
        plan.cabundle[i] = identity_der(&pki.chain[i]);
    for (size_t i = 0; i < 16; i++)
        plan.locked[i] = true;
    memset(plan.pcrs[0].bytes, 0xa0, sizeof plan.pcrs[0].bytes);
    demands = (struct judge_demands){ .root_count = 1,
                                      .roots = { nsm_pki_root_fingerprint(&pki) },
                                      .utc_ms = NOW_MS + 1000,
                                      .max_age_ms = 300000,
                                      .max_ahead_ms = 1000 };
}

static struct bytes made_with(EVP_PKEY *key)
{
    struct writer out = writer_of(buffer, sizeof buffer);
    struct bytes document = { NULL, 0 };
    struct fault why = { 0 };
    CHECK(nsm_document_put(&out, &plan, key, &why));
    CHECK(writer_done(&out, &document));
    return document;
}

static struct bytes made(void)
{
    return made_with(pki.chain[NSM_LEAF].key);
}

/* Exactly that check fails (NULL: none). */
static void expect(const char *name, struct bytes document, const char *wanted)
{
    const bool believed = judge(document, &demands, &report);
    CHECK_ROW(name, believed == (wanted == NULL));
    CHECK_ROW(name, report.believed == believed);
    for (size_t i = 0; i < report.count; i++) {
        const bool failing = wanted != NULL && strcmp(report.checks[i].name, wanted) == 0;
        if (report.checks[i].ok == failing)
            fprintf(stderr, "[%s] %s: %s\n", name, report.checks[i].name, report.checks[i].found);
        CHECK_ROW(name, report.checks[i].ok != failing);
    }
    const struct judge_check *first = judge_first_failure(&report);
    CHECK_ROW(name, wanted == NULL ? first == NULL : first != NULL && strcmp(first->name, wanted) == 0);
}

static void a_good_document_is_believed(void)
{
    begin();
    demands.nonce = plan.nonce;
    demands.pcrs[0] = (struct optional_bytes){ .present = true, .bytes = BYTES_OF(plan.pcrs[0].bytes) };
    expect("good", made(), NULL);
    CHECK(report.genuine && report.count == 10);
    CHECK(bytes_equal(report.doc.module_id, bytes_of_text(names.module_id)));
}

static void time_decides(void)
{
    begin();
    demands.max_age_ms = 0;
    demands.utc_ms = NOW_MS + 4 * 3600 * 1000;
    expect("expired leaf", made(), "chain");
    CHECK(strstr(judge_first_failure(&report)->found, "the leaf: certificate has expired") != NULL);
    demands.at_its_own_time = true;
    expect("a stored one, at its own time", made(), NULL);
    begin();
    plan.timestamp_ms = NOW_MS - 3600 * 1000;
    demands.max_age_ms = 0;
    demands.utc_ms = plan.timestamp_ms;
    expect("not yet valid", made(), "chain");
    begin();
    demands.utc_ms = NOW_MS + 300000;
    expect("as old as it may be", made(), NULL);
    demands.utc_ms = NOW_MS + 300001;
    expect("too old", made(), "fresh");
    demands.utc_ms = NOW_MS - 1000;
    expect("as far ahead as it may be", made(), NULL);
    demands.utc_ms = NOW_MS - 1001;
    expect("too far ahead", made(), "fresh");
}

static void only_trusted_roots_count(void)
{
    begin();
    demands.roots[0] = nsm_pki_root_fingerprint(&other);
    expect("wrong root", made(), "root");
    CHECK(!report.genuine && report.count == 2); /* nothing more is said about it */
    demands.roots[1] = nsm_pki_root_fingerprint(&pki);
    demands.root_count = 2;
    expect("one of two roots", made(), NULL);
    demands.root_count = 0;
    expect("no root", made(), "root");
}

/* A count beyond the array does not reach what stands behind it, which here is the very root. */
static void no_more_roots_are_read_than_there_is_room_for(void)
{
    enum { ROOT = sizeof(struct hash32), AFTER = sizeof(struct judge_demands) - offsetof(struct judge_demands, roots) };
    struct {
        struct judge_demands demands;
        uint8_t behind[2 * ROOT];
    } wide;
    const struct hash32 root = nsm_pki_root_fingerprint(&pki);
    begin();
    wide.demands = demands;
    wide.demands.roots[0] = nsm_pki_root_fingerprint(&other);
    wide.demands.root_count = (AFTER + ROOT - 1) / ROOT + 1;
    memcpy(wide.behind + (ROOT - AFTER % ROOT) % ROOT, root.bytes, ROOT);
    CHECK(!judge(made(), &wide.demands, &report) && strcmp(judge_first_failure(&report)->name, "root") == 0);
}

static void hole_02_the_bundle_is_root_first(void)
{
    begin();
    for (size_t i = 0; i < NSM_LEAF; i++)
        plan.cabundle[i] = identity_der(&pki.chain[NSM_INSTANCE - i]);
    expect("reversed", made(), "root");
    begin();
    plan.cabundle[1] = identity_der(&pki.chain[NSM_ZONAL]);
    plan.cabundle[2] = identity_der(&pki.chain[NSM_REGIONAL]);
    expect("two exchanged", made(), "order"); /* a path could be found all the same */
}

static void a_missing_certificate_breaks_order_and_chain(void)
{
    begin();
    plan.cabundle_count = 3;
    CHECK(!judge(made(), &demands, &report));
    CHECK(strcmp(judge_first_failure(&report)->name, "order") == 0);
    CHECK(strstr(judge_first_failure(&report)->found, "the leaf is not signed by certificate 2") != NULL);
    CHECK(!report.checks[3].ok && strcmp(report.checks[3].name, "chain") == 0);
}

static void another_roots_leaf_is_not_ours(void)
{
    begin();
    plan.certificate = identity_der(&other.chain[NSM_LEAF]);
    CHECK(!judge(made_with(other.chain[NSM_LEAF].key), &demands, &report));
    CHECK(strcmp(judge_first_failure(&report)->name, "order") == 0);
    CHECK(!report.genuine);
}

static void expect_check(size_t at, const char *name, bool ok, const char *found)
{
    CHECK_ROW(name, strcmp(report.checks[at].name, name) == 0 && report.checks[at].ok == ok);
    CHECK_ROW(report.checks[at].found, strstr(report.checks[at].found, found) != NULL);
}

/* Names and dates are right, one signature is not: order and chain each find it for themselves. */
static void each_certificates_signature_counts(void)
{
    for (size_t i = 1; i <= NSM_LEAF; i++) {
        uint8_t changed[4096];
        char order[64], chain[64];
        begin();
        struct bytes *const one = i == NSM_LEAF ? &plan.certificate : &plan.cabundle[i];
        CHECK(one->len <= sizeof changed);
        memcpy(changed, one->data, one->len);
        changed[one->len - 1] ^= 1; /* of s */
        *one = (struct bytes){ changed, one->len };
        CHECK(!judge(made(), &demands, &report) && !report.genuine);
        snprintf(order, sizeof order,
                 i == NSM_LEAF ? "the leaf is not signed by certificate %zu (" : "is not signed by certificate %zu (",
                 i - 1);
        snprintf(chain, sizeof chain,
                 i == NSM_LEAF ? "the leaf: certificate signature failure"
                               : "certificate %zu: certificate signature failure",
                 i);
        expect_check(2, "order", false, order);
        expect_check(3, "chain", false, chain);
        expect_check(4, "leaf", true, "");
        expect_check(5, "signature", true, "");
    }
}

/* The zonal CA stands there twice: a path is found that leaves one of them out. */
static void a_path_that_leaves_one_out_is_no_order(void)
{
    begin();
    plan.cabundle_count = NSM_LEAF + 1;
    for (size_t i = NSM_LEAF; i > NSM_ZONAL; i--)
        plan.cabundle[i] = plan.cabundle[i - 1];
    CHECK(!judge(made(), &demands, &report));
    expect_check(2, "order", false, "certificate 3 is not signed by certificate 2");
    expect_check(3, "chain", true, "holds");
}

/* A certificate that bears the root's name and that another key signed stands after the root. By their names the six
 * are in order, and the path that libcrypto finds goes past it. */
static void a_path_past_a_rival_is_no_order(void)
{
    const struct identity_plan as_root = {
        .curve = "P-384",
        .not_before_s = NOW_S - 60,
        .not_after_s = NOW_S + 600,
        .subject = { { "C", "US" }, { "O", "Amazon" }, { "OU", "AWS" }, { "CN", "aws.nitro-enclaves" } },
        .extensions = { { NID_basic_constraints, "critical,CA:TRUE" }, { NID_key_usage, "critical,keyCertSign" } }
    };
    struct identity rival = { 0 };
    struct fault why = { 0 };
    CHECK(identity_make(&as_root, &other.chain[NSM_ROOT], &rival, &why));
    begin();
    plan.cabundle_count = NSM_LEAF + 1;
    for (size_t i = NSM_LEAF; i > NSM_REGIONAL; i--)
        plan.cabundle[i] = plan.cabundle[i - 1];
    plan.cabundle[1] = identity_der(&rival);
    expect("a rival of the root", made(), "order");
    expect_check(2, "order", false, "certificate 1 is not signed by certificate 0");
    identity_free(&rival);
}

static void certificates_that_cannot_be_read_are_told(void)
{
    begin();
    plan.cabundle[2].len--;
    CHECK(!judge(made(), &demands, &report));
    expect_check(2, "order", false, "certificate 2 is not one DER certificate");
    expect_check(3, "chain", false, "certificate 2 is not one DER certificate");
    expect_check(4, "leaf", true, "");
    expect_check(5, "signature", true, "");
    begin();
    plan.certificate.len--;
    CHECK(!judge(made(), &demands, &report));
    expect_check(2, "order", false, "the leaf is not one DER certificate");
    expect_check(4, "leaf", false, "the leaf is not one DER certificate");
    expect_check(5, "signature", false, "not the leaf's");
}

static void signatures_are_the_leafs(void)
{
    begin();
    expect("by the issuer's key", made_with(pki.chain[NSM_INSTANCE].key), "signature");
    struct bytes document = made();
    buffer[document.len - 1] ^= 1;
    expect("a bit of s", document, "signature");
    document = made();
    memset(buffer + document.len - ES384_SIGNATURE, 0, ES384_SIGNATURE);
    expect("all zero", document, "signature");
    begin();
    document = made();
    /* The payload is signed: the last byte of the nonce stands before the break and the signature's header. */
    buffer[document.len - ES384_SIGNATURE - 2 - 1 - 1] ^= 1;
    expect("a bit of the nonce", document, "signature");
}

static struct identity variant(const struct identity_plan *leaf)
{
    struct identity identity = { 0 };
    struct fault why = { 0 };
    CHECK(identity_make(leaf, &pki.chain[NSM_INSTANCE], &identity, &why));
    return identity;
}

static void leaves_must_be_fit_to_sign(void)
{
    const struct {
        const char *name;
        struct identity_plan plan;
    } rows[] = {
        { "a CA",
          { .curve = "P-384",
            .not_before_s = NOW_S - 60,
            .not_after_s = NOW_S + 600,
            .subject = { { "CN", "x" } },
            .extensions = { { NID_key_usage, "critical,keyCertSign,digitalSignature" } } } },
        { "no digitalSignature",
          { .curve = "P-384",
            .not_before_s = NOW_S - 60,
            .not_after_s = NOW_S + 600,
            .subject = { { "CN", "x" } },
            .extensions = { { NID_basic_constraints, "critical,CA:FALSE" }, { NID_key_usage, "keyAgreement" } } } },
        { "no key usage",
          { .curve = "P-384",
            .not_before_s = NOW_S - 60,
            .not_after_s = NOW_S + 600,
            .subject = { { "CN", "x" } },
            .extensions = { { NID_basic_constraints, "critical,CA:FALSE" } } } },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin();
        struct identity leaf = variant(&rows[i].plan);
        plan.certificate = identity_der(&leaf);
        expect(rows[i].name, made_with(leaf.key), "leaf");
        identity_free(&leaf);
    }
    /* On another curve the signature fails too, so this one is asked alone. */
    struct identity_plan plan_p256 = rows[0].plan;
    struct fault why = { 0 };
    plan_p256.curve = "P-256";
    plan_p256.extensions[0].nid = NID_basic_constraints;
    plan_p256.extensions[0].value = "critical,CA:FALSE";
    plan_p256.extensions[1].nid = NID_key_usage;
    plan_p256.extensions[1].value = "digitalSignature";
    struct identity leaf_p256 = variant(&plan_p256);
    const struct bytes root = identity_der(&pki.chain[NSM_ROOT]);
    struct x509_chain *chain = x509_chain_read(&root, 1, identity_der(&leaf_p256));
    CHECK(chain != NULL && !x509_leaf_may_sign(chain, &why) && strstr(why.text, "P-384") != NULL);
    x509_chain_free(chain);
    identity_free(&leaf_p256);
    /* The instance's own certificate, which is a CA, used as the leaf. */
    begin();
    plan.certificate = identity_der(&pki.chain[NSM_INSTANCE]);
    plan.cabundle_count = 3;
    expect("the instance as leaf", made_with(pki.chain[NSM_INSTANCE].key), "leaf");
    CHECK(strstr(judge_first_failure(&report)->found, "CA certificate") != NULL);
}

static void form_is_strict(void)
{
    begin();
    struct bytes document = made();
    uint8_t changed[NSM_DOCUMENT_CAP + 1];
    memcpy(changed, document.data, document.len);
    changed[document.len] = 0;
    expect("a byte after it", (struct bytes){ changed, document.len + 1 }, "form");
    expect("a byte short", (struct bytes){ document.data, document.len - 1 }, "form");
    changed[0] = 0xd2; /* tag 18 */
    memcpy(changed + 1, document.data, document.len);
    expect("tagged", (struct bytes){ changed, document.len + 1 }, "form");
    demands.allow_tag = true;
    expect("tagged, and allowed", (struct bytes){ changed, document.len + 1 }, NULL);
    expect("nothing", (struct bytes){ NULL, 0 }, "form");
}

static void debug_enclaves_are_told(void)
{
    begin();
    memset(plan.pcrs[0].bytes, 0, sizeof plan.pcrs[0].bytes);
    expect("debug", made(), "debug");
    CHECK(report.genuine && strstr(judge_first_failure(&report)->found, "parent can read") != NULL);
    demands.allow_debug = true;
    expect("debug, and allowed", made(), NULL);
}

static void demands_are_compared(void)
{
    begin();
    demands.nonce = (struct optional_bytes){ .present = true, .bytes = BYTES_LIT("nonsense") };
    expect("another nonce", made(), "nonce");
    CHECK(strcmp(judge_first_failure(&report)->found, "6e6f6e6365, not what was demanded") == 0);
    begin();
    demands.user_data = (struct optional_bytes){ .present = true, .bytes = BYTES_LIT("x") };
    expect("user_data absent", made(), "user_data");
    plan.user_data = (struct optional_bytes){ .present = true, .bytes = BYTES_LIT("") };
    demands.user_data.bytes = BYTES_LIT("");
    expect("user_data empty and present", made(), NULL);
    begin();
    demands.public_key = (struct optional_bytes){ .present = true, .bytes = BYTES_LIT("k") };
    expect("public_key absent", made(), "public_key");
    begin();
    struct hash48 wanted = { { 1 } };
    demands.pcrs[8] = (struct optional_bytes){ .present = true, .bytes = BYTES_OF(wanted.bytes) };
    expect("another PCR8", made(), "pcr8");
    begin();
    demands.pcrs[16] = (struct optional_bytes){ .present = true, .bytes = BYTES_OF(wanted.bytes) };
    expect("PCR16 is not locked", made(), "pcr16");
}

static void fingerprints_are_of_one_certificate(void)
{
    struct fault why = { 0 };
    struct hash32 fingerprint;
    char *text = NULL;
    BIO *pem = BIO_new(BIO_s_mem());
    CHECK(PEM_write_bio_X509(pem, pki.chain[NSM_ROOT].certificate) == 1);
    long len = BIO_get_mem_data(pem, &text);
    CHECK(x509_pem_fingerprint((struct bytes){ (uint8_t *)text, (size_t)len }, &fingerprint, &why));
    const struct hash32 wanted = nsm_pki_root_fingerprint(&pki);
    CHECK(memcmp(&fingerprint, &wanted, sizeof wanted) == 0);
    CHECK(PEM_write_bio_X509(pem, pki.chain[NSM_ROOT].certificate) == 1);
    len = BIO_get_mem_data(pem, &text);
    CHECK(!x509_pem_fingerprint((struct bytes){ (uint8_t *)text, (size_t)len }, &fingerprint, &why));
    CHECK(!x509_pem_fingerprint(BYTES_LIT("no PEM"), &fingerprint, &why) && why.code == FAULT_INPUT);
    BIO_free(pem);
}

static void make_chain(struct nsm_pki *made)
{
    struct fault why = { 0 };
    const struct nsm_names none = { "", "", "" };
    CHECK(nsm_certificate_make(NSM_ROOT, &none, NOW_S - 86400, NULL, &made->chain[NSM_ROOT], &why));
    CHECK(nsm_pki_renew(made, &names, NOW_S - 5, &why));
}

int main(void)
{
    make_chain(&pki);
    make_chain(&other);
    a_good_document_is_believed();
    time_decides();
    only_trusted_roots_count();
    no_more_roots_are_read_than_there_is_room_for();
    hole_02_the_bundle_is_root_first();
    a_missing_certificate_breaks_order_and_chain();
    another_roots_leaf_is_not_ours();
    each_certificates_signature_counts();
    a_path_that_leaves_one_out_is_no_order();
    a_path_past_a_rival_is_no_order();
    certificates_that_cannot_be_read_are_told();
    signatures_are_the_leafs();
    leaves_must_be_fit_to_sign();
    form_is_strict();
    debug_enclaves_are_told();
    demands_are_compared();
    fingerprints_are_of_one_certificate();
    nsm_pki_free(&pki);
    nsm_pki_free(&other);
    return failures != 0;
}
