#include "parent/arguments.h"

#include "check.h"

#include <string.h>

static const struct flag rows[] = {
    { .name = "endpoint", .value = "ENDPOINT" },
    { .name = "timeout", .value = "SECONDS" },
    { .name = "allowed-recipient", .value = "ADDRESS", .repeats = true },
    { .name = "require-allowlist" },
    { .name = "num_workers", .letter = 'w', .value = "N" },
    { .name = "ipv4", .letter = '4' },
};
static const struct flag_table table = FLAG_TABLE(rows);
static struct arguments arguments;
static struct fault why;

enum { WORDS_MAX = 8 };

static bool read_words(const char *const words[WORDS_MAX])
{
    char *argv[WORDS_MAX];
    int argc = 0;
    while (argc < WORDS_MAX && words[argc] != NULL) {
        argv[argc] = (char *)(uintptr_t)words[argc];
        argc++;
    }
    why = (struct fault){ .code = FAULT_NONE };
    return arguments_read(&table, argc, argv, &arguments, &why);
}
#define READ(...) read_words((const char *const[WORDS_MAX]){ __VA_ARGS__ })

static void both_ways_of_giving_a_value_are_read(void)
{
    CHECK(READ("--endpoint", "unix:/a", "--timeout=7", "--require-allowlist", "file"));
    CHECK(strcmp(argument(&arguments, "endpoint"), "unix:/a") == 0);
    CHECK(strcmp(argument(&arguments, "timeout"), "7") == 0);
    CHECK(argument_is_given(&arguments, "require-allowlist"));
    CHECK(!argument_is_given(&arguments, "allowed-recipient"));
    CHECK(arguments.operand_count == 1 && strcmp(arguments.operands[0], "file") == 0);
    CHECK(READ("--endpoint=a=b") && strcmp(argument(&arguments, "endpoint"), "a=b") == 0);
    CHECK(READ("--endpoint=") && argument(&arguments, "endpoint")[0] == '\0');
}

static void a_repeatable_flag_keeps_its_order(void)
{
    size_t at = 0;
    CHECK(READ("--allowed-recipient", "one", "--timeout", "1", "--allowed-recipient=two"));
    CHECK(strcmp(argument_next(&arguments, "allowed-recipient", &at), "one") == 0);
    CHECK(strcmp(argument_next(&arguments, "allowed-recipient", &at), "two") == 0);
    CHECK(argument_next(&arguments, "allowed-recipient", &at) == NULL);
}

static void dashes_alone_are_no_flags(void)
{
    CHECK(READ("-") && arguments.operand_count == 1);
    CHECK(READ("--", "--endpoint") && arguments.operand_count == 1 && !argument_is_given(&arguments, "endpoint"));
    CHECK(READ("--", "--help") && !arguments.wants_help && arguments.operand_count == 1);
    CHECK(READ("--unknown", "--help") && arguments.wants_help);
    CHECK(READ("-h") && arguments.wants_help);
}

static void a_letter_stands_for_its_flag(void)
{
    static const char *const forms[] = { "-w8", "-w=8", "--num_workers=8" };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        CHECK_ROW(forms[i], READ("-4", forms[i], "8000") && argument_is_given(&arguments, "ipv4"));
        CHECK_ROW(forms[i], strcmp(argument(&arguments, "num_workers"), "8") == 0);
        CHECK_ROW(forms[i], arguments.operand_count == 1);
    }
    CHECK(READ("-w", "8", "8000") && strcmp(argument(&arguments, "num_workers"), "8") == 0);
    CHECK(arguments.operand_count == 1);
    CHECK(!READ("-w") && strstr(why.text, "-w wants N") != NULL);
    CHECK(!READ("-w", "1", "--num_workers", "2") && strstr(why.text, "twice") != NULL);
    CHECK(!READ("--num_workers", "2", "-w1") && strstr(why.text, "twice") != NULL);
    CHECK(!READ("-46") && strstr(why.text, "no flag -46") != NULL);
    CHECK(!READ("-e", "x") && strstr(why.text, "no flag -e") != NULL);
}

static void what_is_wrong_is_said(void)
{
    CHECK(!READ("--endpiont", "x") && strstr(why.text, "did you mean --endpoint?") != NULL);
    CHECK(!READ("--xyzzy") && strstr(why.text, "did you mean") == NULL && strstr(why.text, "--help") != NULL);
    CHECK(!READ("--endpoint") && strstr(why.text, "--endpoint wants ENDPOINT") != NULL);
    CHECK(!READ("--endpoint", "--timeout", "3") && strstr(why.text, "--endpoint wants ENDPOINT") != NULL);
    CHECK(!READ("--timeout", "1", "--timeout", "2") && strstr(why.text, "twice") != NULL);
    CHECK(!READ("--require-allowlist=yes") && strstr(why.text, "takes no value") != NULL);
    CHECK(!READ("-v") && strstr(why.text, "two dashes") != NULL);
    CHECK(!READ("--end", "x")); /* no abbreviations */
    CHECK(why.code == FAULT_INPUT);
}

static void numbers_are_bounded(void)
{
    uint64_t value = 99;
    CHECK(READ("--endpoint", "x") && argument_u64(&arguments, "timeout", 1, 10, &value, &why) && value == 99);
    CHECK(READ("--timeout", "10") && argument_u64(&arguments, "timeout", 1, 10, &value, &why) && value == 10);
    static const char *const wrong[] = { "0", "11", "", "x", "-1", "1.5", "0x1", "01", "18446744073709551616" };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const char *const words[WORDS_MAX] = { "--timeout", wrong[i] };
        value = 5;
        CHECK_ROW(wrong[i], read_words(words));
        CHECK_ROW(wrong[i], !argument_u64(&arguments, "timeout", 1, 10, &value, &why) && value == 5);
    }
}

static void the_nearest_word_is_found(void)
{
    static const char *const words[] = { "provision", "status", "address", "policy new" };
    CHECK(strcmp(nearest_word("provison", words, 4), "provision") == 0);
    CHECK(strcmp(nearest_word("adress", words, 4), "address") == 0);
    CHECK(strcmp(nearest_word("policy nwe", words, 4), "policy new") == 0);
    CHECK(nearest_word("zzz", words, 4) == NULL);
    CHECK(nearest_word("", words, 4) == NULL);
}

int main(void)
{
    both_ways_of_giving_a_value_are_read();
    a_repeatable_flag_keeps_its_order();
    dashes_alone_are_no_flags();
    a_letter_stands_for_its_flag();
    what_is_wrong_is_said();
    numbers_are_bounded();
    the_nearest_word_is_found();
    return failures != 0;
}
