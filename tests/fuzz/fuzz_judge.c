/* Nobody but the one who holds the keys makes a document or a chain that is believed: whatever was changed in a good
 * one, if it is still believed then the signed part of it, and of every certificate, is the good one's to the byte.
 *
 *   u8: 0 to 4 a certificate of the chain is edited, root first; 5 the same and another is put in its place; else the
 *   document | edits (edits.h, without their first byte)
 */
#include "edits.h"

#include "verify/judge.h"
#include "verify/x509_chain.h"

enum { CHAIN = 5, LEAF = CHAIN - 1 };

static struct bytes document, chain[CHAIN];
static struct judge_demands demands;
static uint64_t made_s;

static void load(void)
{
    static struct vector_file vectors;
    static uint8_t bytes[EDITS_MESSAGE_MAX];
    size_t count = 0;
    for (vector_open(&vectors, "nitro/signed.txt"); vector_next(&vectors, 2);) {
        const struct bytes found = vector_hex(vectors.column[1], bytes, sizeof bytes);
        if (bytes_equal(vectors.column[0], BYTES_LIT("root-sha256"))) {
            memcpy(demands.roots[demands.root_count++].bytes, found.data, 32);
            continue;
        }
        const struct bytes kept = { exact_copy(found.data, found.len), found.len };
        if (bytes_equal(vectors.column[0], BYTES_LIT("document")))
            document = kept;
        else if (count < CHAIN)
            chain[count++] = kept;
    }
    demands.at_its_own_time = true;
    struct judge_report report;
    must(count == CHAIN && judge(document, &demands, &report));
    made_s = report.doc.timestamp_ms / 1000;
}

/* What of a certificate is signed: the first element of its outer SEQUENCE, header and all. */
static struct bytes signed_part(struct bytes der)
{
    size_t at = 0, len = 0, start = 0;
    for (unsigned level = 0; level < 2; level++) {
        start = at;
        must(at + 2 <= der.len && der.data[at] == 0x30);
        const uint8_t first = der.data[at + 1];
        at += 2;
        len = first;
        if (first & 0x80) {
            len = 0;
            for (unsigned i = 0; i < (first & 0x7fu); i++)
                len = len << 8 | der.data[at++];
        }
    }
    must(len <= der.len - at);
    return (struct bytes){ der.data + start, at + len - start };
}

/* One good message, as edits_apply wants it. */
static struct bytes changed_by(struct bytes good, struct bytes script, uint8_t *out)
{
    const struct edits_good one = { .messages = { good }, .count = 1 };
    uint8_t with_choice[4096];
    const size_t len = script.len < sizeof with_choice - 1 ? script.len : sizeof with_choice - 1;
    with_choice[0] = 0;
    if (len > 0)
        memcpy(with_choice + 1, script.data, len);
    return edits_apply(&one, (struct bytes){ with_choice, len + 1 }, out);
}

static void check_document(struct bytes changed)
{
    static struct judge_report report;
    struct attestation_doc good;
    struct fault why;
    const bool believed = judge(changed, &demands, &report);
    must(believed == (judge_first_failure(&report) == NULL) && (!believed || report.genuine));
    if (!report.genuine)
        return;
    must(attestation_doc_read(document, &good, &why));
    must(bytes_equal(report.doc.payload, good.payload) && bytes_equal(report.doc.protected, good.protected));
}

/* What is remembered of the path that held must not change what is said of the order. */
static void check_chain(size_t which, struct bytes changed)
{
    struct bytes bundle[LEAF];
    struct fault why = { 0 };
    memcpy(bundle, chain, sizeof bundle);
    if (which < LEAF)
        bundle[which] = changed;
    const struct bytes leaf = which == LEAF ? changed : chain[LEAF];
    struct x509_chain *const fresh = x509_chain_read(bundle, LEAF, leaf), *const asked =
                                                                              x509_chain_read(bundle, LEAF, leaf);
    must(fresh != NULL && asked != NULL);
    const bool holds = x509_chain_holds(asked, made_s, &why), in_order = x509_chain_in_order(asked, &why);
    must(in_order == x509_chain_in_order(fresh, &why));
    if (in_order && holds) {
        must((which == 0 && !bytes_equal(changed, chain[0])) ||
             bytes_equal(signed_part(changed), signed_part(chain[which])));
        must(!x509_chain_holds(asked, made_s + 30 * 86400, &why) &&
             !x509_chain_holds(asked, made_s - 30 * 86400, &why));
    }
    x509_chain_free(asked);
    x509_chain_free(fresh);
}

static void check_leaf(struct bytes changed)
{
    static const uint8_t p384[] = { 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22 };
    struct fault why = { 0 };
    uint64_t from, to;
    struct x509_chain *const read = x509_chain_read(chain, LEAF, changed);
    must(read != NULL && (x509_validity(changed, &from, &to, &why) || why.code == FAULT_REMOTE));
    if (x509_leaf_may_sign(read, &why))
        must(memmem(changed.data, changed.len, p384, sizeof p384) != NULL);
    must(!x509_leaf_signed(read, BYTES_LIT("never signed"), (struct bytes){ chain[0].data, ES384_SIGNATURE }, &why));
    x509_chain_free(read);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static uint8_t changed[EDITS_MESSAGE_MAX];
    if (document.len == 0)
        load();
    if (len < 2)
        return 0;
    const size_t which = data[0] % 8;
    const struct bytes script = { data + 1, len - 1 };
    const struct bytes from = which < CHAIN ? chain[which] : which == CHAIN ? chain[data[1] % CHAIN] : document;
    const struct bytes message = changed_by(from, script, changed);
    uint8_t *const input = exact_copy(message.data, message.len);
    const struct bytes exact = { input, message.len };
    if (which > CHAIN) {
        check_document(exact);
    } else {
        check_chain(which < CHAIN ? which : (data[1] + 1u) % CHAIN, exact);
        check_leaf(exact);
    }
    free(input);
    return 0;
}
