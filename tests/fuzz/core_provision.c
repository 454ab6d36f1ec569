/* Provisioning and generating: what may succeed in this world, what it stores, and that a failure stores nothing. */
#include "core_run.h"

#include "core/base/text.h"

#include <stdio.h>

static const char *const KEYS[] = { "0x1111111111111111111111111111111111111111111111111111111111111111",
                                    "0x6666666666666666666666666666666666666666666666666666666666666666" };
static const char *const CIPHERTEXTS[] = { "ERERERE=", "ZmZmZmY=" };

/* All that a provisioning may change. */
struct stored {
    struct holding holding;
    uint8_t page[KEY_SLOT_BYTES];
    struct hash32 policy, budget_digest, head;
    bool has_budget;
    struct budget budget;
    uint64_t last_seq, signatures;
};

static void remember(const struct core_run *run, struct stored *stored)
{
    const struct signer *const signer = run->signer;
    *stored = (struct stored){ .holding = signer->holding,
                               .budget_digest = signer->budget_digest,
                               .head = signer->journal.head,
                               .has_budget = signer->has_budget,
                               .budget = signer->budget,
                               .last_seq = signer->journal.last_seq,
                               .signatures = signer->counters.signatures };
    memcpy(stored->page, run->page, sizeof stored->page);
    if (signer->holding.policy != NULL)
        stored->policy = policy_digest(signer->holding.policy);
}

static void check_unchanged(const struct core_run *run, const struct stored *before)
{
    static struct stored after;
    remember(run, &after);
    must(memcmp(&before->holding, &after.holding, sizeof after.holding) == 0);
    must(memcmp(before->page, after.page, sizeof after.page) == 0 && hash32_equal(&before->policy, &after.policy));
    must(before->has_budget == after.has_budget && hash32_equal(&before->budget_digest, &after.budget_digest));
    must(memcmp(&before->budget, &after.budget, sizeof after.budget) == 0);
    must(before->last_seq == after.last_seq && hash32_equal(&before->head, &after.head));
    must(before->signatures == after.signatures);
}

/* --- the request */

struct asked {
    bool generates, binds, binding_said;
    size_t key;
    struct core_policy policy; /* as stated; the image's is not */
    bool names_key;            /* by its ARN, so that another's answer is refused */
};

static void put_policy(struct core_run *run, struct asked *asked, struct writer *out)
{
    const unsigned which = deeds_pick(run->deeds, 6);
    asked->policy.given = false;
    if (which == 0 && run->model.policy.given && !run->settings.has_policy) {
        asked->policy = run->model.policy;
    } else if (which == 1 && run->model.earlier.given) {
        asked->policy = run->model.earlier;
    } else if (which < 5 && !run->settings.has_policy) {
        struct writer text = writer_of((uint8_t *)asked->policy.text, sizeof asked->policy.text - 1);
        deeds_put_policy(run->deeds, &text);
        must(!text.failed);
        asked->policy.text[text.len] = '\0';
    } else if (which != 2) {
        return; /* none, which is right where the image has one */
    } else {
        strcpy(asked->policy.text, run->image_policy.text); /* refused: provisioning may not bring one, not even it */
    }
    core_policy_read(&asked->policy);
    writer_text(out, ",\"policy\":");
    writer_text(out, asked->policy.text);
}

static void put_context(struct core_run *run, struct writer *out)
{
    static const char *const contexts[] = {
        "{\"a\":\"b\"}",
        "{\"ensign-policy-sha256\":\"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\"}",
        "{\"ENSIGN-policy-sha256\":\"x\"}",
        "{\"\\u0065nsign-\":\"x\"}",
        "{\"Ensign-Policy-Sha256\":\"x\",\"a\":\"b\"}",
        "{\"a\\\",\\\"ensign-policy-sha256\":\"x\"}",
        "{\"a\":\"b\\\",\\\"ensign-policy-sha256\\\":\\\"x\"}",
        "{\"a\\r\\nX-Amz-Target: TrentService.Encrypt\":\"x\"}",
        "{\"en\\u017fign-policy-sha256\":\"x\"}",
        "{\"ENS\\u0131GN-policy-sha256\":\"x\"}",
        "{\"\":\"x\"}",
        "[]",
    };
    const unsigned which = deeds_pick(run->deeds, 64);
    const char *const context = which < sizeof contexts / sizeof *contexts ? contexts[which] : "";
    if (context[0] == '\0')
        return;
    writer_text(out, ",\"encryption_context\":");
    writer_text(out, context);
}

static void put_place(struct core_run *run, struct asked *asked, struct writer *out)
{
    static const char *const places[] = {
        ",\"region\":\"us-east-2\"",
        ",\"region\":\"us-east-2\",\"key_id\":\"" WORLD_ARN "\"",
        ",\"region\":\"us-east-2\",\"key_id\":\"" WORLD_ARN "\"",
        ",\"region\":\"us-east-2\",\"key_id\":\"" WORLD_OTHER "\"",
        ",\"region\":\"us-east-2\",\"key_id\":\"alias/a\"",
        ",\"region\":\"us-east-2.evil.example/\",\"key_id\":\"" WORLD_ARN "\"",
        ",\"region\":\"us-east-2\",\"key_id\":\"" WORLD_ABROAD "\"",
        ",\"region\":\"us-east-2\",\"key_id\":\"a\\r\\nHost: evil.example\"",
        "",
    };
    const unsigned which = deeds_pick(run->deeds, 32), place = which < 9 ? which : which % 2;
    asked->names_key = (place >= 1 && place <= 3) || run->world.pinned != NULL;
    writer_text(out, places[place]);
}

static void put_rest(struct core_run *run, struct asked *asked, struct writer *out)
{
    static const char *const tokens[] = { "token", "token\\r\\nX-Evil: 1", "" };
    const unsigned binding = deeds_pick(run->deeds, 8), token = deeds_pick(run->deeds, 32);
    char text[256];
    snprintf(text, sizeof text,
             ",\"aws_access_key_id\":\"AKIA\",\"aws_secret_access_key\":\"" WORLD_SECRET
             "\",\"aws_session_token\":\"%s\"",
             tokens[token < 3 ? token : 0]);
    writer_text(out, text);
    asked->binding_said = binding == 1 || binding == 2;
    asked->binds = binding == 1 || (binding != 2 && run->settings.mode == MODE_STRICT);
    if (asked->binding_said)
        writer_text(out, binding == 1 ? ",\"bind_policy\":true" : ",\"bind_policy\":false");
    if (deeds_pick(run->deeds, 32) == 1)
        writer_text(out, ",\"proxy_port\":65536");
}

static void put_request(struct core_run *run, struct asked *asked)
{
    struct writer *const out = core_begin(run);
    asked->generates = deeds_pick(run->deeds, 5) == 1;
    asked->key = deeds_pick(run->deeds, 4) == 1;
    writer_text(out, asked->generates ? "{\"method\":\"generate\",\"params\":{\"key_spec\":\"AES-256\""
                                      : "{\"method\":\"provision\",\"params\":{\"ciphertext_b64\":\"");
    if (!asked->generates) {
        writer_text(out, CIPHERTEXTS[asked->key]);
        writer_u8(out, '"');
        if (deeds_pick(run->deeds, 16) == 1)
            writer_text(out, ",\"expected_address\":\"0x2222222222222222222222222222222222222222\"");
    }
    put_place(run, asked, out);
    put_rest(run, asked, out);
    put_policy(run, asked, out);
    put_context(run, out);
    writer_text(out, "}}");
}

/* --- the answer */

/* Mostly as it should be; else one of the two lies. */
static void set_the_world(struct core_run *run)
{
    const unsigned way = deeds_pick(run->deeds, 128);
    run->world.nsm = NSM_ANSWERS;
    run->world.kms = KMS_ANSWERS;
    if (way >= 64 && way < 64 + KMS_WAYS)
        run->world.kms = (enum world_kms)(way - 64);
    else if (way >= 96 && way < 96 + NSM_WAYS)
        run->world.nsm = (enum world_nsm)(way - 96);
}

/* What this world's answers may at all be taken from. */
static void check_believable(const struct core_run *run, const struct asked *asked)
{
    const enum world_kms kms = run->world.kms;
    const enum world_nsm nsm = run->world.nsm;
    must(kms == KMS_ANSWERS || kms == KMS_ANSWERS_CHUNKED || kms == KMS_ANSWERS_LATE || kms == KMS_FLIPS_A_BYTE ||
         (kms == KMS_OTHER_KEY_ID && !asked->names_key) || (kms == KMS_OTHER_ALGORITHM && asked->generates));
    must(nsm == NSM_ANSWERS || nsm == NSM_IN_THE_PAST || nsm == NSM_IN_THE_FUTURE || nsm == NSM_FLIPS_A_BYTE);
}

static void read_address(struct json result, uint8_t address[static 20])
{
    struct bytes text;
    must(json_plain_string(json_member(result, BYTES_LIT("address")), &text) && text.len == 42);
    must(text_read_hex((struct bytes){ text.data + 2, 40 }, address));
}

/* From now on it is this key's tickets that are offered. */
static void check_address(struct core_run *run, const struct asked *asked, const uint8_t address[static 20])
{
    struct secret32 *const key = &run->deeds->key;
    memset(key->bytes, asked->generates ? 0x33 : asked->key == 0 ? 0x11 : 0x66, sizeof key->bytes);
    must(ecdsa_address(key, &run->deeds->signer));
    /* CBC: whoever is past TLS may give another key, so a flipped byte may too */
    must(memcmp(run->deeds->signer.bytes, address, 20) == 0 || run->world.kms == KMS_FLIPS_A_BYTE);
    memcpy(run->deeds->signer.bytes, address, 20);
}

static void take(struct core_run *run, const struct asked *asked, struct json result)
{
    struct core_model *const model = &run->model;
    const struct core_policy *const policy = run->settings.has_policy ? &run->image_policy : &asked->policy;
    const uint64_t now_ms = core_now(run);
    uint8_t address[20];
    read_address(result, address);
    check_address(run, asked, address);
    must(!model->ended && (model->lease_ends_ms == 0 || now_ms < model->lease_ends_ms));
    must(run->settings.mode != MODE_STRICT || (policy->given && asked->binds));
    if (model->provisioned && !run->settings.allow_reprovision) /* a renewal, of the same in every respect */
        must(!asked->generates && run->settings.lease_seconds > 0 && memcmp(address, model->address, 20) == 0 &&
             policy->given == model->policy.given &&
             (!policy->given || strcmp(policy->digest, model->policy.digest) == 0));
    must(!model->provisioned || !model->policy.given || policy->given); /* a policy is never dropped */
    memcpy(model->address, address, 20);
    model->provisioned = true;
    if (model->policy.given && policy->given && strcmp(model->policy.digest, policy->digest) != 0) {
        model->earlier = model->policy;
        core_policy_read(&model->earlier);
    }
    model->policy.given = policy->given;
    if (policy->given) {
        model->policy = *policy;
        core_policy_read(&model->policy);
    }
    model->lease_ends_ms = run->settings.lease_seconds == 0 ? 0 : now_ms + 1000 * run->settings.lease_seconds;
    if (policy->given && (!model->has_budget || strcmp(model->budget_digest, policy->digest) != 0)) {
        budget_again_start(&run->budget, &model->policy.rules, now_ms);
        run->budget.starts_empty = run->budget.starts_empty || model->has_budget;
        model->has_budget = true;
        strcpy(model->budget_digest, policy->digest);
    }
}

void core_provision(struct core_run *run)
{
    static struct stored before;
    static struct asked asked;
    put_request(run, &asked);
    set_the_world(run);
    const struct core_policy *const policy = run->settings.has_policy ? &run->image_policy : &asked.policy;
    run->world.opens_to = KEYS[asked.key];
    run->world.policy_digest = asked.binds && policy->given ? policy->digest : NULL;
    remember(run, &before);
    const unsigned https_calls = run->world.https_calls;
    const struct json result = core_ask(run);
    must(run->world.https_calls - https_calls <= 1);
    if (json_kind(result) == JSON_OBJECT) {
        must(run->world.https_calls == https_calls + 1 && !(run->settings.has_policy && asked.policy.given));
        check_believable(run, &asked);
        take(run, &asked, result);
    } else {
        check_unchanged(run, &before);
    }
    run->world.nsm = NSM_ANSWERS;
}
