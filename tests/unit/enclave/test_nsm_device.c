/* The NSM behind a socket, and the random numbers from it: a module in a thread of this process that answers as told.
 */
#include "check.h"
#include "core/nitro/nsm_api.h"
#include "enclave/entropy.h"
#include "io/stream.h"

#include <pthread.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { PATIENCE_MS = 5000 };

struct module {
    struct bytes reply; /* with its length of 4 bytes */
    uint8_t heard[NSM_REQUEST_MAX + 4];
    size_t heard_len;
    unsigned asked;
    int listener;
    char path[64];
    pthread_t thread;
};

static void *serve(void *argument)
{
    struct module *module = argument;
    for (int fd; (fd = accept(module->listener, NULL, NULL)) >= 0; close(fd)) {
        struct fault why;
        const uint64_t deadline_ms = io_now_ms() + PATIENCE_MS;
        if (!stream_read(fd, module->heard, 4, deadline_ms, &why))
            continue;
        struct reader in = reader_of((struct bytes){ module->heard, 4 });
        const size_t len = (size_t)reader_be(&in, 4);
        if (len <= NSM_REQUEST_MAX && stream_read(fd, module->heard + 4, len, deadline_ms, &why)) {
            module->heard_len = 4 + len;
            module->asked++;
            (void)!stream_write(fd, module->reply, deadline_ms, &why);
        }
    }
    return NULL;
}

static struct nsm_device start(struct module *module, struct bytes reply)
{
    static int count;
    *module = (struct module){ .reply = reply, .listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) };
    snprintf(module->path, sizeof module->path, "/tmp/test-nsm-%d-%d", (int)getpid(), count++);
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    memcpy(address.sun_path, module->path, strlen(module->path));
    must(bind(module->listener, (const struct sockaddr *)&address, sizeof address) == 0);
    must(listen(module->listener, 8) == 0);
    must(pthread_create(&module->thread, NULL, serve, module) == 0);
    char where[80];
    snprintf(where, sizeof where, "unix:%s", module->path);
    struct nsm_device device;
    struct fault why;
    CHECK(nsm_device_open(&device, where, &why));
    return device;
}

static void stop(struct module *module)
{
    shutdown(module->listener, SHUT_RDWR);
    must(pthread_join(module->thread, NULL) == 0);
    close(module->listener);
    unlink(module->path);
}

static void a_request_goes_out_and_its_response_comes_back(void)
{
    struct module module;
    const struct nsm_device device = start(&module, BYTES_LIT("\0\0\0\x03\x62hi"));
    uint8_t room[NSM_RESPONSE_MAX];
    struct writer out = writer_of(room, sizeof room);
    struct fault why;
    struct bytes response = { 0 };
    /* FACTS A.2: "DescribeNSM" as CBOR */
    CHECK(nsm_device_exchange(&device,
                              BYTES_LIT("\x6b"
                                        "DescribeNSM"),
                              &out, &why) &&
          writer_done(&out, &response));
    CHECK(bytes_equal(response, BYTES_LIT("\x62hi")));
    CHECK(bytes_equal((struct bytes){ module.heard, module.heard_len }, BYTES_LIT("\0\0\0\x0c\x6b"
                                                                                  "DescribeNSM")));
    stop(&module);
}

static void a_module_that_misbehaves_is_remote_trouble(void)
{
    static const struct {
        const char *name;
        struct bytes reply;
    } rows[] = {
        { "closes", BYTES_INIT("") },
        { "half a length", BYTES_INIT("\0\0") },
        { "half a response", BYTES_INIT("\0\0\0\x05\x62h") },
        { "more than an NSM ever says", BYTES_INIT("\0\0\x30\x01\x62hi") },
        { "four gigabytes", BYTES_INIT("\xff\xff\xff\xff\x62hi") },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct module module;
        const struct nsm_device device = start(&module, rows[i].reply);
        uint8_t room[NSM_RESPONSE_MAX];
        struct writer out = writer_of(room, sizeof room);
        struct fault why = { 0 };
        CHECK_ROW(rows[i].name, !nsm_device_exchange(&device, BYTES_LIT("\x60"), &out, &why));
        CHECK_ROW(rows[i].name, why.code == FAULT_REMOTE && out.len == 0);
        stop(&module);
    }
}

static void what_does_not_fit_is_not_sent_or_not_taken(void)
{
    struct module module;
    const struct nsm_device device = start(&module, BYTES_LIT("\0\0\0\x03\x62hi"));
    static uint8_t request[NSM_REQUEST_MAX + 1];
    uint8_t room[NSM_RESPONSE_MAX];
    struct writer out = writer_of(room, sizeof room), small = writer_of(room, 2);
    struct fault why = { 0 };
    CHECK(!nsm_device_exchange(&device, BYTES_OF(request), &out, &why) && why.code == FAULT_LIMIT);
    CHECK(module.asked == 0);
    CHECK(!nsm_device_exchange(&device, BYTES_LIT("\x60"), &small, &why) && why.code == FAULT_LIMIT);
    stop(&module);
}

static void without_a_module_nothing_is_asked(void)
{
    const struct nsm_device none = { .kind = NSM_DEVICE_NONE };
    uint8_t room[16];
    struct writer out = writer_of(room, sizeof room);
    struct fault why = { 0 };
    CHECK(!nsm_device_exchange(&none, BYTES_LIT("\x60"), &out, &why) && why.code == FAULT_REMOTE);
    struct nsm_device device;
    CHECK(!nsm_device_open(&device, "tcp://127.0.0.1:1", &why) && why.code == FAULT_INPUT);
    CHECK(!nsm_device_open(&device, "unix:", &why) && why.code == FAULT_INPUT);
    CHECK(!nsm_device_open(&device, "/dev/null", &why) && why.code == FAULT_INPUT);
    if (access(NSM_DEVICE_PATH, F_OK) != 0)
        CHECK(!nsm_device_open(&device, NSM_DEVICE_PATH, &why) && why.code == FAULT_INPUT);
}

/* {"GetRandom": {"random": h'…'}} of 256 bytes, as sent by real devices (FACTS A.3). */
static struct bytes random_reply(uint8_t *room, size_t cap, size_t count)
{
    struct writer out = writer_of(room, cap);
    writer_put(&out, BYTES_LIT("\0\0\x01\x16\xa1\x69GetRandom\xa1\x66random\x59\x01"));
    room[2] = (uint8_t)((count + 22) >> 8), room[3] = (uint8_t)(count + 22);
    room[out.len - 1] = (uint8_t)(count >> 8);
    writer_u8(&out, (uint8_t)count);
    for (size_t i = 0; i < count; i++)
        writer_u8(&out, 0x55);
    struct bytes whole;
    must(writer_done(&out, &whole));
    return whole;
}

static void random_numbers_come_from_both_sources(void)
{
    uint8_t room[400], a[600], b[600];
    struct module module;
    const struct nsm_device device = start(&module, random_reply(room, sizeof room, 256));
    struct fault why = { 0 };
    CHECK(entropy_start(&device, &why));
    const unsigned at_start = module.asked;
    CHECK(at_start == 1);
    entropy_fill(&device, a, sizeof a);
    CHECK(module.asked - at_start == 3); /* 600 bytes at 256 an answer */
    entropy_fill(&device, b, sizeof b);
    CHECK(memcmp(a, b, sizeof a) != 0); /* the module's bytes never change: these differ by the kernel's */
    unsigned ones = 0;
    for (size_t i = 0; i < sizeof a; i++)
        ones += (unsigned)__builtin_popcount(a[i]);
    CHECK(ones > 2100 && ones < 2700); /* of 4800; further off once in 10^12 */
    stop(&module);
}

static void a_module_without_randomness_stops_the_start(void)
{
    static const struct {
        const char *name;
        struct bytes reply;
    } rows[] = {
        { "an error", BYTES_INIT("\0\0\0\x15\xa1\x65"
                                 "Error\x6dInternalError") },
        { "another answer", BYTES_INIT("\0\0\0\x03\x62hi") },
        { "no answer", BYTES_INIT("") },
    };
    struct module module;
    struct fault why = { 0 };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct nsm_device device = start(&module, rows[i].reply);
        CHECK_ROW(rows[i].name, !entropy_start(&device, &why) && why.code == FAULT_REMOTE);
        stop(&module);
    }
    uint8_t room[400], out[40] = { 0 }, zeros[40] = { 0 };
    const struct nsm_device few = start(&module, random_reply(room, sizeof room, 31));
    CHECK(!entropy_start(&few, &why) && why.code == FAULT_REMOTE);
    entropy_fill(&few, out, sizeof out); /* later on, the kernel's alone will do */
    CHECK(memcmp(out, zeros, sizeof out) != 0);
    stop(&module);
}

int main(void)
{
    a_request_goes_out_and_its_response_comes_back();
    a_module_that_misbehaves_is_remote_trouble();
    what_does_not_fit_is_not_sent_or_not_taken();
    without_a_module_nothing_is_asked();
    random_numbers_come_from_both_sources();
    a_module_without_randomness_stops_the_start();
    return failures != 0;
}
