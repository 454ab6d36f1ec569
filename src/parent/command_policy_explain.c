#include "parent/eth_amount.h"
#include "parent/output.h"
#include "parent/policy_explain.h"
#include "parent/policy_file.h"
#include "parent/policy_judge.h"
#include "parent/recipients.h"
#include "parent/rpc_command.h"

#include <stdio.h>
#include <stdlib.h>

static struct policy policy;

static const struct flag flags[] = {
    { .name = "tx", .value = "FILE|-", .help = "judge this transaction, a dictionary as `ensign sign-tx` takes it" },
    { .name = "ticket", .value = "FILE|-", .help = "judge this ticket, as `ensign sign-ticket` takes it" },
    { .name = "signer",
      .value = "ADDRESS",
      .help = "whose key would sign; else the transaction's `from` or the ticket's "
              "`sender`" },
    FLAG_JSON,
};

static void put_sentences(struct json_writer *json, const struct sentences *sentences)
{
    json_begin_array(json);
    for (size_t i = 0; i < sentences->count; i++)
        json_put_text(json, sentences->texts[i]);
    json_end_array(json);
}

static void explain_as_json(const struct sentences *allowed, const struct sentences *unbounded)
{
    static uint8_t room[4 * SENTENCES_MAX * SENTENCE_MAX];
    struct writer out = writer_of(room, sizeof room);
    struct json_writer json = json_writer_of(&out);
    struct bytes text;
    json_begin_object(&json);
    json_key(&json, "allows");
    put_sentences(&json, allowed);
    json_key(&json, "not_bounded");
    put_sentences(&json, unbounded);
    json_key(&json, "policy_sha256");
    json_put_text(&json, policy_digest_text(&policy).text);
    json_end_object(&json);
    must(writer_done(&out, &text));
    put_json_pretty((struct json){ text });
}

static enum exit_code explain(const struct arguments *arguments)
{
    static struct sentences allowed, unbounded;
    policy_explain_allowed(&policy, &allowed);
    policy_explain_unbounded(&policy, &unbounded);
    if (wants_json(arguments)) {
        explain_as_json(&allowed, &unbounded);
        return EXIT_CODE_DONE;
    }
    (void)printf("The policy with digest %s allows:\n", policy_digest_text(&policy).text);
    for (size_t i = 0; i < allowed.count; i++)
        (void)printf("  * %s\n", allowed.texts[i]);
    (void)printf("\nWhat it does not bound, and what to know:\n");
    for (size_t i = 0; i < unbounded.count; i++)
        (void)printf("  * %s\n", unbounded.texts[i]);
    return EXIT_CODE_DONE;
}

/* Whose key it is about: a ticket's sender must be the signer, so a guess would change the verdict. */
static bool choose_signer(const struct arguments *arguments, struct json subject, struct address *signer,
                          struct fault *why)
{
    struct bytes named;
    const char *given = argument(arguments, "signer");
    if (given != NULL)
        return address_flag_read(given, "--signer", signer, why);
    if ((json_plain_string(json_member(subject, BYTES_LIT("from")), &named) && address_read(named, signer)) ||
        (json_plain_string(json_member(subject, BYTES_LIT("sender")), &named) && address_read(named, signer)))
        return true;
    return fault_set(why, FAULT_INPUT, "whose key would sign is not said; give --signer ADDRESS");
}

static struct u256 face_value_of(const struct charge *charge)
{
    struct u256 sum = u256_of(0);
    for (size_t i = 0; i < charge->ticket_count; i++)
        if (!u256_add(&sum, &charge->tickets[i].face_value, &sum))
            return U256_MAX;
    return sum;
}

static void put_verdict(bool allowed, const struct charge *charge, const struct fault *why, bool as_json)
{
    uint8_t room[8192];
    struct writer out = writer_of(room, sizeof room);
    struct json_writer json = json_writer_of(&out);
    struct bytes text;
    const struct u256 face_value = allowed ? face_value_of(charge) : u256_of(0);
    if (!as_json && allowed) {
        (void)printf("allowed: charges the budget fees of %s, deposits of %s, face value of %s\n",
                     eth_amount_text(&charge->fee).text, eth_amount_text(&charge->fund_deposit).text,
                     eth_amount_text(&face_value).text);
        return;
    }
    if (!as_json) {
        (void)printf("refused by the rule %s: %s\n", why->rule == NULL ? "that it be well formed" : why->rule,
                     why->text);
        return;
    }
    json_begin_object(&json);
    json_key(&json, "allowed");
    json_put_bool(&json, allowed);
    if (allowed) {
        json_key(&json, "charges");
        json_begin_object(&json);
        json_key(&json, "face_value_wei");
        json_put_u256_string(&json, &face_value);
        json_key(&json, "fee_wei");
        json_put_u256_string(&json, &charge->fee);
        json_key(&json, "fund_deposit_wei");
        json_put_u256_string(&json, &charge->fund_deposit);
        json_end_object(&json);
    } else {
        json_key(&json, "message");
        json_put_text(&json, why->text);
        json_key(&json, "rule");
        if (why->rule != NULL)
            json_put_text(&json, why->rule);
        else
            json_put_null(&json);
    }
    json_end_object(&json);
    must(writer_done(&out, &text));
    put_json_pretty((struct json){ text });
}

static enum exit_code judge(const struct arguments *arguments)
{
    const char *tx = argument(arguments, "tx"), *ticket = argument(arguments, "ticket");
    enum exit_code code;
    struct fault why;
    struct json subject;
    struct address signer;
    struct charge charge;
    if (!rpc_read_object(tx != NULL ? tx : ticket, &subject, &code))
        return code;
    if (!choose_signer(arguments, subject, &signer, &why))
        return command_misused("policy explain", &why);
    uint8_t *scratch = malloc(JUDGE_SCRATCH);
    must(scratch != NULL);
    struct arena arena = arena_of(scratch, JUDGE_SCRATCH);
    const bool allowed = tx != NULL ? judge_tx(&policy, &signer, subject, &arena, &charge, &why)
                                    : judge_ticket(&policy, &signer, subject, &arena, &charge, &why);
    put_verdict(allowed, &charge, &why, wants_json(arguments));
    code = allowed ? EXIT_CODE_DONE : why.code == FAULT_POLICY ? EXIT_CODE_REFUSED : EXIT_CODE_INPUT;
    free(scratch);
    return code;
}

static enum exit_code run(const struct arguments *arguments)
{
    struct fault why;
    const bool tx = argument_is_given(arguments, "tx"), ticket = argument_is_given(arguments, "ticket");
    if (tx && ticket) {
        (void)fault_set(&why, FAULT_INPUT, "--tx and --ticket: one at a time is judged");
        return command_misused("policy explain", &why);
    }
    if (!policy_file_read(arguments->operands[0], &policy, &why))
        return command_failed(EXIT_CODE_INPUT, &why);
    return tx || ticket ? judge(arguments) : explain(arguments);
}

const struct command command_policy_explain = {
    .name = "policy explain",
    .operands = "FILE|-",
    .operands_least = 1,
    .operands_most = 1,
    .summary = "what a policy allows, in sentences; or whether it allows this one thing",
    .about = "Says in plain sentences what the policy allows and what it does not bound. With\n"
             "--tx or --ticket it judges that one, here and offline, by the very code that the\n"
             "signer judges with, and names the rule that refuses: exit code 0 allowed,\n"
             "1 refused, 4 not even well formed. The budget is taken to be whole.",
    .examples = "  ensign policy explain policy.json\n"
                "  ensign policy explain policy.json --ticket ticket.json --signer 0xSIGNER\n"
                "  ensign policy explain policy.json --tx tx.json --signer 0xSIGNER --json | jq -r .rule",
    .flags = FLAG_TABLE(flags),
    .run = run,
};
