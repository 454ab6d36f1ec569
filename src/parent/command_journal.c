#include "parent/eth_amount.h"
#include "parent/journal_cursor.h"
#include "parent/output.h"
#include "parent/rpc_command.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { ENTRIES_A_CALL = 256, INTERVAL_S = 2, INTERVAL_MAX_S = 3600 };

static const struct flag flags[] = {
    FLAG_ENDPOINT,
    { .name = "after", .value = "SEQ", .help = "only entries after this one (default 0: all that are kept)" },
    { .name = "follow", .help = "go on, asking again for what is new" },
    { .name = "wait", .help = "of --follow: wait for a signer that is out of reach, instead of ending with 3" },
    { .name = "cursor",
      .value = "FILE",
      .help = "begin after the entry that stands there, and keep it up to date: nothing is printed twice" },
    { .name = "interval", .value = "SECONDS", .help = "of --follow: between two questions (default 2)" },
    FLAG_TIMEOUT(10),
    FLAG_JSON,
};

static void put_amount(struct json entry, const char *name, const char *label)
{
    struct bytes digits;
    struct u256 wei;
    if (json_plain_string(json_member(entry, bytes_of_text(name)), &digits) && u256_read_decimal(digits, &wei) &&
        !u256_is_zero(&wei))
        (void)printf("  %s %s", label, eth_amount_text(&wei).text);
}

/* "    7  2026-11-22T15:00:00Z  refused  sign_transaction  0x…  max_face_value_wei" */
static void put_entry(struct json entry)
{
    uint64_t seq = 0, time_ms = 0;
    bool refused = false;
    char when[32] = "no time yet";
    (void)!json_u64(json_member(entry, BYTES_LIT("seq")), &seq);
    if (json_u64(json_member(entry, BYTES_LIT("time_ms")), &time_ms) && time_ms > 0) {
        const time_t seconds = (time_t)(time_ms / 1000);
        struct tm utc;
        if (gmtime_r(&seconds, &utc) != NULL)
            (void)strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &utc);
    }
    (void)!json_bool(json_member(entry, BYTES_LIT("refused")), &refused);
    (void)printf("%6llu  %-20s  %-7s  ", (unsigned long long)seq, when, refused ? "refused" : "signed");
    put_printable(json_member(entry, BYTES_LIT("method")));
    (void)printf("  ");
    put_printable(json_member(entry, BYTES_LIT("hash")));
    if (refused) {
        (void)printf("  rule ");
        put_printable(json_member(entry, BYTES_LIT("rule")));
    }
    put_amount(entry, "face_value_wei", "face value");
    put_amount(entry, "fund_deposit_wei", "deposit");
    put_amount(entry, "fee_wei", "fee");
    (void)printf("\n");
}

static void put_entries(struct json answer, bool as_json)
{
    struct json_cursor cursor = json_items(json_member(answer, BYTES_LIT("entries")));
    struct json key, entry;
    while (json_next(&cursor, &key, &entry)) {
        if (as_json)
            put_json_line(entry);
        else
            put_entry(entry);
    }
    (void)fflush(stdout);
}

static void say_what_is_missing(const struct journal_chain *chain, uint64_t before)
{
    if (chain->restarted)
        say_warning("the signer was started again: the journal that was followed up to entry %llu is over, and what it "
                    "held after that is lost; going on from the beginning of the new one",
                    (unsigned long long)before);
    if (chain->lost > 0)
        say_warning("%llu entries after entry %llu are lost: a signer keeps the last 4096",
                    (unsigned long long)chain->lost, (unsigned long long)before);
}

struct follower {
    struct signer_client *client;
    struct journal_chain chain;
    const char *cursor; /* NULL: none */
    bool as_json, waits, is_out_of_reach, incomplete;
};

/* True: out of reach, and that is waited for. */
static bool waits_for(struct follower *follower, enum exit_code code, const struct fault *why)
{
    if (code != EXIT_CODE_UNREACHED || !follower->waits)
        return false;
    if (!follower->is_out_of_reach)
        say_warning("%s; waiting for it after entry %llu", why->text, (unsigned long long)follower->chain.seq);
    follower->is_out_of_reach = follower->chain.has_gap = true;
    return true;
}

/* What is printed is printed, whatever becomes of this program: only then does the cursor move. */
static enum exit_code keep(const struct follower *follower, uint64_t before)
{
    struct fault why;
    if (ferror(stdout) != 0) /* whoever read it has gone; main says so */
        return EXIT_CODE_INTERNAL;
    if (follower->cursor == NULL || (follower->chain.seq == before && !follower->chain.restarted) ||
        journal_cursor_write(follower->cursor, &follower->chain, &why))
        return EXIT_CODE_DONE;
    return command_failed(EXIT_CODE_INPUT, &why);
}

/* One question and its answer. */
static enum exit_code step(struct follower *follower)
{
    struct fault why;
    struct json answer;
    struct journal_chain *const chain = &follower->chain;
    const uint64_t before = chain->seq;
    struct json_writer *params = signer_begin(follower->client, "journal");
    json_key(params, "after");
    json_put_uint(params, before);
    json_key(params, "limit");
    json_put_uint(params, ENTRIES_A_CALL);
    const enum exit_code code = signer_call(follower->client, &answer, &why);
    if (waits_for(follower, code, &why))
        return EXIT_CODE_DONE;
    if (code != EXIT_CODE_DONE)
        return command_failed(code, &why);
    if (!journal_chain_add(chain, answer, &why))
        return command_failed(EXIT_CODE_BROKEN_LOG, &why);
    if (follower->is_out_of_reach)
        say_note("the signer is reached again");
    follower->is_out_of_reach = false;
    say_what_is_missing(chain, before);
    follower->incomplete = follower->incomplete || chain->lost > 0 || chain->restarted;
    if (!chain->restarted)
        put_entries(answer, follower->as_json);
    return keep(follower, before);
}

static enum exit_code follow(struct follower *follower, bool follows, uint64_t interval)
{
    const struct journal_chain *const chain = &follower->chain;
    for (;;) {
        const uint64_t before = chain->seq;
        const enum exit_code code = step(follower);
        if (code != EXIT_CODE_DONE)
            return code;
        const bool has_more = !follower->is_out_of_reach &&
                              (chain->restarted ? chain->last > 0 : chain->seq < chain->last && chain->seq > before);
        if (!has_more && !follows)
            return follower->incomplete ? EXIT_CODE_BROKEN_LOG : EXIT_CODE_DONE;
        if (!has_more)
            (void)sleep((unsigned)interval);
    }
}

/* What must not stand together. */
static bool check_flags(const struct arguments *arguments, struct fault *why)
{
    if (argument_is_given(arguments, "after") && argument_is_given(arguments, "cursor"))
        return fault_set(why, FAULT_INPUT, "--after and --cursor both say where to begin; give one of them");
    if (argument_is_given(arguments, "wait") && !argument_is_given(arguments, "follow"))
        return fault_set(why, FAULT_INPUT, "--wait is of --follow: without it the journal is read once");
    return true;
}

static enum exit_code run(const struct arguments *arguments)
{
    enum exit_code code;
    struct fault why;
    uint64_t after = 0, interval = INTERVAL_S;
    if (!check_flags(arguments, &why) || !argument_u64(arguments, "after", 0, UINT64_MAX - 1, &after, &why) ||
        !argument_u64(arguments, "interval", 1, INTERVAL_MAX_S, &interval, &why))
        return command_misused("journal", &why);
    struct follower follower = {
        .client = rpc_open(&command_journal, arguments, &code),
        .chain = journal_chain_start(after),
        .cursor = argument(arguments, "cursor"),
        .as_json = wants_json(arguments),
        .waits = argument_is_given(arguments, "wait"),
    };
    if (follower.client == NULL)
        return code;
    /* Written at once, so that a place where it cannot be kept is told before anything is printed. */
    if (follower.cursor != NULL && (!journal_cursor_read(follower.cursor, &follower.chain, &why) ||
                                    !journal_cursor_write(follower.cursor, &follower.chain, &why)))
        return command_failed(EXIT_CODE_INPUT, &why);
    return follow(&follower, argument_is_given(arguments, "follow"), interval);
}

const struct command command_journal = {
    .name = "journal",
    .operands = "",
    .summary = "what a signer signed and refused, with its chain of hashes checked",
    .about = "Prints one line for each signature and each refusal, or one JSON object a line\n"
             "with --json or into a pipe. Every entry's hash is checked against the journal's\n"
             "head: when an entry was changed or left out, or entries were lost because the\n"
             "signer keeps the last 4096, it says so and ends with 5. The head that an\n"
             "attestation document states proves the whole.\n"
             "\n"
             "With --follow it goes on until stopped, or until the chain breaks, or, without\n"
             "--wait, until the signer is out of reach. A signer that was started again begins a\n"
             "new journal, which is said. --cursor keeps the place over restarts of this program:\n"
             "the chain is checked across them, and nothing is printed twice.",
    .examples = "  ensign journal --endpoint vsock://16:5000\n"
                "  ensign journal --endpoint vsock://16:5000 --follow >> journal.ndjson\n"
                "  ensign journal --endpoint vsock://16:5000 --follow --wait --cursor /var/lib/ensign/cursor\n"
                "  ensign journal --endpoint vsock://16:5000 --after 1200 --json | jq 'select(.refused)'",
    .flags = FLAG_TABLE(flags),
    .run = run,
};
