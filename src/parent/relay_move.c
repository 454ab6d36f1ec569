#include "core/codec/frame.h"
#include "io/stream.h"
#include "parent/relay_pair.h"

#include <errno.h>
#include <event2/buffer.h>
#include <unistd.h>

enum {
    ANSWER_MAX = FRAME_MAX + 65536, /* a signer may answer a little more than it may be asked */
    READS_A_TURN = 4,               /* then the other connections have theirs */
};

struct side *side_partner(struct side *side)
{
    return side == &side->pair->near ? &side->pair->far : &side->pair->near;
}

void pair_touch(struct pair *pair)
{
    pair->since_ms = io_now_ms();
    TAILQ_REMOVE(&pair->relay->open, pair, link);
    TAILQ_INSERT_TAIL(&pair->relay->open, pair, link);
}

static size_t waiting_for(const struct side *side)
{
    return evbuffer_get_length(bufferevent_get_output(side->stream));
}

/* Hands on what the reader of libevent has, straight into the socket when nothing waits before it. What the socket does
 * not take, for whatever reason, goes the usual way, which also tells the reason. */
static void hand_on(struct side *from, struct side *to)
{
    struct evbuffer *const input = bufferevent_get_input(from->stream);
    if (evbuffer_get_length(input) > 0 && waiting_for(to) == 0)
        (void)evbuffer_write(input, bufferevent_getfd(to->stream));
    must(evbuffer_add_buffer(bufferevent_get_output(to->stream), input) == 0);
}

/* libevent 2.1 reads 4 KiB at a time, whatever one asks of it; the rest of what has arrived is read here in large
 * pieces. False: the connection is broken. (Its end is read once more, by libevent, which tells it.) */
static bool move_raw(struct side *from)
{
    static uint8_t piece[RELAY_READ_MAX]; /* one thread; nothing stays in it */
    struct side *const to = side_partner(from);
    const int in = bufferevent_getfd(from->stream), out = bufferevent_getfd(to->stream);
    bool more = evbuffer_get_length(bufferevent_get_input(from->stream)) > 0;
    hand_on(from, to);
    for (int reads = 0; more && reads < READS_A_TURN && waiting_for(to) <= RELAY_BUFFER; reads++) {
        const ssize_t got = read(in, piece, sizeof piece);
        if (got < 0 && errno != EAGAIN && errno != EINTR)
            return false;
        if (got <= 0)
            break;
        more = (size_t)got == sizeof piece;
        const ssize_t sent = waiting_for(to) == 0 ? send(out, piece, (size_t)got, MSG_NOSIGNAL) : 0;
        const size_t taken = sent < 0 ? 0 : (size_t)sent;
        if (taken < (size_t)got)
            must(bufferevent_write(to->stream, piece + taken, (size_t)got - taken) == 0);
    }
    if (waiting_for(to) > RELAY_BUFFER)
        bufferevent_disable(from->stream, EV_READ);
    return true;
}

static void put_frame(struct side *to, struct bytes body)
{
    uint8_t header[FRAME_HEADER];
    struct writer out = writer_of(header, sizeof header);
    struct bytes written;
    frame_write_header(&out, body.len);
    must(writer_done(&out, &written));
    must(bufferevent_write(to->stream, written.data, written.len) == 0);
    must(bufferevent_write(to->stream, body.data, body.len) == 0);
}

/* What the header at the front announces, header included; 0 while there is none, or while the frame is not whole.
 * *too_long when it announces more than `max`. */
static size_t whole_frame(struct side *from, size_t max, bool *too_long)
{
    uint8_t header[FRAME_HEADER];
    struct evbuffer *const input = bufferevent_get_input(from->stream);
    *too_long = false;
    if (evbuffer_copyout(input, header, sizeof header) != (ssize_t)sizeof header)
        return 0;
    struct reader in = reader_of(BYTES_OF(header));
    const size_t len = (size_t)reader_be(&in, FRAME_HEADER);
    if (len > max) {
        *too_long = true;
        return 0;
    }
    return evbuffer_get_length(input) - FRAME_HEADER >= len ? FRAME_HEADER + len : 0;
}

/* The next request, unless one is at the far side or its answers are not taken. */
static void move_requests(struct pair *pair)
{
    const struct relay_settings *const settings = &pair->relay->settings;
    struct evbuffer *const input = bufferevent_get_input(pair->near.stream);
    while (!pair->asked && !pair->last && !pair->far.ended && waiting_for(&pair->near) <= RELAY_BUFFER) {
        bool too_long;
        struct bytes body;
        const size_t len = whole_frame(&pair->near, FRAME_MAX, &too_long);
        if (too_long) {
            put_frame(&pair->near, settings->too_long);
            pair->last = true;
        }
        if (len == 0)
            return;
        const uint8_t *const frame = evbuffer_pullup(input, (ev_ssize_t)len);
        must(frame != NULL);
        pair->asked =
            settings->judge(settings->context, (struct bytes){ frame + FRAME_HEADER, len - FRAME_HEADER }, &body);
        put_frame(pair->asked ? &pair->far : &pair->near, body);
        must(evbuffer_drain(input, len) == 0);
    }
}

/* False: what the far side says is no answer. */
static bool move_answer(struct pair *pair)
{
    bool too_long;
    const size_t len = whole_frame(&pair->far, ANSWER_MAX, &too_long);
    if (too_long || (!pair->asked && evbuffer_get_length(bufferevent_get_input(pair->far.stream)) > 0))
        return false;
    if (len > 0) {
        must(evbuffer_remove_buffer(bufferevent_get_input(pair->far.stream), bufferevent_get_output(pair->near.stream),
                                    len) == (int)len);
        pair->asked = false;
    }
    return true;
}

/* Tells `to` that its partner has ended, once all that came before is delivered. */
static void tell_the_end(struct side *from)
{
    struct side *const to = side_partner(from);
    if (!from->ended || to->told || waiting_for(to) > 0)
        return;
    if (from->pair->relay->settings.judge != NULL && from == &from->pair->near && from->pair->asked)
        return;
    to->told = true;
    if (shutdown(bufferevent_getfd(to->stream), SHUT_WR) != 0 && errno == ENOTCONN)
        to->ended = true; /* it has gone meanwhile */
}

void pair_move(struct pair *pair)
{
    const bool judged = pair->relay->settings.judge != NULL;
    const bool sound =
        judged ? move_answer(pair) && !(pair->far.ended && pair->asked) : move_raw(&pair->near) && move_raw(&pair->far);
    if (!sound) {
        pair_break(pair);
        return;
    }
    if (judged)
        move_requests(pair);
    tell_the_end(&pair->near);
    tell_the_end(&pair->far);
    const bool both_told = pair->near.told && pair->far.told;
    const bool said_all = judged && waiting_for(&pair->near) == 0 && (pair->last || pair->near.told);
    if (both_told || said_all)
        pair_free(pair);
}

static void on_read(struct bufferevent *stream, void *argument)
{
    struct side *const side = argument;
    (void)stream;
    pair_touch(side->pair);
    pair_move(side->pair);
}

/* Everything has been handed to the kernel: its partner may go on. */
static void on_written(struct bufferevent *stream, void *argument)
{
    struct side *const side = argument;
    struct side *const from = side_partner(side);
    (void)stream;
    pair_touch(side->pair);
    if (!from->ended)
        bufferevent_enable(from->stream, EV_READ);
    pair_move(side->pair);
}

static void on_event(struct bufferevent *stream, short what, void *argument)
{
    struct side *const side = argument;
    (void)stream;
    if ((what & BEV_EVENT_ERROR) != 0) {
        pair_break(side->pair);
        return;
    }
    if ((what & BEV_EVENT_EOF) == 0)
        return;
    side->ended = true;
    pair_touch(side->pair);
    pair_move(side->pair);
}

static void start_side(struct side *side)
{
    const bool judged = side->pair->relay->settings.judge != NULL;
    const size_t most = side == &side->pair->near ? FRAME_HEADER + FRAME_MAX : FRAME_HEADER + ANSWER_MAX;
    bufferevent_setcb(side->stream, on_read, on_written, on_event, side);
    bufferevent_setwatermark(side->stream, EV_READ, 0, judged ? most : 0);
    (void)bufferevent_set_max_single_read(side->stream, RELAY_READ_MAX);
    (void)bufferevent_set_max_single_write(side->stream, RELAY_BUFFER + RELAY_READ_MAX);
    bufferevent_enable(side->stream, EV_READ | EV_WRITE);
}

void pair_start(struct pair *pair)
{
    start_side(&pair->near);
    start_side(&pair->far);
    pair_move(pair); /* after a greeting something may have come with it */
}
