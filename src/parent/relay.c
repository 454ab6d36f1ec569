#include "parent/relay.h"

#include "core/base/text.h"
#include "io/stream.h"
#include "parent/relay_pair.h"

#include <errno.h>
#include <event2/buffer.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TICK_MS = 100, GREETING_MAX = 32 /* "CONNECT 4294967295\n", "OK 4294967295\n" */ };

static void dial(struct pair *pair);

static void close_side(struct side *side, bool reset)
{
    if (side->stream == NULL)
        return;
    const struct linger at_once = { .l_onoff = 1 };
    if (reset) /* other kinds of sockets refuse the option, and need none */
        (void)setsockopt(bufferevent_getfd(side->stream), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    bufferevent_free(side->stream);
    side->stream = NULL;
}

static void end_pair(struct pair *pair, bool reset)
{
    struct relay *const relay = pair->relay;
    TAILQ_REMOVE(pair->state == PAIR_OPEN ? &relay->open : &relay->starting, pair, link);
    relay->count--;
    close_side(&pair->near, reset);
    close_side(&pair->far, reset);
    free(pair);
}

void pair_free(struct pair *pair)
{
    end_pair(pair, false);
}

void pair_break(struct pair *pair)
{
    end_pair(pair, true);
}

static void tell_reached(struct relay *relay, bool yes, int error)
{
    if (relay->settings.reached != NULL)
        relay->settings.reached(relay->settings.context, yes, error);
}

static void open_pair(struct pair *pair)
{
    TAILQ_REMOVE(&pair->relay->starting, pair, link);
    TAILQ_INSERT_TAIL(&pair->relay->open, pair, link);
    pair->state = PAIR_OPEN;
    pair->since_ms = io_now_ms();
    tell_reached(pair->relay, true, 0);
    pair_start(pair);
}

static void greet(struct pair *pair)
{
    uint8_t line[GREETING_MAX];
    struct writer out = writer_of(line, sizeof line);
    struct bytes written;
    writer_text(&out, "CONNECT ");
    text_put_uint(&out, pair->relay->settings.greeting_port);
    writer_u8(&out, '\n');
    must(writer_done(&out, &written));
    pair->state = PAIR_GREETING;
    must(bufferevent_write(pair->far.stream, written.data, written.len) == 0);
    bufferevent_enable(pair->far.stream, EV_READ | EV_WRITE);
}

static void on_greeting(struct bufferevent *stream, void *argument)
{
    struct pair *const pair = ((struct side *)argument)->pair;
    struct evbuffer *const input = bufferevent_get_input(stream);
    uint64_t number;
    size_t len;
    char *const line = evbuffer_readln(input, &len, EVBUFFER_EOL_LF);
    if (line == NULL && evbuffer_get_length(input) < GREETING_MAX)
        return;
    const struct bytes answer = { (const uint8_t *)line, line == NULL ? 0 : len };
    const bool welcome = answer.len > 3 && text_starts_with(answer, BYTES_LIT("OK ")) &&
                         text_read_uint((struct bytes){ answer.data + 3, answer.len - 3 }, &number);
    free(line);
    if (welcome) {
        open_pair(pair);
        return;
    }
    tell_reached(pair->relay, false, EPROTO);
    pair_break(pair);
}

static void on_dialled(struct bufferevent *stream, short what, void *argument)
{
    struct pair *const pair = ((struct side *)argument)->pair;
    (void)stream;
    if ((what & BEV_EVENT_CONNECTED) != 0) {
        if (pair->relay->settings.greets)
            greet(pair);
        else
            open_pair(pair);
        return;
    }
    if ((what & (BEV_EVENT_ERROR | BEV_EVENT_EOF)) == 0)
        return;
    pair->error = (what & BEV_EVENT_EOF) != 0 ? ECONNREFUSED : EVUTIL_SOCKET_ERROR();
    close_side(&pair->far, false);
    dial(pair);
}

/* True: on its way. */
static bool dial_one(struct pair *pair, const struct relay_address *to)
{
    const int yes = 1;
    const int fd = socket(to->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || (connect(fd, (const struct sockaddr *)&to->address, to->len) != 0 && errno != EINPROGRESS)) {
        pair->error = errno;
        if (fd >= 0)
            (void)close(fd);
        return false;
    }
    if (to->address.ss_family == AF_INET || to->address.ss_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    pair->far.stream = bufferevent_socket_new(pair->relay->base, fd, BEV_OPT_CLOSE_ON_FREE);
    must(pair->far.stream != NULL);
    bufferevent_setcb(pair->far.stream, on_greeting, NULL, on_dialled, &pair->far);
    must(bufferevent_socket_connect(pair->far.stream, NULL, 0) == 0); /* NULL: the connect is under way */
    pair->state = PAIR_CONNECTING;
    return true;
}

static void dial(struct pair *pair)
{
    while (pair->next < pair->addresses.count) {
        if (dial_one(pair, &pair->addresses.items[pair->next++]))
            return;
        if (pair->error == EAGAIN) { /* a unix socket's backlog is full: the next tick tries it again */
            pair->next--;
            pair->state = PAIR_WAITING;
            return;
        }
    }
    tell_reached(pair->relay, false, pair->error);
    pair_break(pair);
}

static void look_up(struct pair *pair)
{
    if (pair->addresses.count == 0) {
        const enum relay_found found = pair->relay->settings.find(pair->relay->settings.context, &pair->addresses);
        if (found == RELAY_NOWHERE)
            pair_break(pair);
        if (found != RELAY_FOUND)
            return;
    }
    dial(pair);
}

void relay_wake(struct relay *relay)
{
    struct pair *pair, *next;
    for (pair = TAILQ_FIRST(&relay->starting); pair != NULL; pair = next) {
        next = TAILQ_NEXT(pair, link);
        if (pair->state == PAIR_WAITING)
            look_up(pair);
    }
}

static void make_room(struct relay *relay)
{
    struct pair *const silent = TAILQ_FIRST(&relay->open);
    if (relay->count < relay->settings.pairs_max)
        return;
    pair_break(silent != NULL ? silent : TAILQ_FIRST(&relay->starting));
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *from, int len,
                      void *argument)
{
    struct relay *const relay = argument;
    const int yes = 1;
    (void)listener;
    (void)len;
    make_room(relay);
    struct pair *const pair = calloc(1, sizeof *pair);
    must(pair != NULL);
    if (from->sa_family == AF_INET || from->sa_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    pair->relay = relay;
    pair->near.pair = pair->far.pair = pair;
    pair->near.stream = bufferevent_socket_new(relay->base, fd, BEV_OPT_CLOSE_ON_FREE);
    must(pair->near.stream != NULL);
    pair->since_ms = io_now_ms();
    relay->count++;
    TAILQ_INSERT_TAIL(&relay->starting, pair, link);
    look_up(pair);
}

/* No descriptor, no memory: who waits in the backlog is taken at the next tick. */
static void on_accept_failed(struct evconnlistener *listener, void *argument)
{
    (void)argument;
    (void)evconnlistener_disable(listener);
}

static void on_tick(evutil_socket_t fd, short what, void *argument)
{
    struct relay *const relay = argument;
    const uint64_t now = io_now_ms();
    struct pair *pair;
    (void)fd;
    (void)what;
    while ((pair = TAILQ_FIRST(&relay->starting)) != NULL && now - pair->since_ms >= relay->settings.connect_ms) {
        if (pair->state != PAIR_WAITING) /* silence of the name server is not the far side's */
            tell_reached(relay, false, ETIMEDOUT);
        pair_break(pair);
    }
    while ((pair = TAILQ_FIRST(&relay->open)) != NULL && now - pair->since_ms >= relay->settings.idle_ms)
        pair_break(pair);
    relay_wake(relay);
    (void)evconnlistener_enable(relay->listener);
}

struct relay *relay_new(struct event_base *base, int listening, const struct relay_settings *settings,
                        struct fault *why)
{
    const struct timeval every = { .tv_usec = TICK_MS * 1000 };
    struct relay *const relay = calloc(1, sizeof *relay);
    if (relay != NULL) {
        *relay = (struct relay){ .base = base, .settings = *settings };
        TAILQ_INIT(&relay->starting);
        TAILQ_INIT(&relay->open);
        relay->listener =
            evconnlistener_new(base, on_accept, relay, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, listening);
        relay->tick = event_new(base, -1, EV_PERSIST, on_tick, relay);
    }
    if (relay == NULL || relay->listener == NULL || relay->tick == NULL || event_add(relay->tick, &every) != 0) {
        relay_free(relay);
        (void)fault_set(why, FAULT_INTERNAL, "no memory for the relay");
        return NULL;
    }
    evconnlistener_set_error_cb(relay->listener, on_accept_failed);
    return relay;
}

void relay_free(struct relay *relay)
{
    if (relay == NULL)
        return;
    while (!TAILQ_EMPTY(&relay->starting))
        pair_break(TAILQ_FIRST(&relay->starting));
    while (!TAILQ_EMPTY(&relay->open))
        pair_break(TAILQ_FIRST(&relay->open));
    if (relay->tick != NULL)
        event_free(relay->tick);
    if (relay->listener != NULL)
        evconnlistener_free(relay->listener);
    free(relay);
}
