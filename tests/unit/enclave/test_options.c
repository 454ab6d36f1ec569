/* The command line: every option, and every way to get one wrong, with the sentence that it earns. */
#include "check.h"
#include "enclave/options.h"

#include <string.h>

enum { WORDS_MAX = 24 };

static bool read_line(const char *const *words, struct options *options, struct fault *why)
{
    char *argv[WORDS_MAX + 2] = { (char *)"ensignd" };
    int argc = 1;
    for (; words[argc - 1] != NULL; argc++)
        argv[argc] = (char *)words[argc - 1];
    return options_read(argc, argv, options, why);
}

static void everything_has_a_default(void)
{
    struct options options;
    struct fault why;
    CHECK(read_line((const char *const[]){ NULL }, &options, &why));
    CHECK(options.kind == OPTIONS_RUN && options.settings == NULL && options.nsm == NULL && !options.has_kms_stream);
    CHECK(options.parent_cid == 3 && options.workers == 0 && options.insecure_key_file == NULL);
    CHECK(options.listen_count == 1 && strcmp(options.listen[0].text, "vsock://any:5000") == 0);
}

static void every_option_is_read_in_both_spellings(void)
{
    static const char *const apart[] = { "--settings",
                                         "/s.json",
                                         "--listen",
                                         "unix:/a",
                                         "--listen",
                                         "tcp://127.0.0.1:5000",
                                         "--nsm",
                                         "unix:/n",
                                         "--kms-stream",
                                         "unix:/k",
                                         "--parent-cid",
                                         "4",
                                         "--workers",
                                         "8",
                                         NULL };
    static const char *const joined[] = { "--settings=/s.json",
                                          "--listen=unix:/a",
                                          "--listen=tcp://127.0.0.1:5000",
                                          "--nsm=unix:/n",
                                          "--kms-stream=unix:/k",
                                          "--parent-cid=4",
                                          "--workers=8",
                                          NULL };
    const char *const *const lines[] = { apart, joined };
    for (size_t i = 0; i < 2; i++) {
        struct options options;
        struct fault why;
        CHECK(read_line(lines[i], &options, &why));
        CHECK(strcmp(options.settings, "/s.json") == 0 && strcmp(options.nsm, "unix:/n") == 0);
        CHECK(options.listen_count == 2 && strcmp(options.listen[0].text, "unix:/a") == 0 &&
              strcmp(options.listen[1].text, "tcp://127.0.0.1:5000") == 0);
        CHECK(options.has_kms_stream && strcmp(options.kms_stream.text, "unix:/k") == 0);
        CHECK(options.parent_cid == 4 && options.workers == 8);
    }
}

static void what_is_wrong_is_said(void)
{
    static const struct {
        const char *words[WORDS_MAX], *expected;
    } rows[] = {
        { { "--mode", "open" }, "\"--mode\" is no option of ensignd (--help lists them)" },
        { { "settings.json" }, "\"settings.json\" is no option of ensignd (--help lists them)" },
        { { "--settingsx", "a" }, "\"--settingsx\" is no option" },
        { { "" }, "\"\" is no option" },
        { { "--settings" }, "--settings: wanted is a value after it" },
        { { "--settings", "" }, "--settings: wanted is a value after it" },
        { { "--settings=" }, "--settings: wanted is a value after it" },
        { { "--settings", "a", "--settings=b" }, "--settings is there twice, wanted is one" },
        { { "--settings=a", "--settings", "b" }, "--settings is there twice, wanted is one" },
        { { "--workers", "0" }, "--workers: found \"0\", wanted is a number from 1 to 256" },
        { { "--workers", "257" }, "--workers: found \"257\", wanted is a number from 1 to 256" },
        { { "--workers", "two" }, "--workers: found \"two\"" },
        { { "--workers", "-1" }, "--workers: found \"-1\"" },
        { { "--parent-cid", "4294967296" }, "--parent-cid: found \"4294967296\"" },
        { { "--listen", "5000" }, "--listen: " },
        { { "--kms-stream", "https://kms" }, "--kms-stream: " },
        { { "--listen=unix:/1", "--listen=unix:/2", "--listen=unix:/3", "--listen=unix:/4", "--listen=unix:/5",
            "--listen=unix:/6", "--listen=unix:/7", "--listen=unix:/8", "--listen=unix:/9" },
          "--listen: at most 8 are possible" },
#ifndef ENSIGN_INSECURE_KEY
        { { "--insecure-key-file", "k" }, "\"--insecure-key-file\" is no option" },
#endif
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct options options;
        struct fault why = { 0 };
        CHECK_ROW(rows[i].expected, !read_line(rows[i].words, &options, &why));
        CHECK_ROW(rows[i].expected, why.code == FAULT_INPUT);
        CHECK_ROW(why.text, strncmp(why.text, rows[i].expected, strlen(rows[i].expected)) == 0);
    }
}

static void help_and_version_need_nothing_else(void)
{
    struct options options;
    struct fault why;
    CHECK(read_line((const char *const[]){ "--help", "--nonsense", NULL }, &options, &why));
    CHECK(options.kind == OPTIONS_HELP);
    CHECK(read_line((const char *const[]){ "--workers", "2", "--version", NULL }, &options, &why));
    CHECK(options.kind == OPTIONS_VERSION);
}

/* A value may look like an option: the one after --settings is its value, whatever it is. */
static void a_value_is_never_taken_for_an_option(void)
{
    struct options options;
    struct fault why;
    CHECK(read_line((const char *const[]){ "--settings", "--nsm", "--nsm", "unix:/n", NULL }, &options, &why));
    CHECK(strcmp(options.settings, "--nsm") == 0 && strcmp(options.nsm, "unix:/n") == 0);
}

int main(void)
{
    everything_has_a_default();
    every_option_is_read_in_both_spellings();
    what_is_wrong_is_said();
    help_and_version_need_nothing_else();
    a_value_is_never_taken_for_an_option();
    return failures != 0;
}
