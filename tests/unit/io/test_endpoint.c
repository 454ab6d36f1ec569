/* Endpoints as text, and as sockets with a peer behind them. */
#include "check.h"

#include "io/endpoint.h"
#include "io/stream.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

static char folder[] = "/tmp/ensign-test-endpoint-XXXXXX";

static const char *path_text(const char *format, const char *name)
{
    static char text[2][160];
    static unsigned turn;
    char *const buffer = text[turn++ % 2];
    (void)snprintf(buffer, sizeof text[0], format, folder, name);
    return buffer;
}

static void endpoints_are_read_to_addresses(void)
{
    struct endpoint endpoint;
    struct fault why;
    struct sockaddr_vm vsock;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un path;

    CHECK(endpoint_read("vsock://3:4294967294", &endpoint, &why) && endpoint.kind == ENDPOINT_VSOCK);
    memcpy(&vsock, &endpoint.address, sizeof vsock);
    CHECK(vsock.svm_family == AF_VSOCK && vsock.svm_cid == 3 && vsock.svm_port == 4294967294);
    CHECK(endpoint_read("vsock://any:5000", &endpoint, &why));
    memcpy(&vsock, &endpoint.address, sizeof vsock);
    CHECK(vsock.svm_cid == VMADDR_CID_ANY && vsock.svm_port == 5000);
    CHECK(endpoint_read("vsock://0:5000", &endpoint, &why));
    memcpy(&vsock, &endpoint.address, sizeof vsock);
    CHECK(vsock.svm_cid == VMADDR_CID_ANY);
    CHECK(endpoint_read("vsock://4294967294:0", &endpoint, &why));
    memcpy(&vsock, &endpoint.address, sizeof vsock);
    CHECK(vsock.svm_cid == 4294967294 && vsock.svm_port == 0);

    CHECK(endpoint_read("tcp://10.1.2.3:65535", &endpoint, &why) && endpoint.kind == ENDPOINT_TCP);
    memcpy(&v4, &endpoint.address, sizeof v4);
    CHECK(v4.sin_family == AF_INET && v4.sin_port == htons(65535) && v4.sin_addr.s_addr == htonl(0x0a010203));
    CHECK(endpoint_read("tcp://localhost:1", &endpoint, &why));
    memcpy(&v4, &endpoint.address, sizeof v4);
    CHECK(v4.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
    CHECK(endpoint_read("tcp://[::1]:1", &endpoint, &why));
    memcpy(&v6, &endpoint.address, sizeof v6);
    CHECK(v6.sin6_family == AF_INET6 && v6.sin6_addr.s6_addr[15] == 1 && v6.sin6_port == htons(1));

    CHECK(endpoint_read("unix:a:b", &endpoint, &why) && endpoint.kind == ENDPOINT_UNIX);
    memcpy(&path, &endpoint.address, sizeof path);
    CHECK(path.sun_family == AF_UNIX && strcmp(path.sun_path, "a:b") == 0);
    CHECK(endpoint_read("vsock+unix:/run/v.sock:5000", &endpoint, &why) && endpoint.kind == ENDPOINT_VSOCK_UNIX);
    memcpy(&path, &endpoint.address, sizeof path);
    CHECK(strcmp(path.sun_path, "/run/v.sock") == 0 && endpoint.port == 5000);
    CHECK(strcmp(endpoint.text, "vsock+unix:/run/v.sock:5000") == 0);
}

static void what_is_no_endpoint_is_refused_with_its_text(void)
{
#define TEN "0123456789"
    static const char *const texts[] = {
        "",
        "5000",
        "vsock:3:5000",
        "VSOCK://3:5000",
        "vsock://3",
        "vsock://:5000",
        "vsock://3:",
        "vsock://parent:5000",
        "vsock://-1:5000",
        "vsock://4294967296:5000",
        "vsock://3:4294967295",
        "vsock://3:05000",
        "vsock://3:5000 ",
        "tcp://127.0.0.1",
        "tcp://127.0.0.1:65536",
        "tcp://127.0.0.1:http",
        "tcp://127.0.0.256:1",
        "tcp://example.com:1",
        "tcp://:1",
        "tcp://::1:1",
        "tcp://[::1:1",
        "tcp://[]:1",
        "tcp://[127.0.0.1]:1",
        "tcp://[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]:1",
        "unix:",
        "unix:" TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN "01234567", /* 108 bytes */
        "vsock+unix:/run/v.sock",
        "vsock+unix::5000",
        "vsock+unix:5000",
        "vsock+unix:/run/v.sock:4294967295",
        "vsock+unix:/run/v.sock:-1",
        "unix:" TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN,
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct endpoint endpoint = { .port = 77 };
        struct fault why = { 0 };
        CHECK_ROW(texts[i], !endpoint_read(texts[i], &endpoint, &why) && why.code == FAULT_INPUT);
        CHECK_ROW(texts[i], strstr(why.text, texts[i]) != NULL && endpoint.port == 77);
    }
}

/* A child that accepts one connection on `listener`, answers what it reads with `answer`, and ends. */
static pid_t start_peer(int listener, struct bytes expected, struct bytes answer)
{
    const pid_t child = fork();
    if (child != 0)
        return child;
    struct fault why;
    uint8_t got[64];
    if (!io_wait(listener, POLLIN, io_now_ms() + 5000, &why))
        _exit(2);
    const int fd = accept(listener, NULL, NULL);
    if (!stream_read(fd, got, expected.len, io_now_ms() + 5000, &why) ||
        !bytes_equal((struct bytes){ got, expected.len }, expected))
        _exit(3);
    _exit(stream_write(fd, answer, io_now_ms() + 5000, &why) ? 0 : 4);
}

static void peer_ends_well(pid_t child)
{
    int status = -1;
    CHECK(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* Listens on `listen`, connects to `connect_to` (the same unless given), exchanges a word each way. */
static void words_are_exchanged(const char *text)
{
    struct endpoint endpoint;
    struct fault why = { 0 };
    uint8_t got[4];
    CHECK(endpoint_read(text, &endpoint, &why));
    const int listener = endpoint_listen(&endpoint, 8, &why);
    CHECK_ROW(why.text, listener >= 0);
    if (endpoint.kind == ENDPOINT_TCP) /* port 0: the kernel's choice */
        CHECK(getsockname(listener, (struct sockaddr *)&endpoint.address, &endpoint.address_len) == 0);
    CHECK((fcntl(listener, F_GETFL) & O_NONBLOCK) != 0 && (fcntl(listener, F_GETFD) & FD_CLOEXEC) != 0);

    const pid_t peer = start_peer(listener, BYTES_LIT("ping"), BYTES_LIT("pong"));
    const int fd = endpoint_connect(&endpoint, io_now_ms() + 5000, &why);
    CHECK_ROW(why.text, fd >= 0);
    CHECK((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0 && (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    int no_delay = 0;
    socklen_t len = sizeof no_delay;
    if (endpoint.kind == ENDPOINT_TCP)
        CHECK(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &no_delay, &len) == 0 && no_delay != 0);
    CHECK(stream_write(fd, BYTES_LIT("ping"), io_now_ms() + 5000, &why));
    CHECK(stream_read(fd, got, sizeof got, io_now_ms() + 5000, &why) && memcmp(got, "pong", 4) == 0);
    peer_ends_well(peer);
    (void)close(fd);
    (void)close(listener);
}

static void sockets_of_each_kind_reach_their_peer(void)
{
    words_are_exchanged("tcp://127.0.0.1:0");
    words_are_exchanged(path_text("unix:%s/%s", "peer"));
    words_are_exchanged(path_text("unix:%s/%s", "peer")); /* over the stale socket of the line before */
}

static void a_tcp_port_can_be_listened_on_again_at_once(void)
{
    struct endpoint endpoint;
    struct fault why = { 0 };
    CHECK(endpoint_read("tcp://127.0.0.1:0", &endpoint, &why));
    for (unsigned round = 0; round < 2; round++) {
        const int listener = endpoint_listen(&endpoint, 8, &why);
        CHECK_ROW(why.text, listener >= 0);
        CHECK(getsockname(listener, (struct sockaddr *)&endpoint.address, &endpoint.address_len) == 0);
        const int fd = endpoint_connect(&endpoint, io_now_ms() + 5000, &why);
        const int accepted = accept(listener, NULL, NULL);
        CHECK(fd >= 0 && accepted >= 0);
        (void)close(accepted); /* the listener's side closes first, and its port stays in TIME_WAIT */
        (void)close(fd);
        (void)close(listener);
    }
}

static void only_a_stale_unix_socket_is_replaced(void)
{
    struct endpoint endpoint;
    struct fault why = { 0 };
    CHECK(endpoint_read(path_text("unix:%s/%s", "busy"), &endpoint, &why));
    const int first = endpoint_listen(&endpoint, 8, &why);
    CHECK(first >= 0 && endpoint_listen(&endpoint, 8, &why) == -1 && why.code == FAULT_INTERNAL);
    CHECK(strstr(why.text, "Address already in use") != NULL);
    const int fd = endpoint_connect(&endpoint, io_now_ms() + 5000, &why);
    CHECK(fd >= 0);
    (void)close(fd);
    (void)close(first);

    const char *file = path_text("%s/%s", "file");
    const int plain = open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    struct stat status;
    CHECK(plain >= 0 && endpoint_read(path_text("unix:%s/%s", "file"), &endpoint, &why));
    CHECK(endpoint_listen(&endpoint, 8, &why) == -1 && stat(file, &status) == 0 && S_ISREG(status.st_mode));
    (void)close(plain);
}

static void what_cannot_be_listened_on_says_why(void)
{
    struct endpoint endpoint;
    struct fault why = { 0 };
    CHECK(endpoint_read(path_text("unix:%s/%s/socket", "no-folder"), &endpoint, &why));
    CHECK(endpoint_listen(&endpoint, 8, &why) == -1 && why.code == FAULT_INTERNAL);
    CHECK(strstr(why.text, "No such file") != NULL && strstr(why.text, endpoint.text) != NULL);
    CHECK(endpoint_read("tcp://127.0.0.1:0", &endpoint, &why));
    const int listener = endpoint_listen(&endpoint, 8, &why);
    CHECK(getsockname(listener, (struct sockaddr *)&endpoint.address, &endpoint.address_len) == 0);
    CHECK(endpoint_listen(&endpoint, 8, &why) == -1 && strstr(why.text, "Address already in use") != NULL);
    (void)close(listener);
}

static void vsock_over_a_unix_socket_shakes_hands(void)
{
    static const struct {
        const char *reason;
        struct bytes answer;
        bool connected;
    } rows[] = {
        { "accepted", BYTES_INIT("OK 1073741824\n"), true },
        { "closed without an answer", BYTES_INIT(""), false },
        { "closed in the middle", BYTES_INIT("OK 10"), false },
        { "another word", BYTES_INIT("NO 10\n"), false },
        { "no number", BYTES_INIT("OK \n"), false },
        { "a line without an end", BYTES_INIT("OK 111111111111111111111111111111111111"), false },
    };
    struct endpoint server, client;
    struct fault why = { 0 };
    CHECK(endpoint_read(path_text("unix:%s/%s", "vsock"), &server, &why));
    CHECK(endpoint_read(path_text("vsock+unix:%s/%s:5000", "vsock"), &client, &why));
    CHECK(endpoint_listen(&client, 8, &why) == -1 && why.code == FAULT_INPUT);
    const int listener = endpoint_listen(&server, 8, &why);
    CHECK(listener >= 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const pid_t peer = start_peer(listener, BYTES_LIT("CONNECT 5000\n"), rows[i].answer);
        const int fd = endpoint_connect(&client, io_now_ms() + 5000, &why);
        CHECK_ROW(rows[i].reason, (fd >= 0) == rows[i].connected);
        CHECK_ROW(rows[i].reason, fd >= 0 || why.code == FAULT_REMOTE);
        peer_ends_well(peer);
        if (fd >= 0)
            (void)close(fd);
    }
    (void)close(listener);
}

static void what_cannot_be_reached_says_why(void)
{
    struct endpoint endpoint;
    struct fault why = { 0 };
    CHECK(endpoint_read(path_text("unix:%s/%s", "nobody"), &endpoint, &why));
    CHECK(endpoint_connect(&endpoint, io_now_ms() + 5000, &why) == -1 && why.code == FAULT_REMOTE);
    CHECK(strstr(why.text, "No such file") != NULL && strstr(why.text, endpoint.text) != NULL);
    CHECK(endpoint_read("vsock://any:5000", &endpoint, &why));
    CHECK(endpoint_connect(&endpoint, io_now_ms() + 5000, &why) == -1 && why.code == FAULT_INPUT);
    /* nobody has this CID, whether or not this machine has vsock */
    CHECK(endpoint_read("vsock://4294967294:5000", &endpoint, &why));
    CHECK(endpoint_connect(&endpoint, io_now_ms() + 100, &why) == -1 && why.code != FAULT_INPUT);
    CHECK(strstr(why.text, endpoint.text) != NULL);

    /* a port that was free a moment ago */
    CHECK(endpoint_read("tcp://127.0.0.1:0", &endpoint, &why));
    const int listener = endpoint_listen(&endpoint, 8, &why);
    CHECK(getsockname(listener, (struct sockaddr *)&endpoint.address, &endpoint.address_len) == 0);
    (void)close(listener);
    CHECK(endpoint_connect(&endpoint, io_now_ms() + 5000, &why) == -1 && why.code == FAULT_REMOTE);
    CHECK(strstr(why.text, "Connection refused") != NULL);
}

static void a_full_backlog_is_waited_for_until_the_deadline(void)
{
    struct endpoint endpoint;
    struct fault why = { 0 };
    int fds[8];
    size_t count = 0;
    CHECK(endpoint_read(path_text("unix:%s/%s", "full"), &endpoint, &why));
    const int listener = endpoint_listen(&endpoint, 0, &why);
    const uint64_t before = io_now_ms();
    while (count < 8) {
        const int fd = endpoint_connect(&endpoint, io_now_ms() + 50, &why);
        if (fd < 0)
            break;
        fds[count++] = fd;
    }
    CHECK(listener >= 0 && count > 0 && count < 8 && why.code == FAULT_REMOTE);
    CHECK(strstr(why.text, "in time") != NULL && io_now_ms() - before >= 50);
    CHECK(endpoint_listen(&endpoint, 8, &why) == -1); /* full, not stale */
    CHECK(access(path_text("%s/%s", "full"), F_OK) == 0);
    while (count > 0)
        (void)close(fds[--count]);
    (void)close(listener);
}

int main(void)
{
    if (mkdtemp(folder) == NULL)
        return 1;
    endpoints_are_read_to_addresses();
    what_is_no_endpoint_is_refused_with_its_text();
    sockets_of_each_kind_reach_their_peer();
    a_tcp_port_can_be_listened_on_again_at_once();
    only_a_stale_unix_socket_is_replaced();
    what_cannot_be_listened_on_says_why();
    vsock_over_a_unix_socket_shakes_hands();
    what_cannot_be_reached_says_why();
    a_full_backlog_is_waited_for_until_the_deadline();
    static const char *const names[] = { "peer", "busy", "file", "vsock", "full" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        (void)unlink(path_text("%s/%s", names[i]));
    CHECK(rmdir(folder) == 0);
    return failures != 0;
}
