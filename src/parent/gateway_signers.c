#include "parent/gateway_signers.h"

#include "core/base/text.h"
#include "core/eth/address.h"
#include "io/stream.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void signers_start(struct gateway_signers *signers)
{
    pthread_condattr_t clock;
    must(signers->endpoint_count > 0 && signers->endpoint_count <= GATEWAY_ENDPOINTS_MAX);
    must(pthread_mutex_init(&signers->lock, NULL) == 0 && pthread_condattr_init(&clock) == 0 &&
         pthread_condattr_setclock(&clock, CLOCK_MONOTONIC) == 0 && pthread_cond_init(&signers->given, &clock) == 0);
    for (size_t i = 0; i < GATEWAY_LINES; i++)
        signers->lines[i] = (struct signer_line){ .fd = -1 };
}

/* One call of the checker's. A refusal keeps its code; everything else is FAULT_REMOTE. */
static bool ask(struct signer_client *client, int fd, const char *method, uint64_t deadline_ms, struct json *result,
                struct fault *why)
{
    struct bytes request;
    (void)signer_begin(client, method);
    if (!signer_end(client, &request, why))
        return false;
    const enum exit_code code = signer_ask(client, fd, request, deadline_ms, result, why);
    if (code == EXIT_CODE_UNREACHED)
        why->code = FAULT_REMOTE;
    return code == EXIT_CODE_DONE;
}

static bool check_address(struct gateway_signers *signers, struct json result, struct fault *why)
{
    struct bytes text;
    struct address found, wanted;
    if (!json_plain_string(json_member(result, BYTES_LIT("address")), &text) || !address_read_eip55(text, &found))
        return fault_set(why, FAULT_REMOTE, "the signer's answer has no address");
    (void)pthread_mutex_lock(&signers->lock);
    if (!signers->has_address) {
        signers->has_address = true;
        signers->address = found;
    }
    wanted = signers->address;
    (void)pthread_mutex_unlock(&signers->lock);
    return address_equal(&found, &wanted) ||
           fault_set(why, FAULT_POLICY, "the signer has another key (got %s, expected %s)", address_eip55(&found).text,
                     address_eip55(&wanted).text);
}

static bool check_chain(const struct gateway_signers *signers, struct json result, bool *has_chain, struct u256 *chain,
                        struct fault *why)
{
    struct bytes digits;
    const struct json policy = json_member(result, BYTES_LIT("policy"));
    *has_chain = json_kind(policy) == JSON_OBJECT;
    if (*has_chain &&
        (!json_plain_string(json_member(policy, BYTES_LIT("chain_id")), &digits) || !u256_read_decimal(digits, chain)))
        return fault_set(why, FAULT_REMOTE, "the signer's policy names no chain");
    if (!signers->has_chain)
        return true;
    if (*has_chain && u256_compare(chain, &signers->chain) != 0)
        return fault_set(why, FAULT_POLICY, "the signer's policy is of another chain (got %s, expected %s)",
                         u256_text(chain).text, u256_text(&signers->chain).text);
    *has_chain = true;
    *chain = signers->chain;
    return true;
}

/* A connection to that endpoint whose other side is who it must be; -1. */
static int open_checked(struct gateway_signers *signers, const struct gateway_endpoint *at,
                        struct signer_client *client, uint64_t deadline_ms, bool *has_chain, struct u256 *chain,
                        struct fault *why)
{
    struct json result;
    const int fd = endpoint_connect(&at->endpoint, deadline_ms, why);
    if (fd < 0)
        return -1;
    if (ask(client, fd, "address", deadline_ms, &result, why) && check_address(signers, result, why) &&
        ask(client, fd, "policy", deadline_ms, &result, why) && check_chain(signers, result, has_chain, chain, why))
        return fd;
    (void)close(fd);
    return -1;
}

static void hang_up(struct signer_line *line)
{
    if (line->fd >= 0)
        (void)close(line->fd);
    line->fd = -1;
}

/* The endpoint to try next: not tried yet in this round; first those not down, then the least busy. Within the lock. */
static struct gateway_endpoint *choose(struct gateway_signers *signers, unsigned tried)
{
    struct gateway_endpoint *best = NULL;
    const uint64_t now_ms = io_now_ms();
    for (size_t i = 0; i < signers->endpoint_count; i++) {
        struct gateway_endpoint *const at = &signers->endpoints[i];
        const bool down = at->down_until_ms > now_ms, best_down = best != NULL && best->down_until_ms > now_ms;
        if ((tried >> i & 1) != 0)
            continue;
        if (best == NULL || (best_down && !down) || (best_down == down && at->busy < best->busy))
            best = at;
    }
    return best;
}

/* Connects a line that the caller has, to the best endpoint that answers as it must. */
static bool connect_line(struct gateway_signers *signers, struct signer_line *line, uint64_t deadline_ms,
                         struct fault *why)
{
    unsigned tried = 0;
    hang_up(line);
    for (;;) {
        (void)pthread_mutex_lock(&signers->lock);
        struct gateway_endpoint *const at = choose(signers, tried);
        if (at != NULL) {
            line->at->busy--;
            at->busy++;
            line->at = at;
        }
        (void)pthread_mutex_unlock(&signers->lock);
        if (at == NULL)
            return false; /* every endpoint has been tried; *why is the last one's */
        tried |= 1u << (at - signers->endpoints);
        line->fd = open_checked(signers, at, line->checker, deadline_ms, &line->has_chain, &line->chain, why);
        (void)pthread_mutex_lock(&signers->lock);
        at->down_until_ms = line->fd < 0 ? io_now_ms() + GATEWAY_DOWN_MS : 0;
        at->failures += line->fd < 0;
        (void)pthread_mutex_unlock(&signers->lock);
        if (line->fd >= 0)
            return true;
    }
}

/* A connection on which something has happened since its last answer can only have ended. */
static bool is_fresh(const struct signer_line *line)
{
    struct pollfd state = { .fd = line->fd, .events = POLLIN };
    return line->fd >= 0 && poll(&state, 1, 0) == 0;
}

/* A line nobody uses: connected to the least busy endpoint if there is one, else one not connected. */
static struct signer_line *find_line(struct gateway_signers *signers)
{
    struct signer_line *best = NULL;
    for (size_t i = 0; i < GATEWAY_LINES; i++) {
        struct signer_line *const line = &signers->lines[i];
        if (line->busy)
            continue;
        if (best == NULL || (best->fd < 0 && line->fd >= 0) ||
            (best->fd >= 0 && line->fd >= 0 && line->at->busy < best->at->busy))
            best = line;
    }
    /* Kept connections to a busy signer do not hide an idle one that nobody is connected to. */
    const struct gateway_endpoint *const idle = choose(signers, 0);
    if (best != NULL && best->fd >= 0 && idle->busy < best->at->busy && idle->down_until_ms <= io_now_ms())
        for (size_t i = 0; i < GATEWAY_LINES; i++)
            if (!signers->lines[i].busy && signers->lines[i].fd < 0)
                return &signers->lines[i];
    return best;
}

static struct signer_line *wait_for_line(struct gateway_signers *signers, uint64_t deadline_ms, struct fault *why)
{
    const struct timespec until = { .tv_sec = (time_t)(deadline_ms / 1000),
                                    .tv_nsec = (long)(deadline_ms % 1000) * 1000000 };
    struct signer_line *line;
    int waited = 0;
    (void)pthread_mutex_lock(&signers->lock);
    while ((line = find_line(signers)) == NULL && waited == 0)
        waited = pthread_cond_timedwait(&signers->given, &signers->lock, &until);
    if (line != NULL) {
        line->busy = true;
        if (line->at == NULL)
            line->at = &signers->endpoints[0];
        line->at->busy++;
    }
    (void)pthread_mutex_unlock(&signers->lock);
    if (line == NULL)
        (void)fault_set(why, FAULT_REMOTE, "all connections to signers are busy");
    return line;
}

static struct signer_client *make_client(const struct gateway_signers *signers)
{
    struct signer_client *const client = calloc(1, sizeof *client);
    must(client != NULL);
    client->timeout_ms = signers->timeout_ms;
    return client;
}

struct signer_line *signers_take(struct gateway_signers *signers, struct fault *why)
{
    const uint64_t deadline_ms = io_now_ms() + signers->timeout_ms;
    struct signer_line *const line = wait_for_line(signers, deadline_ms, why);
    if (line == NULL)
        return NULL;
    if (line->client == NULL) {
        line->client = make_client(signers);
        line->checker = make_client(signers);
    }
    if (is_fresh(line) || connect_line(signers, line, deadline_ms, why))
        return line;
    signers_give(signers, line);
    return NULL;
}

bool signers_call(struct gateway_signers *signers, struct signer_line *line, struct json *result, struct fault *why)
{
    struct bytes request;
    const uint64_t deadline_ms = io_now_ms() + signers->timeout_ms;
    if (!signer_end(line->client, &request, why))
        return false;
    enum exit_code code = signer_ask(line->client, line->fd, request, deadline_ms, result, why);
    if (code == EXIT_CODE_UNREACHED && io_now_ms() < deadline_ms) {
        if (!connect_line(signers, line, deadline_ms, why))
            return false;
        code = signer_ask(line->client, line->fd, request, deadline_ms, result, why);
    }
    if (code == EXIT_CODE_UNREACHED) {
        hang_up(line);
        why->code = FAULT_REMOTE;
    }
    return code == EXIT_CODE_DONE;
}

void signers_give(struct gateway_signers *signers, struct signer_line *line)
{
    (void)pthread_mutex_lock(&signers->lock);
    line->busy = false;
    line->at->busy--;
    (void)pthread_cond_signal(&signers->given);
    (void)pthread_mutex_unlock(&signers->lock);
}

bool signers_address(struct gateway_signers *signers, struct address *address, struct fault *why)
{
    (void)pthread_mutex_lock(&signers->lock);
    const bool known = signers->has_address;
    *address = signers->address;
    (void)pthread_mutex_unlock(&signers->lock);
    if (known)
        return true;
    struct signer_line *const line = signers_take(signers, why);
    if (line == NULL)
        return false;
    signers_give(signers, line);
    *address = signers->address; /* set once, before that line was connected */
    return true;
}

bool signers_check(struct gateway_signers *signers, size_t endpoint, struct fault *why)
{
    bool has_chain;
    struct u256 chain;
    struct gateway_endpoint *const at = &signers->endpoints[endpoint];
    struct signer_client *const client = make_client(signers);
    const int fd = open_checked(signers, at, client, io_now_ms() + signers->timeout_ms, &has_chain, &chain, why);
    free(client);
    if (fd >= 0)
        (void)close(fd);
    (void)pthread_mutex_lock(&signers->lock);
    at->down_until_ms = fd < 0 ? io_now_ms() + GATEWAY_DOWN_MS : 0;
    (void)pthread_mutex_unlock(&signers->lock);
    return fd >= 0;
}
