#include "core/base/text.h"
#include "parent/command.h"
#include "parent/eth_amount.h"
#include "parent/input_file.h"
#include "parent/json_pretty.h"
#include "parent/output.h"
#include "parent/policy_file.h"
#include "parent/recipients.h"

#include <stdlib.h>
#include <string.h>

static const struct flag flags[] = {
    { .name = "chain-id", .value = "N", .help = "the only chain: 42161 for Arbitrum One (wanted)" },
    { .name = "ticket-broker", .value = "ADDRESS", .help = "the only contract (wanted)" },
    FLAGS_RECIPIENTS,
    { .name = "no-allowlist", .help = "tickets may be to anybody; otherwise at least one recipient is wanted" },
    { .name = "max-face-value-eth", .value = "ETH", .help = "of one ticket (default 0.05)" },
    { .name = "max-total-face-value-eth", .value = "ETH", .help = "of the tickets of one batch (default 0.2)" },
    { .name = "max-fund-deposit-eth", .value = "ETH", .help = "of one deposit (default 0.1)" },
    { .name = "no-fund-deposit", .help = "no deposits" },
    { .name = "allow-withdraw", .help = "unlock() and withdraw(); wants --no-fund-deposit" },
    { .name = "treasury", .value = "ADDRESS", .help = "plain transfers of any amount to that address" },
    { .name = "messages", .value = "tickets|any|none", .help = "what is signed by EIP-191 (default tickets)" },
    { .name = "typed-data", .value = "none|any", .help = "what is signed by EIP-712 (default none)" },
    { .name = "max-gas", .value = "N", .help = "of one transaction (default 3000000)" },
    { .name = "max-fee-per-gas-eth", .value = "ETH", .help = "(default unlimited: the next one bounds what matters)" },
    { .name = "max-tx-fee-eth", .value = "ETH", .help = "gas times fee per gas of one transaction (default 0.01)" },
    { .name = "window-seconds", .value = "N", .help = "of the budget (default 86400)" },
    { .name = "budget-start",
      .value = "full|empty",
      .help = "whether the enclave starts with a whole budget, or with one "
              "that fills at its rate (default full)" },
    { .name = "budget-face-value-eth", .value = "ETH", .help = "of tickets in a window (default 1)" },
    { .name = "budget-fund-deposit-eth", .value = "ETH", .help = "of deposits in a window (default unlimited)" },
    { .name = "budget-fee-eth", .value = "ETH", .help = "of fees in a window (default 0.1)" },
    { .name = "out",
      .value = "FILE",
      .help = "write it there, and say the digest; the file must not exist. Standard "
              "output when not given" },
};

/* --flag's amount, or `otherwise`. */
static struct limit limit_of(const struct arguments *arguments, const char *flag, const char *otherwise, bool *ok,
                             struct fault *why)
{
    struct limit limit = { 0 };
    const char *text = argument(arguments, flag);
    if (*ok && !eth_amount_read_limit(text == NULL ? otherwise : text, &limit, why)) {
        (void)fault_prefix(why, ": ");
        (void)fault_prefix(why, flag);
        *ok = fault_prefix(why, "--");
    }
    return limit;
}

/* The position of --flag's word among `words`; the first when it is not given. */
static size_t word_of(const struct arguments *arguments, const char *flag, const char *const *words, size_t count,
                      bool *ok, struct fault *why)
{
    const char *text = argument(arguments, flag);
    size_t i = 0;
    if (text == NULL || !*ok)
        return 0;
    while (i < count && strcmp(words[i], text) != 0)
        i++;
    if (i == count)
        *ok = fault_set(why, FAULT_INPUT, "--%s wants %s%s%s%s%s, found '%.32s'", flag, words[0],
                        count == 3 ? ", " : "", count == 3 ? words[1] : "", " or ", words[count - 1], text);
    return i == count ? 0 : i;
}

static bool read_numbers(const struct arguments *arguments, struct policy *policy, struct fault *why)
{
    uint64_t chain_id = 0, max_gas = 3000000, window = 86400;
    const char *gas = argument(arguments, "max-gas");
    const bool gas_unlimited = gas != NULL && strcmp(gas, "unlimited") == 0;
    if (!argument_u64(arguments, "chain-id", 1, UINT64_MAX, &chain_id, why) ||
        !argument_u64(arguments, "window-seconds", 1, POLICY_WINDOW_SECONDS_MAX, &window, why) ||
        (!gas_unlimited && !argument_u64(arguments, "max-gas", 21000, UINT64_MAX, &max_gas, why)))
        return false;
    policy->chain_id = u256_of(chain_id);
    policy->max_gas = (struct limit){ .unlimited = gas_unlimited, .value = u256_of(gas_unlimited ? 0 : max_gas) };
    policy->budget.window_seconds = window;
    return true;
}

static bool read_addresses(const struct arguments *arguments, struct policy *policy, struct fault *why)
{
    const char *broker = argument(arguments, "ticket-broker"), *treasury = argument(arguments, "treasury");
    if (!argument_is_given(arguments, "chain-id") || broker == NULL)
        return fault_set(why, FAULT_INPUT,
                         "a policy names its chain and its contract: give --chain-id and "
                         "--ticket-broker");
    policy->has_treasury = treasury != NULL;
    if (!address_flag_read(broker, "--ticket-broker", &policy->ticket_broker, why) ||
        (treasury != NULL && !address_flag_read(treasury, "--treasury", &policy->treasury, why)) ||
        !recipients_read(arguments, policy->recipients, &policy->recipient_count, why))
        return false;
    policy->require_allowlist = !argument_is_given(arguments, "no-allowlist");
    if (policy->require_allowlist && policy->recipient_count == 0)
        return fault_set(why, FAULT_INPUT,
                         "nobody could be paid: give --allowed-recipient or --allowed-recipients-file, "
                         "or --no-allowlist to allow tickets to anybody");
    if (!policy->require_allowlist && policy->recipient_count > 0)
        return fault_set(why, FAULT_INPUT, "--no-allowlist and a list of recipients: give one of them");
    return true;
}

static bool read_limits(const struct arguments *arguments, struct policy *policy, struct fault *why)
{
    bool ok = true;
    policy->max_face_value = limit_of(arguments, "max-face-value-eth", "0.05", &ok, why);
    policy->max_total_face_value = limit_of(arguments, "max-total-face-value-eth", "0.2", &ok, why);
    policy->max_fund_deposit = limit_of(arguments, "max-fund-deposit-eth", "0.1", &ok, why);
    policy->max_fee_per_gas = limit_of(arguments, "max-fee-per-gas-eth", "unlimited", &ok, why);
    policy->max_tx_fee = limit_of(arguments, "max-tx-fee-eth", "0.01", &ok, why);
    policy->budget.max_face_value = limit_of(arguments, "budget-face-value-eth", "1", &ok, why);
    policy->budget.max_fund_deposit = limit_of(arguments, "budget-fund-deposit-eth", "unlimited", &ok, why);
    policy->budget.max_fee = limit_of(arguments, "budget-fee-eth", "0.1", &ok, why);
    return ok;
}

static bool read_words(const struct arguments *arguments, struct policy *policy, struct fault *why)
{
    static const char *const messages[] = { "tickets", "any", "none" };
    static const enum policy_messages messages_of[] = { MESSAGES_TICKETS, MESSAGES_ANY, MESSAGES_NONE };
    static const char *const typed_data[] = { "none", "any" };
    static const char *const starts[] = { "full", "empty" };
    bool ok = true;
    policy->messages = messages_of[word_of(arguments, "messages", messages, 3, &ok, why)];
    policy->typed_data =
        word_of(arguments, "typed-data", typed_data, 2, &ok, why) == 1 ? TYPED_DATA_ANY : TYPED_DATA_NONE;
    policy->budget.starts_empty = word_of(arguments, "budget-start", starts, 2, &ok, why) == 1;
    policy->allow_withdraw = argument_is_given(arguments, "allow-withdraw");
    policy->allow_fund_deposit = !argument_is_given(arguments, "no-fund-deposit");
    if (ok && policy->allow_withdraw && policy->allow_fund_deposit)
        return fault_set(why, FAULT_INPUT,
                         "--allow-withdraw wants --no-fund-deposit beside it: a deposit cancels an "
                         "unlock");
    return ok;
}

/* Through the reader that the signer has, so that no file is written that it would refuse. */
static bool write_document(struct policy *policy, struct writer *canonical, struct writer *pretty, struct bytes *text,
                           struct fault *why)
{
    struct bytes bytes;
    struct json document;
    policy_put(canonical, policy);
    must(writer_done(canonical, &bytes));
    if (!json_read(bytes, &document, why) || !policy_read(document, policy, why))
        return false;
    json_pretty(pretty, document);
    writer_u8(pretty, '\n');
    return writer_done(pretty, text) || fault_set(why, FAULT_LIMIT, "the document is over %d bytes", POLICY_FILE_MAX);
}

static enum exit_code put_document(struct policy *policy, const char *path)
{
    uint8_t *canonical_room = malloc(POLICY_CANONICAL_MAX), *pretty_room = malloc(POLICY_FILE_MAX);
    must(canonical_room != NULL && pretty_room != NULL);
    struct writer canonical = writer_of(canonical_room, POLICY_CANONICAL_MAX);
    struct writer pretty = writer_of(pretty_room, POLICY_FILE_MAX);
    struct bytes text;
    struct fault why;
    enum exit_code code = EXIT_CODE_DONE;
    if (!write_document(policy, &canonical, &pretty, &text, &why)) {
        code = command_misused("policy new", &why);
    } else if (path == NULL) {
        put_line_bytes((struct bytes){ text.data, text.len - 1 });
    } else if (output_file_write(path, 0644, text, &why)) {
        say_note("%s written, digest %s; `ensign policy explain %s` says what it allows", path,
                 policy_digest_text(policy).text, path);
    } else {
        code = command_failed(EXIT_CODE_INPUT, &why);
    }
    free(canonical_room);
    free(pretty_room);
    return code;
}

static enum exit_code run(const struct arguments *arguments)
{
    static struct policy policy;
    struct fault why;
    if (!read_addresses(arguments, &policy, &why) || !read_numbers(arguments, &policy, &why) ||
        !read_limits(arguments, &policy, &why) || !read_words(arguments, &policy, &why))
        return command_misused("policy new", &why);
    return put_document(&policy, argument(arguments, "out"));
}

const struct command command_policy_new = {
    .name = "policy new",
    .operands = "",
    .summary = "write a policy, filled in, strict where nothing is said",
    .about = "Writes a document that states every key. Amounts are in ETH, or the word\n"
             "`unlimited`. Change the file as you like afterwards and run `ensign policy check`:\n"
             "there are no defaults in a document, so what stands there is what holds.",
    .examples = "  ensign policy new --chain-id 42161 --ticket-broker 0xa8bb618b1520e284046f3dfc448851a1ff26e41b \\\n"
                "      --allowed-recipient 0xRECIPIENT --out policy.json\n"
                "  ensign policy new --chain-id 42161 --ticket-broker 0xa8bb618b1520e284046f3dfc448851a1ff26e41b \\\n"
                "      --allowed-recipients-file recipients.txt --budget-start empty --max-face-value-eth 0.02",
    .flags = FLAG_TABLE(flags),
    .run = run,
};
