#include "bench.h"
#include "clock.h"
#include "scene.h"

#include "core/base/text.h"
#include "verify/judge.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <secp256k1_recovery.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLICE_MS = 4, BATCH = 20, DOCUMENT_SIGNATURES = 5 };

static struct {
    secp256k1_context *context;
    uint8_t key[32], digest[32], transfer[32];
    secp256k1_ecdsa_recoverable_signature recoverable; /* of `transfer` */
    secp256k1_ecdsa_signature signature;
    secp256k1_pubkey public_key;
} raw;

static void raw_sign(void *unused)
{
    (void)unused;
    secp256k1_ecdsa_recoverable_signature made;
    raw.digest[0]++; /* the same digest again would find its data in the caches */
    must(secp256k1_ecdsa_sign_recoverable(raw.context, &made, raw.digest, raw.key, NULL, NULL) == 1);
}

static void raw_recover(void *unused)
{
    (void)unused;
    must(secp256k1_ecdsa_recover(raw.context, &raw.public_key, &raw.recoverable, raw.transfer) == 1);
}

static void raw_verify(void *unused)
{
    (void)unused;
    secp256k1_ecdsa_recoverable_signature_convert(raw.context, &raw.signature, &raw.recoverable);
    must(secp256k1_ecdsa_verify(raw.context, &raw.signature, raw.transfer, &raw.public_key) == 1);
}

struct whole {
    struct scene *scene;
    struct bytes request;
};

/* As a worker does it. */
static void answer(void *context)
{
    const struct whole *whole = context;
    struct arena arena = arena_of(whole->scene->arena, SIGNER_ARENA);
    struct writer out = writer_of(whole->scene->answer, SIGNER_ANSWER_MAX);
    must(signer_answer(whole->scene->signer, whole->request, SIGNER_QUICK, &arena, &out) == SIGNER_ANSWERED);
    if (out.len < 10 || memcmp(out.data, "{\"result\":", 10) != 0) {
        fprintf(stderr, "bench: refused: %.*s\n", (int)out.len, (const char *)out.data);
        exit(2);
    }
}

/* A signer with the key 0x11…, under the policy in the file, or under none. */
static struct scene *provisioned(const char *folder, const char *policy)
{
    static const char settings[] = "{\"mode\":\"open\"}";
    struct scene *const scene = calloc(1, sizeof *scene);
    must(scene != NULL);
    scene_open(scene, settings);
    const struct bytes document = policy == NULL ? (struct bytes){ 0 } : bench_file(folder, policy);
    char *const request = malloc(document.len + 1024);
    must(request != NULL);
    sprintf(request, SCENE_PROVISION("%s%.*s"), policy == NULL ? "" : ",\"policy\":", (int)document.len,
            policy == NULL ? "" : (const char *)document.data);
    const char *const said = scene_ask(scene, request);
    if (strstr(said, SCENE_ADDRESS) == NULL) {
        fprintf(stderr, "bench: %s\n", said);
        exit(2);
    }
    free(request);
    return scene;
}

static struct bytes document;
static struct judge_demands demands;

static void judge_document(void *unused)
{
    struct judge_report report;
    (void)unused;
    must(judge(document, &demands, &report));
}

static struct {
    EVP_PKEY *key;
    uint8_t message[1024], signature[128];
    size_t len;
} p384;

static void verify_p384(void *unused)
{
    (void)unused;
    for (unsigned i = 0; i < DOCUMENT_SIGNATURES; i++) {
        EVP_MD_CTX *const context = EVP_MD_CTX_new();
        must(context != NULL && EVP_DigestVerifyInit(context, NULL, EVP_sha384(), NULL, p384.key) == 1);
        must(EVP_DigestVerify(context, p384.signature, p384.len, p384.message, sizeof p384.message) == 1);
        EVP_MD_CTX_free(context);
    }
}

static void start_document(const char *folder)
{
    struct attestation_doc doc;
    struct fault why;
    document = bench_file(folder, "document.bin");
    must(attestation_doc_read(document, &doc, &why) && doc.cabundle_count == DOCUMENT_SIGNATURES - 1);
    demands = (struct judge_demands){ .root_count = 1, .roots = { sha256(doc.cabundle[0]) }, .at_its_own_time = true };
    p384.key = EVP_EC_gen("P-384");
    p384.len = sizeof p384.signature;
    EVP_MD_CTX *const context = EVP_MD_CTX_new();
    must(EVP_DigestSignInit(context, NULL, EVP_sha384(), NULL, p384.key) == 1);
    must(EVP_DigestSign(context, p384.signature, &p384.len, p384.message, sizeof p384.message) == 1);
    EVP_MD_CTX_free(context);
}

static struct whole redeem, transfer, batch, ticket_few, ticket_many;

/* One signature takes a tenth longer to recover than another: what is recovered and verified here is what the transfer
 * signs, or the best of many slices would be that of a lucky digest, which no request has. */
static void start_raw(void)
{
    static const uint8_t seed[32] = { 5 };
    answer(&transfer);
    const char *const hash = strstr(scene_ask(transfer.scene, "{\"method\":\"journal\"}"), "\"hash\":\"0x");
    must(hash != NULL && text_read_hex((struct bytes){ (const uint8_t *)hash + 10, 64 }, raw.transfer));
    memset(raw.key, 0x11, sizeof raw.key);
    raw.context = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    must(raw.context != NULL && secp256k1_context_randomize(raw.context, seed) == 1);
    must(secp256k1_ecdsa_sign_recoverable(raw.context, &raw.recoverable, raw.transfer, raw.key, NULL, NULL) == 1);
    raw_recover(NULL);
}

struct bench_job bench_jobs[BENCH_JOBS] = {
    [BENCH_SIGN] = { .name = "sign", .run = raw_sign },
    [BENCH_RECOVER] = { .name = "recover", .run = raw_recover },
    [BENCH_VERIFY] = { .name = "verify", .run = raw_verify },
    [BENCH_REDEEM] = { .name = "redeem", .run = answer, .context = &redeem },
    [BENCH_TRANSFER] = { .name = "transfer", .run = answer, .context = &transfer },
    [BENCH_BATCH] = { .name = "batch", .run = answer, .context = &batch },
    [BENCH_TICKET] = { .name = "ticket", .run = answer, .context = &ticket_few },
    [BENCH_DOCUMENT] = { .name = "document", .run = judge_document },
    [BENCH_P384] = { .name = "p384", .run = verify_p384 },
    [BENCH_TICKET_MANY] = { .name = "ticket_many", .run = answer, .context = &ticket_many },
};

void bench_start(const char *folder)
{
    struct scene *const few = provisioned(folder, "policy.json");
    redeem = (struct whole){ few, bench_file(folder, "redeem.json") };
    batch = (struct whole){ few, bench_file(folder, "batch.json") };
    ticket_few = (struct whole){ few, bench_file(folder, "ticket.json") };
    transfer = (struct whole){ provisioned(folder, NULL), bench_file(folder, "transfer.json") };
    start_raw();
    start_document(folder);
}

void bench_in_process(const char *folder)
{
    ticket_many = (struct whole){ provisioned(folder, "policy-10000.json"), ticket_few.request };
    bench_in_turns(bench_jobs, BENCH_JOBS, SLICE_MS);
    const struct bench_job *const jobs = bench_jobs;
    const double sign = jobs[BENCH_SIGN].best_us, recover = jobs[BENCH_RECOVER].best_us;
    const double verify = jobs[BENCH_VERIFY].best_us;
    bench_say("sign_raw_us", sign);
    bench_say("recover_raw_us", recover);
    bench_say("verify_raw_us", verify);
    bench_say("core_ratio", (sign + recover + verify) / jobs[BENCH_REDEEM].best_us);
    bench_say("core_transfer_ratio", (sign + recover) / jobs[BENCH_TRANSFER].best_us);
    bench_say("batch_20_ratio", jobs[BENCH_BATCH].best_us / (BATCH * verify + sign + recover));
    bench_say("allowlist_ratio", jobs[BENCH_TICKET_MANY].best_us / jobs[BENCH_TICKET].best_us);
    bench_say("verify_document_ratio", jobs[BENCH_DOCUMENT].best_us / jobs[BENCH_P384].best_us);
}
