#include "io/stream.h"

#include "core/codec/frame.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

uint64_t io_now_ms(void)
{
    struct timespec now;
    must(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

bool io_wait(int fd, short events, uint64_t deadline_ms, struct fault *why)
{
    for (;;) {
        const uint64_t now = io_now_ms();
        const uint64_t left = deadline_ms > now ? deadline_ms - now : 0;
        struct pollfd pollfd = { .fd = fd, .events = events };
        const int ready = poll(&pollfd, 1, left > INT_MAX ? INT_MAX : (int)left);
        if (ready > 0)
            return true;
        if (ready < 0 && errno != EINTR)
            return fault_set(why, FAULT_REMOTE, "waiting for the peer failed: %s", strerror(errno));
        if (ready == 0 && left <= INT_MAX)
            return fault_set(why, FAULT_REMOTE, "the peer did not %s in time", events & POLLOUT ? "take" : "answer");
    }
}

/* After a call that failed: true when it should be tried again. */
static bool may_retry(int fd, short events, uint64_t deadline_ms, const char *doing, struct fault *why)
{
    if (errno == EINTR)
        return true;
    if (errno == EAGAIN || errno == EWOULDBLOCK)
        return io_wait(fd, events, deadline_ms, why);
    return fault_set(why, FAULT_REMOTE, "%s failed: %s", doing, strerror(errno));
}

static bool write_whole(int fd, struct bytes bytes, int flags, uint64_t deadline_ms, struct fault *why)
{
    while (bytes.len > 0) {
        const ssize_t sent = send(fd, bytes.data, bytes.len, MSG_NOSIGNAL | flags);
        if (sent >= 0)
            bytes = (struct bytes){ bytes.data + sent, bytes.len - (size_t)sent };
        else if (!may_retry(fd, POLLOUT, deadline_ms, "writing to the peer", why))
            return false;
    }
    return true;
}

bool stream_write(int fd, struct bytes bytes, uint64_t deadline_ms, struct fault *why)
{
    return write_whole(fd, bytes, 0, deadline_ms, why);
}

bool stream_read_some(int fd, uint8_t *out, size_t cap, size_t *len, uint64_t deadline_ms, struct fault *why)
{
    for (;;) {
        const ssize_t got = read(fd, out, cap);
        if (got >= 0) {
            *len = (size_t)got;
            return true;
        }
        if (!may_retry(fd, POLLIN, deadline_ms, "reading from the peer", why))
            return false;
    }
}

bool stream_read(int fd, uint8_t *out, size_t len, uint64_t deadline_ms, struct fault *why)
{
    size_t have = 0, got;
    while (have < len) {
        if (!stream_read_some(fd, out + have, len - have, &got, deadline_ms, why))
            return false;
        if (got == 0)
            return fault_set(why, FAULT_REMOTE, "the peer closed after %zu of %zu bytes", have, len);
        have += got;
    }
    return true;
}

bool stream_call(int fd, struct bytes request, uint8_t *buffer, size_t cap, struct bytes *answer, uint64_t deadline_ms,
                 struct fault *why)
{
    uint8_t bytes[FRAME_HEADER];
    struct writer out = writer_of(bytes, sizeof bytes);
    struct bytes header;
    frame_write_header(&out, request.len);
    if (!writer_done(&out, &header))
        return fault_set(why, FAULT_LIMIT, "the request has %zu bytes, at most %d fit in a frame", request.len,
                         FRAME_MAX);
    /* MSG_MORE: header and body in one segment, so that neither waits for the other's acknowledgement */
    if (!write_whole(fd, header, request.len > 0 ? MSG_MORE : 0, deadline_ms, why) ||
        !write_whole(fd, request, 0, deadline_ms, why) || !stream_read(fd, bytes, sizeof bytes, deadline_ms, why))
        return false;
    struct reader in = reader_of(BYTES_OF(bytes));
    const size_t len = (size_t)reader_be(&in, FRAME_HEADER);
    if (len > cap || len > FRAME_MAX)
        return fault_set(why, FAULT_REMOTE, "the peer announces an answer of %zu bytes, at most %zu are taken", len,
                         cap < FRAME_MAX ? cap : FRAME_MAX);
    if (!stream_read(fd, buffer, len, deadline_ms, why))
        return false;
    *answer = (struct bytes){ buffer, len };
    return true;
}
