#include "core_run.h"

#include "core/base/text.h"

#include <openssl/evp.h>
#include <stdio.h>

/* More than one, so that an answer that was made for another request's key can be replayed; an enclave never uses one
 * twice. */
enum { RECIPIENTS = 3 };

static void put_recipient_ready(struct signer *signer)
{
    static uint8_t *keys[RECIPIENTS];
    static int lens[RECIPIENTS];
    static size_t next;
    struct fault why;
    if (signer->next_recipient.pkey != NULL)
        return;
    next = (next + 1) % RECIPIENTS;
    if (keys[next] == NULL) {
        struct rsa_key key = { 0 };
        must(rsa_key_make(&key, &why));
        lens[next] = i2d_PrivateKey(key.pkey, &keys[next]);
        rsa_key_wipe(&key);
    }
    must(rsa_key_read((struct bytes){ keys[next], (size_t)lens[next] }, &signer->next_recipient, &why));
}

void core_policy_read(struct core_policy *policy)
{
    struct json document;
    struct fault why;
    uint8_t digest[32];
    must(json_read(bytes_of_text(policy->text), &document, &why));
    policy_again_read(document, &policy->rules);
    must(EVP_Digest(policy->text, strlen(policy->text), digest, NULL, EVP_sha256(), NULL) == 1);
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(policy->digest + 2 * i, 3, "%02x", digest[i]);
    policy->given = true;
}

void core_open(struct core_run *run, struct deeds *deeds, const char *settings, const struct core_policy *image_policy)
{
    struct fault why;
    if (run->signer == NULL) {
        run->signer = malloc(signer_size());
        run->arena = malloc(SIGNER_ARENA);
        run->answer = malloc(SIGNER_ANSWER_MAX);
        must(run->signer != NULL && run->arena != NULL && run->answer != NULL);
    }
    run->deeds = deeds;
    run->model = (struct core_model){ .chain = journal_chain_start(0) };
    run->image_policy.given = false;
    if (image_policy != NULL) {
        run->image_policy = *image_policy;
        core_policy_read(&run->image_policy);
    }
    world_open(&run->world, deeds);
    must(settings_read(bytes_of_text(settings), &run->settings, &why));
    run->settings_as_read = run->settings;
    run->world.pinned = run->settings.kms_key[0] != '\0' ? run->settings.kms_key : NULL;
    memset(run->signer, 0, signer_size());
    memset(run->page, 0, sizeof run->page);
    run->signer =
        signer_start(run->signer, &run->settings, &run->world.outside, run->page, sizeof run->page, "0.0-fuzz");
}

void core_close(struct core_run *run)
{
    rsa_key_wipe(&run->signer->next_recipient);
}

struct writer *core_begin(struct core_run *run)
{
    run->out = writer_of(run->request, sizeof run->request);
    return &run->out;
}

static void check_no_secret(struct bytes answer)
{
    static const char *const secrets[] = { WORLD_SECRET,
                                           "1111111111111111111111111111111111111111111111111111111111111111",
                                           "6666666666666666666666666666666666666666666666666666666666666666",
                                           "3333333333333333333333333333333333333333333333333333333333333333" };
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
        must(memmem(answer.data, answer.len, secrets[i], strlen(secrets[i])) == NULL);
}

struct json core_ask(struct core_run *run)
{
    struct arena arena = arena_of(run->arena, SIGNER_ARENA);
    struct writer out = writer_of(run->answer, SIGNER_ANSWER_MAX);
    struct bytes request, answer;
    struct json object;
    struct fault why;
    enum signer_pace pace = SIGNER_QUICK;
    must(writer_done(&run->out, &request));
    put_recipient_ready(run->signer);
    while (signer_answer(run->signer, request, pace, &arena, &out) != SIGNER_ANSWERED)
        must(++pace <= SIGNER_MAY_BE_SLOW);
    must(writer_done(&out, &answer) && arena.len == 0 && json_read(answer, &object, &why));
    check_no_secret(answer);
    const struct json result = json_member(object, BYTES_LIT("result")),
                      error = json_member(object, BYTES_LIT("error"));
    must(json_count(object) == 1 && (json_kind(result) == JSON_OBJECT) != (json_kind(error) == JSON_OBJECT));
    return json_kind(result) == JSON_OBJECT ? result : (struct json){ 0 };
}

uint64_t core_now(struct core_run *run)
{
    const uint64_t now_ms = clock_now(&run->signer->clock);
    must(now_ms >= run->model.now_ms);
    run->model.now_ms = now_ms;
    return now_ms;
}

/* Strict settings hold whatever was asked, and so does everything that was answered. */
void core_check(struct core_run *run)
{
    const struct settings *settings = &run->settings;
    const struct holding *holding = &run->signer->holding;
    const struct core_model *model = &run->model;
    const uint64_t now_ms = core_now(run);
    must(memcmp(settings, &run->settings_as_read, sizeof *settings) == 0);
    must(holding->provisioned == model->provisioned && holding->lease_ended == model->ended);
    must(key_slot_is_empty(run->signer->slot) == !model->provisioned);
    must(run->signer->counters.signatures == model->signatures && !run->signer->provisioning);
    if (!model->provisioned)
        return;
    must(memcmp(key_slot_address(run->signer->slot)->bytes, model->address, 20) == 0);
    must((holding->policy != NULL) == model->policy.given);
    must(!settings->has_policy || strcmp(model->policy.digest, run->image_policy.digest) == 0);
    must(settings->kms_key[0] == '\0' || strcmp(holding->kms_key, settings->kms_key) == 0);
    must(settings->lease_seconds == 0 ||
         (holding->lease_ends_ms > 0 && holding->lease_ends_ms <= now_ms + 1000 * settings->lease_seconds));
    if (settings->mode == MODE_STRICT)
        must(holding->policy != NULL && holding->policy_bound && settings->kms_key[0] != '\0');
    if (holding->policy != NULL) {
        const struct hash32 digest = policy_digest(holding->policy);
        char hex[65];
        for (size_t i = 0; i < 32; i++)
            snprintf(hex + 2 * i, 3, "%02x", digest.bytes[i]);
        must(strcmp(hex, model->policy.digest) == 0 && hash32_equal(&digest, &holding->policy_digest));
    }
}

void core_read_journal(struct core_run *run)
{
    struct core_model *const model = &run->model;
    struct writer *const out = core_begin(run);
    const uint64_t before = model->chain.seq;
    struct fault why;
    struct json key, entry;
    writer_text(out, "{\"method\":\"journal\",\"params\":{\"after\":");
    text_put_uint(out, before);
    writer_text(out, ",\"limit\":");
    text_put_uint(out, 1 + deeds_pick(run->deeds, 20));
    writer_text(out, "}}");
    const struct json result = core_ask(run);
    must(json_kind(result) == JSON_OBJECT && journal_chain_add(&model->chain, result, &why));
    must(!model->chain.restarted && model->chain.lost == 0);
    for (struct json_cursor at = json_items(json_member(result, BYTES_LIT("entries"))); json_next(&at, &key, &entry);)
        model->listed += bytes_equal(json_member(entry, BYTES_LIT("refused")).text, BYTES_LIT("false"));
    must(model->listed <= model->signatures);
    must(model->chain.seq < model->chain.last || model->listed == model->signatures);
}

/* What the program asks about once a second. */
void core_end_lease(struct core_run *run)
{
    struct core_model *const model = &run->model;
    const bool over = model->provisioned && model->lease_ends_ms != 0 && core_now(run) >= model->lease_ends_ms;
    must(signer_lease_ended(run->signer) == (over || model->ended));
    if (!over)
        return;
    model->provisioned = false;
    model->ended = true;
    for (size_t i = 0; i < sizeof run->page; i++)
        must(run->page[i] == 0);
}
