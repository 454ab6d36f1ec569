#include "enclave/tls_child.h"

#include "enclave/block.h"
#include "enclave/sandbox.h"
#include "enclave/tls_exchange.h"
#include "io/stream.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    EXCHANGE_SECONDS = 60, /* after which the kernel ends an exchange, whatever its deadline was */
    ORDER_MS = 10000,      /* for the order to arrive on its channel */
    GRACE_MS = 1000,       /* past the deadline, for the verdict */
    PASSED_MAX = 2,        /* descriptors in one message: the channel, and the stream when there is one */
};

/* On the channel, from one program's process to another's of the same program: as the structs lie in memory. */
struct order_message {
    struct tls_order order;
    uint32_t request_len, response_cap;
};
struct verdict_message {
    uint32_t verdict, response_len;
};

static bool pass(int control, const int *fds, size_t count)
{
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(PASSED_MAX * sizeof(int))];
    } control_data = { 0 };
    char one = 1;
    struct iovec payload = { &one, 1 };
    struct msghdr message = { .msg_iov = &payload,
                              .msg_iovlen = 1,
                              .msg_control = control_data.room,
                              .msg_controllen = CMSG_SPACE(count * sizeof(int)) };
    struct cmsghdr *const rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(rights), fds, count * sizeof(int));
    ssize_t sent;
    do
        sent = sendmsg(control, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent == 1;
}

/* The number of descriptors that came; 0 when the other side is gone. */
static size_t receive(int control, int fds[static PASSED_MAX])
{
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(PASSED_MAX * sizeof(int))];
    } control_data = { 0 };
    char one = 0;
    struct iovec payload = { &one, 1 };
    struct msghdr message = { .msg_iov = &payload,
                              .msg_iovlen = 1,
                              .msg_control = control_data.room,
                              .msg_controllen = sizeof control_data.room };
    ssize_t got;
    do
        got = recvmsg(control, &message, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    const struct cmsghdr *const rights = got == 1 ? CMSG_FIRSTHDR(&message) : NULL;
    if (rights == NULL || rights->cmsg_type != SCM_RIGHTS)
        return 0;
    const size_t count = (rights->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    memcpy(fds, CMSG_DATA(rights), count * sizeof(int));
    return count;
}

static enum tls_verdict do_exchange(int channel, int stream, struct bytes roots_pem, uint8_t *response, size_t *len)
{
    static uint8_t request[TLS_REQUEST_MAX];
    struct order_message ordered;
    struct fault unused;
    if (!stream_read(channel, (uint8_t *)&ordered, sizeof ordered, io_now_ms() + ORDER_MS, &unused) ||
        ordered.request_len > sizeof request || ordered.response_cap > TLS_RESPONSE_MAX ||
        !stream_read(channel, request, ordered.request_len, io_now_ms() + ORDER_MS, &unused))
        return TLS_BROKEN;
    ordered.order.host[TLS_HOST_MAX - 1] = '\0';
    return tls_exchange(stream, &ordered.order, roots_pem, (struct bytes){ request, ordered.request_len }, response,
                        ordered.response_cap, len);
}

/* The forked process of one exchange; without a stream it only reads the roots. */
static void exchange(int channel, int stream, struct bytes roots_pem) __attribute__((noreturn));
static void exchange(int channel, int stream, struct bytes roots_pem)
{
    static uint8_t response[TLS_RESPONSE_MAX];
    signal(SIGALRM, SIG_DFL);
    sandbox_exchange(EXCHANGE_SECONDS);
    size_t len = 0;
    const enum tls_verdict verdict =
        stream < 0 ? tls_check_roots(roots_pem) : do_exchange(channel, stream, roots_pem, response, &len);
    const struct verdict_message told = { (uint32_t)verdict, verdict == TLS_DONE ? (uint32_t)len : 0 };
    const uint64_t deadline_ms = io_now_ms() + ORDER_MS;
    struct fault unused;
    const bool written =
        stream_write(channel, (struct bytes){ (const uint8_t *)&told, sizeof told }, deadline_ms, &unused) &&
        stream_write(channel, (struct bytes){ response, told.response_len }, deadline_ms, &unused);
    _exit(written ? 0 : 1);
}

static void run_child(int control, struct bytes roots_pem) __attribute__((noreturn));
static void run_child(int control, struct bytes roots_pem)
{
    /* Nothing of the parent's but its words: descriptors of whoever started the program are not for here. */
    if (control > 3)
        close_range(3, (unsigned)control - 1, 0);
    close_range((unsigned)control + 1, UINT_MAX, 0);
    prctl(PR_SET_NAME, "ensignd-tls", 0, 0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    /* A terminal's interrupt goes to the whole group; an exchange under way is to end when its parent does. */
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_IGN); /* the kernel buries the exchanges */
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL); /* an exchange's alarm must get through, whatever was inherited */
    sandbox_tls();
    for (;;) {
        int fds[PASSED_MAX];
        const size_t count = receive(control, fds);
        if (count == 0)
            _exit(0);
        const pid_t pid = fork();
        if (pid == 0) {
            close(control);
            exchange(fds[0], count > 1 ? fds[1] : -1, roots_pem);
        }
        for (size_t i = 0; i < count; i++)
            close(fds[i]);
    }
}

/* A channel to a process of its own for one exchange, or -1. */
static int open_channel(const struct tls_child *child, int stream)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0)
        return -1;
    const int fds[PASSED_MAX] = { pair[1], stream };
    const bool passed = pass(child->control, fds, stream < 0 ? 1 : 2);
    close(pair[1]);
    if (passed)
        return pair[0];
    close(pair[0]);
    return -1;
}

/* The verdict; TLS_BROKEN when the process died before it told one. */
static enum tls_verdict read_verdict(int channel, uint64_t deadline_ms, size_t cap, struct block *response)
{
    struct verdict_message told;
    struct fault why;
    if (!stream_read(channel, (uint8_t *)&told, sizeof told, deadline_ms, &why))
        return io_now_ms() >= deadline_ms ? TLS_TOO_SLOW : TLS_BROKEN;
    if (told.verdict >= TLS_VERDICTS || told.response_len > cap)
        return TLS_BROKEN;
    if (told.response_len == 0)
        return (enum tls_verdict)told.verdict;
    if (!block_grow(response, told.response_len) ||
        !stream_read(channel, response->data, told.response_len, deadline_ms, &why))
        return TLS_BROKEN;
    response->len = told.response_len;
    return (enum tls_verdict)told.verdict;
}

bool tls_child_start(struct tls_child *child, struct bytes roots_pem, struct fault *why)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return fault_set(why, FAULT_INTERNAL, "no socket pair for the TLS process: %s", strerror(errno));
    const pid_t pid = fork();
    if (pid < 0) {
        close(pair[0]);
        close(pair[1]);
        return fault_set(why, FAULT_INTERNAL, "cannot start the TLS process: %s", strerror(errno));
    }
    if (pid == 0) {
        close(pair[0]);
        run_child(pair[1], roots_pem);
    }
    close(pair[1]);
    *child = (struct tls_child){ .control = pair[0] };
    struct block none = { 0 };
    const int channel = open_channel(child, -1);
    const enum tls_verdict verdict = channel < 0 ? TLS_BROKEN : read_verdict(channel, io_now_ms() + ORDER_MS, 0, &none);
    if (channel >= 0)
        close(channel);
    if (verdict == TLS_DONE)
        return true;
    tls_child_stop(child);
    return fault_set(why, verdict == TLS_BAD_ROOTS ? FAULT_INPUT : FAULT_INTERNAL, "%s", tls_verdict_text(verdict));
}

static enum tls_verdict order(const struct tls_child *child, int stream, const struct kms_call *call,
                              struct bytes request, size_t cap, struct block *response)
{
    struct order_message ordered = { .order = { .utc_ms = call->utc_ms, .deadline_ms = call->deadline_ms },
                                     .request_len = (uint32_t)request.len,
                                     .response_cap = (uint32_t)cap };
    must(strlen(call->host) < sizeof ordered.order.host);
    memcpy(ordered.order.host, call->host, strlen(call->host));
    const int channel = open_channel(child, stream);
    if (channel < 0)
        return TLS_BROKEN;
    enum tls_verdict verdict = TLS_BROKEN;
    struct fault unused;
    if (stream_write(channel, (struct bytes){ (const uint8_t *)&ordered, sizeof ordered }, call->deadline_ms,
                     &unused) &&
        stream_write(channel, request, call->deadline_ms, &unused))
        verdict = read_verdict(channel, call->deadline_ms + GRACE_MS, cap, response);
    close(channel);
    return verdict;
}

bool tls_child_https(const struct tls_child *child, int stream, const struct kms_call *call, struct bytes request,
                     struct writer *response, struct fault *why)
{
    if (request.len > TLS_REQUEST_MAX) {
        close(stream);
        return fault_set(why, FAULT_LIMIT, "the request to KMS has %zu bytes, at most %d are sent", request.len,
                         TLS_REQUEST_MAX);
    }
    const size_t room = response->failed ? 0 : response->cap - response->len;
    struct block answer = { 0 };
    const enum tls_verdict verdict =
        order(child, stream, call, request, room < TLS_RESPONSE_MAX ? room : TLS_RESPONSE_MAX, &answer);
    close(stream);
    if (verdict == TLS_DONE)
        writer_put(response, (struct bytes){ answer.data, answer.len });
    block_free(&answer);
    return verdict == TLS_DONE ||
           fault_set(why, FAULT_REMOTE, "TLS with %s: %s", call->host, tls_verdict_text(verdict));
}

void tls_child_stop(struct tls_child *child)
{
    close(child->control);
    child->control = -1;
}
