/* Judging a document when libcrypto is refused memory: what is not believed with all the memory there is, is never
 * believed with less; a refusal leaks nothing, and the next judgement is as it was. */
#include "failing_memory.h"

#include "check.h"
#include "dev/nsm_document.h"
#include "dev/nsm_pki.h"
#include "verify/ec_library.h"
#include "verify/judge.h"

#include <limits.h>
#include <openssl/err.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOW_S  ((uint64_t)1795359600) /* 2026-11-22T15:00:00Z */
#define NOW_MS (NOW_S * 1000)

enum { STEP = 41, FIRST_STEP = 13 }; /* a judgement asks 3,600 times, for what the first one makes 4,800 times more */

static const struct nsm_names names = { "us-east-2", "i-0e5160000000051e0", "i-0e5160000000051e0-enc0190e51651e51e51" };
static struct nsm_pki ours, other;
static struct judge_demands demands;

static void make_chain(struct nsm_pki *made)
{
    struct fault why = { 0 };
    const struct nsm_names none = { "", "", "" };
    CHECK(nsm_certificate_make(NSM_ROOT, &none, NOW_S - 86400, NULL, &made->chain[NSM_ROOT], &why));
    CHECK(nsm_pki_renew(made, &names, NOW_S - 5, &why));
}

/* A document under `pki`'s root, signed by `signer`'s leaf. */
static struct bytes make(const struct nsm_pki *pki, const struct nsm_pki *signer, uint8_t room[static NSM_DOCUMENT_CAP])
{
    struct nsm_document plan = { .module_id = bytes_of_text(names.module_id),
                                 .timestamp_ms = NOW_MS,
                                 .certificate = identity_der(&pki->chain[NSM_LEAF]),
                                 .cabundle_count = NSM_LEAF,
                                 .nonce = { .present = true, .bytes = BYTES_LIT("nonce") } };
    for (size_t i = 0; i < NSM_LEAF; i++)
        plan.cabundle[i] = identity_der(&pki->chain[i]);
    for (size_t i = 0; i < 16; i++)
        plan.locked[i] = true;
    memset(plan.pcrs[0].bytes, 0xa0, sizeof plan.pcrs[0].bytes);
    struct writer out = writer_of(room, NSM_DOCUMENT_CAP);
    struct bytes document = { NULL, 0 };
    struct fault why = { 0 };
    CHECK(nsm_document_put(&out, &plan, signer->chain[NSM_LEAF].key, &why) && writer_done(&out, &document));
    return document;
}

static bool judged(struct bytes document, struct memory_trial *trial)
{
    static struct judge_report report;
    memory_arm(trial);
    const bool believed = judge(document, &demands, &report);
    memory_disarm(trial);
    CHECK(believed == report.believed);
    ERR_clear_error();
    return believed;
}

static void every_refusal(const char *name, struct bytes document, bool believable)
{
    struct memory_trial trial = { 0 }, all_there_is = { .n = UINT_MAX }, warm = { .n = 1 };
    unsigned refusals = 0, leaks = 0;
    (void)judged(document, &warm);
    CHECK_ROW(name, judged(document, &all_there_is) == believable);
    while (memory_next(&trial)) {
        const bool believed = judged(document, &trial);
        CHECK_ROW(name, believable || !believed);
        CHECK_ROW(name, !trial.succeeded || believed == believable);
        /* once more, because the first may have made tables that stay */
        struct memory_trial again = trial;
        const long before = atomic_load(&memory_state.live);
        (void)judged(document, &again);
        if (atomic_load(&memory_state.live) > before)
            fprintf(stderr, "%s: asking %u, %s: %ld blocks are left over\n", name, trial.n,
                    trial.stays ? "and all after" : "once", atomic_load(&memory_state.live) - before);
        leaks += atomic_load(&memory_state.live) > before;
        refusals += !trial.succeeded;
        trial.n += trial.succeeded ? 0 : STEP - 1;
    }
    CHECK_ROW(name, leaks == 0);
    CHECK_ROW(name, refusals > 100 && judged(document, &all_there_is) == believable);
    printf("%s: refused memory %u times\n", name, refusals);
}

/* What the first judgement makes for all later ones is made whole or not at all, and then again at the next. Each trial
 * is a process of its own. Not for leaks: libcrypto has some where a context cannot be made. */
static void the_first_refusal_is_not_remembered(struct bytes document)
{
    enum { WRONG, REFUSED, MADE, SUCCEEDED };
    struct memory_trial trial = { 0 }, all_there_is = { .n = UINT_MAX };
    unsigned ended[SUCCEEDED + 1] = { 0 };
    while (memory_next(&trial)) {
        const pid_t child = fork();
        if (child == 0) {
            memory_arm(&trial);
            const bool made = ec_library() != NULL;
            memory_disarm(&trial);
            ERR_clear_error();
            _exit(!judged(document, &all_there_is) ? WRONG : trial.succeeded ? SUCCEEDED : made ? MADE : REFUSED);
        }
        int status = 0;
        must(child > 0 && waitpid(child, &status, 0) == child);
        const int end = WIFEXITED(status) && WEXITSTATUS(status) <= SUCCEEDED ? WEXITSTATUS(status) : WRONG;
        ended[end]++;
        trial.succeeded = end == SUCCEEDED;
        trial.n += trial.succeeded ? 0 : FIRST_STEP - 1;
    }
    CHECK(ended[WRONG] == 0 && ended[REFUSED] > 100 && ended[SUCCEEDED] == 2);
    printf("the first: refused memory %u times, which it could do without %u times\n", ended[REFUSED] + ended[MADE],
           ended[MADE]);
}

int main(void)
{
    static uint8_t rooms[3][NSM_DOCUMENT_CAP];
    memory_start();
    make_chain(&ours);
    make_chain(&other);
    demands = (struct judge_demands){ .root_count = 1,
                                      .roots = { nsm_pki_root_fingerprint(&ours) },
                                      .utc_ms = NOW_MS + 1000,
                                      .max_age_ms = 300000,
                                      .max_ahead_ms = 1000 };
    the_first_refusal_is_not_remembered(make(&ours, &ours, rooms[0]));
    every_refusal("a good document", make(&ours, &ours, rooms[0]), true);
    every_refusal("one signed by another leaf", make(&ours, &other, rooms[1]), false);
    demands.utc_ms += UINT64_C(86400000);
    demands.max_age_ms = 0;
    every_refusal("one whose certificates have ended", make(&ours, &ours, rooms[2]), false);
    nsm_pki_free(&ours);
    nsm_pki_free(&other);
    return failures != 0;
}
