#include "io/log.h"
#include "io/stream.h"
#include "parent/command.h"
#include "parent/notify.h"
#include "parent/output.h"
#include "parent/provisioner_round.h"
#include "parent/retry.h"
#include "parent/verify_report.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum {
    ONCE_TRIES = 5,
    SAY_AGAIN_MS = 600000, /* the same failure, over and over, is one line in ten minutes */
    STATUS_MAX = 600,
};

static const struct flag flags[] = {
    { .name = "config", .value = "FILE", .help = "what to do (default " PROVISIONER_CONFIG_PATH ")" },
    { .name = "check", .help = "only read the configuration and the files that it names" },
    { .name = "once", .help = "see to it once, and end: for scripts" },
};

struct daemon {
    const char *path;
    struct provisioner_config *config;
    struct provisioner signer;
    unsigned failures; /* in a row */
    struct fault last; /* that was said */
    uint64_t last_said_ms;
    sigset_t reload;
};

static void on_end(int number)
{
    static const char text[] = "ensign provisioner: ended by a signal\n";
    (void)number;
    (void)!write(STDERR_FILENO, text, sizeof text - 1);
    /* Whatever the signer was asked it does whole or not at all, and the kernel wipes what was here. */
    _exit(EXIT_CODE_DONE);
}

static void take_signals(struct daemon *daemon)
{
    const struct sigaction end = { .sa_handler = on_end };
    must(sigemptyset(&daemon->reload) == 0 && sigaddset(&daemon->reload, SIGHUP) == 0);
    must(sigprocmask(SIG_BLOCK, &daemon->reload, NULL) == 0);
    must(sigaction(SIGTERM, &end, NULL) == 0 && sigaction(SIGINT, &end, NULL) == 0);
}

/* "address 0x…, policy …, lease until …" */
static void put_signer(const struct daemon *daemon, char text[static STATUS_MAX])
{
    const struct provisioner *const signer = &daemon->signer;
    size_t len = (size_t)snprintf(text, STATUS_MAX, "address %s", daemon->config->plan.address);
    if (signer->policy.text[0] != '\0')
        len += (size_t)snprintf(text + len, STATUS_MAX - len, ", policy %s", signer->policy.text);
    if (signer->lease_ends == 0)
        len += (size_t)snprintf(text + len, STATUS_MAX - len, ", no lease");
    else
        len += (size_t)snprintf(text + len, STATUS_MAX - len, ", lease until %s",
                                verify_time_text(signer->lease_ends * 1000).text);
    if (signer->warning_count > 0)
        (void)snprintf(text + len, STATUS_MAX - len, "; `ensign status` lists %zu warnings", signer->warning_count);
}

static const char *event_text(enum round_event event)
{
    switch (event) {
    case ROUND_PROVISIONED:
        return "provisioned";
    case ROUND_RENEWED:
        return "lease renewed";
    case ROUND_FOUND:
        return "the signer holds its key already";
    case ROUND_HOLDS:
        break;
    }
    return "the signer holds its key";
}

static void say_event(struct daemon *daemon, enum round_event event)
{
    char text[STATUS_MAX], line[STATUS_MAX + 64];
    if (event == ROUND_HOLDS)
        return;
    put_signer(daemon, text);
    (void)snprintf(line, sizeof line, "%s: %s", event_text(event), text);
    log_line(LOG_LINE_INFO, "%s", line);
    notify_status(line);
}

static void say_failure(struct daemon *daemon, enum exit_code code, const struct fault *why, uint64_t delay_ms)
{
    char line[STATUS_MAX + 64];
    const uint64_t now_ms = io_now_ms();
    (void)snprintf(line, sizeof line, "%s; try %u follows in %.1f s", why->text, daemon->failures + 1,
                   (double)delay_ms / 1000);
    notify_status(line);
    if (strcmp(daemon->last.text, why->text) == 0 && now_ms - daemon->last_said_ms < SAY_AGAIN_MS)
        return;
    daemon->last = *why;
    daemon->last_said_ms = now_ms;
    if (code != EXIT_CODE_UNREACHED && daemon->signer.left_s > 0)
        log_line(LOG_LINE_WARN, "%s; the lease had %llu s left", line, (unsigned long long)daemon->signer.left_s);
    else
        log_line(LOG_LINE_WARN, "%s", line);
}

static uint32_t chance(void)
{
    uint32_t random;
    must(getrandom(&random, sizeof random, 0) == (ssize_t)sizeof random);
    return random;
}

/* A signer that is away is looked for as often as one that is there; what was refused is asked for less and less often,
 * but several times before a lease ends. */
static uint64_t delay_after(const struct daemon *daemon, enum exit_code code)
{
    const struct provisioner_config *const config = daemon->config;
    uint64_t most_ms = config->retry_most_ms;
    const uint64_t bound_ms = code == EXIT_CODE_UNREACHED ? config->interval_ms : daemon->signer.left_s * 1000 / 4;
    if (bound_ms > 0 && bound_ms < most_ms)
        most_ms = bound_ms;
    if (most_ms < config->retry_least_ms)
        most_ms = config->retry_least_ms;
    return retry_delay_ms(daemon->failures, config->retry_least_ms, most_ms, chance());
}

/* One round and what is said of it; how long to wait before the next. */
static uint64_t step(struct daemon *daemon)
{
    struct fault why;
    enum round_event event;
    const enum exit_code code = provisioner_round(&daemon->signer, daemon->config, &event, &why);
    if (code == EXIT_CODE_DONE) {
        say_event(daemon, event);
        daemon->failures = 0;
        daemon->last.text[0] = '\0';
        const uint64_t due_ms = provisioner_renews_in_ms(&daemon->signer);
        return due_ms < daemon->config->interval_ms ? due_ms : daemon->config->interval_ms;
    }
    daemon->failures++;
    const uint64_t delay_ms = delay_after(daemon, code);
    say_failure(daemon, code, &why, delay_ms);
    return delay_ms;
}

static void reload(struct daemon *daemon)
{
    struct fault why;
    notify_reloading();
    struct provisioner_config *const config = provisioner_config_read(daemon->path, &why);
    if (config == NULL) {
        log_line(LOG_LINE_ERROR, "%s; what was read before stays in force", why.text);
        notify_ready("the configuration was changed and cannot be read; what was read before stays in force");
        return;
    }
    provisioner_config_free(daemon->config);
    daemon->config = config;
    daemon->signer.is_known = false;
    daemon->failures = 0;
    daemon->last.text[0] = '\0';
    log_line(LOG_LINE_INFO, "%s is read again", daemon->path);
    notify_ready("the configuration is read again");
}

/* True: SIGHUP came first. */
static bool wait_for_reload(const struct daemon *daemon, uint64_t delay_ms)
{
    const uint64_t end_ms = io_now_ms() + delay_ms;
    for (uint64_t now_ms = io_now_ms(); now_ms < end_ms; now_ms = io_now_ms()) {
        const struct timespec left = { .tv_sec = (time_t)((end_ms - now_ms) / 1000),
                                       .tv_nsec = (long)((end_ms - now_ms) % 1000) * 1000000 };
        if (sigtimedwait(&daemon->reload, NULL, &left) == SIGHUP)
            return true;
    }
    return false;
}

static void serve(struct daemon *daemon)
{
    take_signals(daemon);
    log_line(LOG_LINE_INFO, "keeps %s provisioned with the key of %s", daemon->config->client.endpoint.text,
             daemon->config->plan.address);
    if (!daemon->config->knows_policy)
        log_line(LOG_LINE_WARN,
                 "which policy the signer enforces is not compared: name a policy document, or the image");
    notify_ready("looking at the signer");
    for (;;) {
        if (wait_for_reload(daemon, step(daemon)))
            reload(daemon);
    }
}

static enum exit_code once(struct daemon *daemon)
{
    struct fault why = { .code = FAULT_NONE };
    enum round_event event = ROUND_HOLDS;
    char text[STATUS_MAX];
    enum exit_code code;
    for (;;) {
        code = provisioner_round(&daemon->signer, daemon->config, &event, &why);
        if (code == EXIT_CODE_DONE || why.code != FAULT_LIMIT || ++daemon->failures == ONCE_TRIES)
            break;
        (void)wait_for_reload(daemon, delay_after(daemon, code));
    }
    if (code != EXIT_CODE_DONE)
        return command_failed(code, &why);
    put_signer(daemon, text);
    (void)printf("%s: %s\n", event_text(event), text);
    return code;
}

static enum exit_code run(const struct arguments *arguments)
{
    static struct daemon daemon;
    struct fault why;
    const char *const path = argument(arguments, "config");
    const bool checks = argument_is_given(arguments, "check"), is_once = argument_is_given(arguments, "once");
    if (checks && is_once) {
        (void)fault_set(&why, FAULT_INPUT, "--check and --once are both given; give one of them");
        return command_misused("provisioner", &why);
    }
    log_name("ensign provisioner");
    daemon.path = path == NULL ? PROVISIONER_CONFIG_PATH : path;
    daemon.config = provisioner_config_read(daemon.path, &why);
    if (daemon.config == NULL)
        return command_failed(EXIT_CODE_INPUT, &why);
    enum exit_code code = EXIT_CODE_DONE;
    if (checks)
        (void)printf("%s is as it must be: %s, %s\n", daemon.path, daemon.config->client.endpoint.text,
                     daemon.config->plan.address);
    else if (is_once)
        code = once(&daemon);
    else
        serve(&daemon);
    provisioner_config_free(daemon.config);
    return code;
}

const struct command command_provisioner = {
    .name = "provisioner",
    .operands = "",
    .summary = "a daemon that keeps a signer provisioned: proves it first, renews its lease",
    .about = "Looks at the signer every few seconds. When it holds no key, or half of its lease\n"
             "is gone, asks it for an attestation document with a fresh nonce, and only if that\n"
             "shows the image, mode, address and policy that the configuration names, sends the\n"
             "sealed key and this machine's AWS credentials over the same connection. What\n"
             "fails is tried again, less and less often. It never makes a key.\n"
             "\n"
             "The configuration is lines of `name = value`, in a file of the user who runs this\n"
             "that nobody else may read. SIGHUP has it read again, SIGTERM ends the daemon. As a\n"
             "service of Type=notify it tells systemd how things stand.",
    .examples = "  ensign provisioner --check\n"
                "  ensign provisioner --config /etc/ensign/provision.conf --once\n"
                "  ensign provisioner",
    .flags = FLAG_TABLE(flags),
    .run = run,
};
