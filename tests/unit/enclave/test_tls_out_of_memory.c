/* The process of an exchange when libcrypto and libssl are refused memory: its verdict is a refusal or the true answer,
 * and a server that is not believed with all the memory there is, is never believed with less. The exchange runs in a
 * process of its own, as it does in ensignd; this one is the server. */
#include "failing_memory.h"

#include "check.h"
#include "dev/test_pki.h"
#include "enclave/tls_exchange.h"
#include "io/stream.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>

enum {
    STEP = 29, /* an exchange asks 5,000 times, mostly for the same */
    PATIENCE_MS = 5000,
    HOUR = 3600,
    KILLED = TLS_VERDICTS, /* in place of a verdict */
    LIED,
};

#define NOW_S ((uint64_t)1795359600) /* 2026-11-22T15:00:00Z */
#define HOST  "kms.us-east-2.amazonaws.com"

static const struct bytes answer = BYTES_INIT("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");

static SSL_CTX *server_of(const struct identity *ca, const char *names, struct identity *server)
{
    const struct identity_plan plan = { .curve = "P-256",
                                        .not_before_s = NOW_S - HOUR,
                                        .not_after_s = NOW_S + HOUR,
                                        .subject = { { "CN", "a server" } },
                                        .extensions = { { NID_basic_constraints, "critical,CA:FALSE" },
                                                        { NID_ext_key_usage, "serverAuth" },
                                                        { NID_subject_alt_name, names } } };
    struct fault why;
    must(identity_make(&plan, ca, server, &why));
    SSL_CTX *const context = SSL_CTX_new(TLS_server_method());
    must(context != NULL && SSL_CTX_use_certificate(context, server->certificate) == 1 &&
         SSL_CTX_use_PrivateKey(context, server->key) == 1);
    return context;
}

static void make_ca(struct identity *ca)
{
    const struct identity_plan plan = { .curve = "P-256",
                                        .not_before_s = NOW_S - HOUR,
                                        .not_after_s = NOW_S + HOUR,
                                        .subject = { { "CN", "a root" } },
                                        .extensions = { { NID_basic_constraints, "critical,CA:TRUE" },
                                                        { NID_subject_key_identifier, "hash" } } };
    struct fault why;
    must(identity_make(&plan, NULL, ca, &why));
}

/* Never returns. */
static void be_the_exchange(int stream, struct bytes roots, struct memory_trial *trial)
{
    static uint8_t response[TLS_RESPONSE_MAX];
    const struct tls_order order = { .host = HOST, .utc_ms = NOW_S * 1000, .deadline_ms = io_now_ms() + PATIENCE_MS };
    size_t len = 0;
    memory_arm(trial);
    const enum tls_verdict verdict =
        tls_exchange(stream, &order, roots, BYTES_LIT("POST / HTTP/1.1\r\n\r\n"), response, sizeof response, &len);
    memory_disarm(trial);
    const bool lied = verdict == TLS_DONE && !bytes_equal((struct bytes){ response, len }, answer);
    _exit((lied ? LIED : (int)verdict) | (trial->succeeded ? 0x40 : 0));
}

static void be_the_server(SSL_CTX *context, int stream)
{
    SSL *const ssl = SSL_new(context);
    char request[64];
    must(ssl != NULL && SSL_set_fd(ssl, stream) == 1);
    if (SSL_accept(ssl) == 1 && SSL_read(ssl, request, sizeof request) > 0)
        (void)!SSL_write(ssl, answer.data, (int)answer.len);
    SSL_free(ssl);
    ERR_clear_error();
}

static int verdict_of(SSL_CTX *context, struct bytes roots, struct memory_trial *trial)
{
    int pair[2], status = 0;
    const struct timeval patience = { .tv_sec = PATIENCE_MS / 1000 };
    must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    const pid_t pid = fork();
    must(pid >= 0);
    if (pid == 0) {
        close(pair[0]);
        be_the_exchange(pair[1], roots, trial);
    }
    close(pair[1]);
    must(setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0);
    be_the_server(context, pair[0]);
    close(pair[0]);
    must(waitpid(pid, &status, 0) == pid);
    trial->succeeded = WIFEXITED(status) && (WEXITSTATUS(status) & 0x40) != 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) & 0x3f : KILLED;
}

static void every_refusal(const char *name, SSL_CTX *context, struct bytes roots, enum tls_verdict wanted)
{
    struct memory_trial trial = { 0 }, all_there_is = { .n = UINT_MAX };
    unsigned refusals = 0, killed = 0, worst = 0;
    CHECK_ROW(name, verdict_of(context, roots, &all_there_is) == (int)wanted);
    while (memory_next(&trial)) {
        const int verdict = verdict_of(context, roots, &trial);
        CHECK_ROW(name, verdict != LIED && (wanted == TLS_DONE || verdict != TLS_DONE));
        CHECK_ROW(name, !trial.succeeded || verdict == (int)wanted);
        refusals += verdict != TLS_DONE;
        killed += verdict == KILLED;
        worst = trial.n > worst ? trial.n : worst;
        trial.n += trial.succeeded ? 0 : STEP - 1;
    }
    CHECK_ROW(name, refusals > 20 && killed == 0);
    printf("%s: %u refusals, memory asked for %u times at least\n", name, refusals, worst - STEP);
}

int main(void)
{
    memory_start();
    signal(SIGPIPE, SIG_IGN);
    static struct identity ca, foreign, good, strange, misnamed;
    make_ca(&ca);
    make_ca(&foreign);
    BIO *const pem = BIO_new(BIO_s_mem());
    char *text = NULL;
    must(pem != NULL && PEM_write_bio_X509(pem, ca.certificate) == 1);
    const long len = BIO_get_mem_data(pem, &text);
    const struct bytes roots = { (const uint8_t *)text, (size_t)len };
    SSL_CTX *const contexts[] = { server_of(&ca, "DNS:" HOST, &good), server_of(&foreign, "DNS:" HOST, &strange),
                                  server_of(&ca, "DNS:kms.us-west-2.amazonaws.com", &misnamed) };
    every_refusal("KMS", contexts[0], roots, TLS_DONE);
    every_refusal("a foreign root", contexts[1], roots, TLS_UNTRUSTED);
    every_refusal("another host", contexts[2], roots, TLS_WRONG_NAME);
    for (size_t i = 0; i < sizeof contexts / sizeof *contexts; i++)
        SSL_CTX_free(contexts[i]);
    BIO_free(pem);
    struct identity *const all[] = { &ca, &foreign, &good, &strange, &misnamed };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        identity_free(all[i]);
    return failures != 0;
}
