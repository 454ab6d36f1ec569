#include "parent/eth_amount.h"
#include "parent/journal_chain.h"
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
        say_warning("the signer was started again: its journal ends before entry %llu; going on from its beginning",
                    (unsigned long long)before);
    if (chain->lost > 0)
        say_warning("%llu entries after entry %llu are lost: a signer keeps the last 4096",
                    (unsigned long long)chain->lost, (unsigned long long)before);
}

/* One question and its answer. */
static enum exit_code step(struct signer_client *client, struct journal_chain *chain, bool as_json, bool *incomplete)
{
    enum exit_code code;
    struct fault why;
    struct json answer;
    const uint64_t before = chain->seq;
    struct json_writer *params = signer_begin(client, "journal");
    json_key(params, "after");
    json_put_uint(params, before);
    json_key(params, "limit");
    json_put_uint(params, ENTRIES_A_CALL);
    if (!rpc_send(client, &answer, &code))
        return code;
    if (!journal_chain_add(chain, answer, &why))
        return command_failed(EXIT_CODE_BROKEN_LOG, &why);
    say_what_is_missing(chain, before);
    *incomplete = *incomplete || chain->lost > 0 || chain->restarted;
    if (!chain->restarted)
        put_entries(answer, as_json);
    return EXIT_CODE_DONE;
}

static enum exit_code run(const struct arguments *arguments)
{
    enum exit_code code;
    struct fault why;
    uint64_t after = 0, interval = INTERVAL_S;
    bool incomplete = false;
    if (!argument_u64(arguments, "after", 0, UINT64_MAX - 1, &after, &why) ||
        !argument_u64(arguments, "interval", 1, INTERVAL_MAX_S, &interval, &why))
        return command_misused("journal", &why);
    struct signer_client *client = rpc_open(&command_journal, arguments, &code);
    if (client == NULL)
        return code;

    const bool as_json = wants_json(arguments), follow = argument_is_given(arguments, "follow");
    struct journal_chain chain = journal_chain_start(after);
    for (;;) {
        const uint64_t before = chain.seq;
        code = step(client, &chain, as_json, &incomplete);
        if (code != EXIT_CODE_DONE)
            return code;
        if (ferror(stdout) != 0) /* whoever read it has gone; main says so */
            return EXIT_CODE_INTERNAL;
        const bool has_more = chain.restarted ? chain.last > 0 : chain.seq < chain.last && chain.seq > before;
        if (!has_more && !follow)
            break;
        if (!has_more)
            (void)sleep((unsigned)interval);
    }
    return incomplete ? EXIT_CODE_BROKEN_LOG : EXIT_CODE_DONE;
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
             "With --follow it goes on until stopped, or until the chain breaks.",
    .examples = "  ensign journal --endpoint vsock://16:5000\n"
                "  ensign journal --endpoint vsock://16:5000 --follow >> journal.ndjson\n"
                "  ensign journal --endpoint vsock://16:5000 --after 1200 --json | jq 'select(.refused)'",
    .flags = FLAG_TABLE(flags),
    .run = run,
};
