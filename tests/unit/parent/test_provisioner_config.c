#include "parent/config_file.h"
#include "parent/notify.h"
#include "parent/provisioner_config.h"
#include "parent/provisioner_round.h"
#include "parent/retry.h"

#include "check.h"

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static const struct flag rows[] = {
    { .name = "colour", .value = "NAME" },
    { .name = "number", .value = "N", .repeats = true },
    { .name = "loud" },
};
static const struct flag_table table = FLAG_TABLE(rows);
static struct config_file config;
static struct fault why;

static bool reads(const char *text, size_t len)
{
    char path[] = "/tmp/ensign-config-XXXXXX";
    const int fd = mkstemp(path);
    CHECK(fd >= 0 && write(fd, text, len) == (ssize_t)len);
    (void)close(fd);
    why.text[0] = '\0';
    const bool ok = config_file_read(path, &table, &config, &why);
    (void)unlink(path);
    return ok;
}
#define READS(text) reads((text), sizeof(text) - 1)

static const char *value(const char *name)
{
    const char *found = argument(&config.arguments, name);
    return found == NULL ? "(none)" : found;
}

static void lines_become_arguments(void)
{
    CHECK(READS("") && config.arguments.given_count == 0);
    CHECK(READS("# colour = red\n\n \t\n  # more\n") && config.arguments.given_count == 0);
    CHECK(READS("colour = red") && strcmp(value("colour"), "red") == 0);
    CHECK(READS("\t colour=red \t\r\n") && strcmp(value("colour"), "red") == 0);
    CHECK(READS("colour = a = b # c\n") && strcmp(value("colour"), "a = b # c") == 0);
    CHECK(READS("loud = yes\n") && argument_is_given(&config.arguments, "loud"));
    CHECK(READS("loud = no\n") && !argument_is_given(&config.arguments, "loud"));
    CHECK(READS("number = 1\ncolour = x\nnumber = 2\n") && config.arguments.given_count == 3);
    size_t at = 0;
    CHECK(strcmp(argument_next(&config.arguments, "number", &at), "1") == 0);
    CHECK(strcmp(argument_next(&config.arguments, "number", &at), "2") == 0);
    CHECK(argument_next(&config.arguments, "number", &at) == NULL);
    CHECK(!argument_is_known(&config.arguments, "weight") && argument_is_known(&config.arguments, "loud"));
}

static void what_is_no_configuration_is_refused_with_its_line(void)
{
    CHECK(!READS("\ncolor = red\n") && strstr(why.text, "line 2: 'color' is not known; known are colour number loud"));
    CHECK(!READS("colour\n") && strstr(why.text, "line 1: no `name = value`"));
    CHECK(!READS("colour = \n") && strstr(why.text, "has no value; wanted is NAME"));
    CHECK(!READS("= red\n") && strstr(why.text, "'' is not known"));
    CHECK(!READS("loud\n") && !READS("loud =\n") && !READS("loud = true\n") && strstr(why.text, "yes or no"));
    CHECK(!READS("colour = a\ncolour = a\n") && strstr(why.text, "line 2: colour is given twice"));
    CHECK(!READS("colour = a\0b\n") && strstr(why.text, "NUL"));
    CHECK(!READS("--colour = a\n"));
}

static void waiting_doubles_up_to_its_bound_and_half_of_it_is_chance(void)
{
    static const uint64_t most[] = { 0, 1000, 2000, 4000, 8000, 8000, 8000 };
    for (unsigned tries = 1; tries < sizeof most / sizeof *most; tries++) {
        CHECK(retry_delay_ms(tries, 1000, 8000, 0) == most[tries]);
        for (uint32_t random = 1; random < 100000; random += 777) {
            const uint64_t delay_ms = retry_delay_ms(tries, 1000, 8000, random);
            CHECK(delay_ms <= most[tries] && delay_ms >= most[tries] / 2);
        }
    }
    CHECK(retry_delay_ms(1, 1000, 8000, 500) == 500 && retry_delay_ms(1, 1000, 8000, 501) == 1000);
    CHECK(retry_delay_ms(UINT32_MAX, 1000, 60000, 0) == 60000);
    CHECK(retry_delay_ms(3, 5000, 1000, 0) == 1000);
    CHECK(retry_delay_ms(200, 1, UINT64_MAX, 0) == UINT64_MAX);
}

static void a_lease_is_renewed_when_half_is_gone(void)
{
    struct provisioner signer = { .lease_s = 0 };
    CHECK(provisioner_renews_in_ms(&signer) == UINT64_MAX);
    signer = (struct provisioner){ .lease_ends = 1795359600, .left_s = 86000 };
    CHECK(provisioner_renews_in_ms(&signer) == 0); /* of a length not known */
    signer.lease_s = 86400;
    CHECK(provisioner_renews_in_ms(&signer) == (86000 - 43200 + 1) * 1000);
    signer.left_s = 43200;
    CHECK(provisioner_renews_in_ms(&signer) == 1000);
    signer.left_s = 43199;
    CHECK(provisioner_renews_in_ms(&signer) == 0);
}

/* By an address of the abstract namespace, which begins with a NUL and is written with an @. */
static void the_service_manager_is_told_in_lines(void)
{
    char name[64], heard[256];
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    (void)snprintf(name, sizeof name, "@ensign-notify-%d", (int)getpid());
    memcpy(address.sun_path + 1, name + 1, strlen(name) - 1);
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    CHECK(fd >= 0 && bind(fd, (const struct sockaddr *)&address,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))) == 0);
    CHECK(unsetenv("NOTIFY_SOCKET") == 0);
    notify_status("nobody is to be told");
    CHECK(setenv("NOTIFY_SOCKET", name, 1) == 0);
    notify_ready("one\nREADY=0\x7f");
    ssize_t len = recv(fd, heard, sizeof heard, 0);
    CHECK(len > 0 && (size_t)len == strlen("READY=1\nSTATUS=one?READY=0?") &&
          memcmp(heard, "READY=1\nSTATUS=one?READY=0?", (size_t)len) == 0);
    notify_reloading();
    len = recv(fd, heard, sizeof heard, 0);
    CHECK(len == 11 && memcmp(heard, "RELOADING=1", 11) == 0);
    CHECK(setenv("NOTIFY_SOCKET", "vsock:2:1", 1) == 0);
    notify_status("not by this way");
    CHECK(recv(fd, heard, sizeof heard, 0) < 0);
    (void)close(fd);
}

static void every_name_of_the_configuration_stands_in_the_page(void)
{
    static char page[1 << 18];
    FILE *const file = fopen(CLI_PAGE, "r");
    CHECK(file != NULL);
    if (file == NULL)
        return;
    page[fread(page, 1, sizeof page - 1, file)] = '\0';
    (void)fclose(file);
    const char *const section = strstr(page, "\n### ensign provisioner\n");
    CHECK(section != NULL);
    if (section == NULL)
        return;
    const size_t len = (size_t)(strstr(section + 1, "\n### ") - section);
    for (size_t i = 0; i < provisioner_config_table.count; i++) {
        char name[80];
        (void)snprintf(name, sizeof name, "`%s`", provisioner_config_table.rows[i].name);
        CHECK_ROW(name, memmem(section, len, name, strlen(name)) != NULL);
    }
}

int main(void)
{
    lines_become_arguments();
    what_is_no_configuration_is_refused_with_its_line();
    waiting_doubles_up_to_its_bound_and_half_of_it_is_chance();
    a_lease_is_renewed_when_half_is_gone();
    the_service_manager_is_told_in_lines();
    every_name_of_the_configuration_stands_in_the_page();
    return failures != 0;
}
