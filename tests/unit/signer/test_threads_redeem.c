/* Many threads with random redemptions, batches, deposits and tickets at one signer: what came back signed, added up
 * anew from the signed bytes when all have ended, is allowed by the policy and within every one of its budget's limits.
 * Run under the thread sanitizer too.
 */
#include "check.h"
#include "fuzz/budget_again.h"
#include "fuzz/deeds.h"
#include "scene.h"

#include "core/base/text.h"

enum { THREADS = 6, TRIES = 400, BYTES_EACH = 192, REQUEST_MAX = 1 << 15, SEED_OF_EACH = 1009 };

#define POLICY \
    "{\"allow_fund_deposit\":true,\"allow_withdraw\":false,\"allowed_recipients\":" \
    "[\"0x2222222222222222222222222222222222222222\"],\"budget\":{\"max_face_value_wei\":\"9000\",\"max_fee_wei\":" \
    "\"1000000000\",\"max_fund_deposit_wei\":\"2500\",\"start\":\"full\",\"window_seconds\":\"86400\"},\"chain_id\":" \
    "\"42161\",\"max_face_value_wei\":\"2000\",\"max_fee_per_gas_wei\":\"unlimited\",\"max_fund_deposit_wei\":" \
    "\"2000\"," \
    "\"max_gas\":\"unlimited\",\"max_total_face_value_wei\":\"4000\",\"max_tx_fee_wei\":\"unlimited\",\"messages\":" \
    "\"tickets\",\"require_allowlist\":true,\"ticket_broker\":\"" DEEDS_BROKER "\",\"treasury\":null,\"typed_data\":" \
    "\"none\",\"version\":\"1\"}"

static struct scene scene;
static struct policy_again rules;

/* One thread's own. */
struct desk {
    struct deeds deeds;
    uint64_t random;
    size_t refused, count;
    struct again_charge *charges[TRIES];
    uint8_t choices[BYTES_EACH], request[REQUEST_MAX], raw[REQUEST_MAX], arena[1 << 20], answer[1 << 20];
};

/* xorshift64: the same on every run. */
static void choose(struct desk *desk)
{
    for (size_t i = 0; i < BYTES_EACH; i++) {
        desk->random ^= desk->random << 13;
        desk->random ^= desk->random >> 7;
        desk->random ^= desk->random << 17;
        desk->choices[i] = (uint8_t)(desk->random >> 32);
    }
    desk->deeds.in = reader_of(BYTES_OF(desk->choices));
}

/* The member of the result in hex; empty: refused. */
static struct bytes ask(struct desk *desk, struct writer *request, const char *member)
{
    struct arena arena = arena_of(desk->arena, sizeof desk->arena);
    struct writer out = writer_of(desk->answer, sizeof desk->answer);
    struct bytes body, answer, text;
    struct json object;
    struct fault why;
    must(writer_done(request, &body));
    must(signer_answer(scene.signer, body, SIGNER_QUICK, &arena, &out) == SIGNER_ANSWERED);
    must(writer_done(&out, &answer) && json_read(answer, &object, &why));
    if (!json_plain_string(json_member(json_member(object, BYTES_LIT("result")), bytes_of_text(member)), &text))
        return (struct bytes){ 0 };
    must(text_read_hex((struct bytes){ text.data + 2, text.len - 2 }, desk->raw));
    return (struct bytes){ desk->raw, text.len / 2 - 1 };
}

static void redeem(struct desk *desk, struct again_charge *charge, bool *is_signed)
{
    struct writer out = writer_of(desk->request, sizeof desk->request);
    writer_text(&out, "{\"method\":\"sign_transaction\",\"params\":{\"tx\":");
    deeds_put_tx(&desk->deeds, &out);
    writer_text(&out, "}}");
    const struct bytes raw = ask(desk, &out, "raw_tx");
    *is_signed = raw.len > 0;
    must(!*is_signed || policy_again_allows_raw(&rules, desk->deeds.signer.bytes, raw, charge));
}

static void sign_ticket(struct desk *desk, struct again_charge *charge, bool *is_signed)
{
    struct writer out = writer_of(desk->request, sizeof desk->request);
    struct deeds_ticket ticket;
    deeds_ticket(&desk->deeds, &ticket);
    writer_text(&out, "{\"method\":\"sign_ticket\",\"params\":{\"ticket\":");
    deeds_put_ticket(&desk->deeds, &ticket, &out);
    writer_text(&out, "}}");
    *is_signed = ask(desk, &out, "signature").len > 0;
    must(!*is_signed || policy_again_allows_ticket(&rules, desk->deeds.signer.bytes, ticket.packed, charge));
}

static void *work(void *context)
{
    struct desk *const desk = context;
    for (size_t i = 0; i < TRIES; i++) {
        struct again_charge *const charge = calloc(1, sizeof *charge);
        bool is_signed = false;
        must(charge != NULL);
        choose(desk);
        if (deeds_pick(&desk->deeds, 4) == 0)
            sign_ticket(desk, charge, &is_signed);
        else
            redeem(desk, charge, &is_signed);
        if (is_signed) {
            desk->charges[desk->count++] = charge;
        } else {
            desk->refused++;
            free(charge);
        }
    }
    return NULL;
}

/* More was asked for than there is: else the bounds were not tried. */
static size_t refusals_by(const char *rule)
{
    size_t count = 0;
    for (uint64_t seq = 1; seq <= scene.signer->journal.last_seq; seq++) {
        const struct journal_entry *const entry = &scene.signer->journal.entries[seq % JOURNAL_KEPT];
        count += entry->refused && strcmp(entry->rule, rule) == 0;
    }
    return count;
}

static void rule_07_random_redemptions_of_many_threads_stay_within_the_budget(void)
{
    static struct budget_again budget;
    static struct desk desks[THREADS];
    pthread_t threads[THREADS];
    struct json document;
    struct fault why;
    size_t count = 0, redemptions = 0;
    scene_open(&scene, "{\"mode\":\"open\"}");
    CHECK(scene_says(&scene, SCENE_PROVISION(",\"policy\":" POLICY), SCENE_ADDRESS));
    must(json_read(BYTES_LIT(POLICY), &document, &why));
    policy_again_read(document, &rules);
    budget_again_start(&budget, &rules, clock_now(&scene.signer->clock));
    for (size_t i = 0; i < THREADS; i++) {
        desks[i].random = (i + 1) * SEED_OF_EACH;
        memset(desks[i].deeds.key.bytes, 0x11, sizeof desks[i].deeds.key.bytes);
        must(ecdsa_address(&desks[i].deeds.key, &desks[i].deeds.signer));
        must(pthread_create(&threads[i], NULL, work, &desks[i]) == 0);
    }
    for (size_t i = 0; i < THREADS; i++)
        must(pthread_join(threads[i], NULL) == 0);

    for (size_t i = 0; i < THREADS; i++) {
        count += desks[i].count;
        CHECK(desks[i].count > 0 && desks[i].refused > 0 && desks[i].count + desks[i].refused == TRIES);
        for (size_t j = 0; j < desks[i].count; j++) {
            redemptions += desks[i].charges[j]->ticket_count > 0;
            budget_again_charge(&budget, desks[i].charges[j], budget.started_ms); /* aborts beyond a limit */
            free(desks[i].charges[j]);
        }
    }
    CHECK(scene.signer->counters.signatures == count && redemptions > 10);
    CHECK(refusals_by("budget.max_fund_deposit_wei") > 0 && refusals_by("budget.max_face_value_wei") > 0);
    scene_close(&scene);
}

int main(void)
{
    rule_07_random_redemptions_of_many_threads_stay_within_the_budget();
    return failures != 0;
}
