/* ensign-kmstool: one order to KMS from inside an enclave, its answer opened and printed. For programs that use
 * kmstool_enclave_cli; ensignd does not need it. */
#include "core/base/text.h"
#include "core/kms/unseal.h"
#include "enclave/entropy.h"
#include "enclave/sandbox.h"
#include "enclave/trust_roots.h"
#include "enclave/world.h"
#include "io/log.h"
#include "io/stream.h"
#include "kmstool/credentials.h"
#include "kmstool/options.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum exit_code { EXIT_DONE = 0, EXIT_ARGUMENTS = 1, EXIT_REMOTE = 255 };

enum {
    OPTIONS_ARENA = 4 * KMS_CONTEXT_TEXT_MAX + KMS_CIPHERTEXT_MAX,
    TRUST_ROOTS_MAX = 65536,
    OUTPUT_MAX = (KMS_CIPHERTEXT_MAX + SECRET_TEXT_MAX) / 3 * 4 + 64, /* both in base64, with their labels */
};

static struct world world;

static int failed(const struct fault *why)
{
    log_line(LOG_LINE_ERROR, "%s", why->text);
    return why->code == FAULT_INPUT ? EXIT_ARGUMENTS : EXIT_REMOTE;
}

/* A plaintext must not go where a socket took the place of a closed standard output. */
static bool standard_streams_are_open(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            return false;
    return true;
}

static bool load(const char *path, uint8_t *into, size_t cap, size_t *len, struct fault *why)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : 1;
    for (*len = 0; got > 0 && *len<cap; *len += got> 0 ? (size_t)got : 0)
        got = read(fd, into + *len, cap - *len);
    const int error = errno;
    if (fd >= 0)
        close(fd);
    if (got < 0)
        return fault_set(why, FAULT_INPUT, "--trust-roots: %.200s: %s", path, strerror(error));
    return *len < cap || fault_set(why, FAULT_INPUT, "--trust-roots: %.200s has more than %zu bytes", path, cap - 1);
}

static bool start_tls(const struct kmstool_options *options, struct fault *why)
{
    static uint8_t roots[TRUST_ROOTS_MAX];
    size_t len;
    if (options->trust_roots == NULL)
        return tls_child_start(&world.tls, AMAZON_TRUST_ROOTS, why);
    return load(options->trust_roots, roots, sizeof roots, &len, why) &&
           (tls_child_start(&world.tls, (struct bytes){ roots, len }, why) || fault_prefix(why, "--trust-roots: "));
}

static bool open_nsm(const struct kmstool_options *options, struct fault *why)
{
    if (nsm_device_open(&world.nsm, options->nsm != NULL ? options->nsm : NSM_DEVICE_PATH, why))
        return true;
    if (options->nsm == NULL || strcmp(options->nsm, NSM_DEVICE_PATH) == 0)
        why->code = FAULT_REMOTE; /* the machine lacks it: nothing is wrong with the words */
    return false;
}

static bool ask(const struct kmstool_options *options, const struct aws_credentials *credentials,
                struct secret_text *plaintext, struct unseal_answer *answer, struct fault *why)
{
    static uint8_t room[UNSEAL_ARENA_MAX];
    struct arena arena = arena_of(room, sizeof room);
    const struct outside outside = world_outside(&world);
    struct rsa_key recipient;
    if (!rsa_key_make(&recipient, why))
        return false;
    const struct unseal_order order = {
        .region = options->region,
        .proxy_port = options->proxy_port,
        .credentials = credentials,
        .key_id = options->key_id,
        .algorithm = options->algorithm,
        .context = options->context,
        .wanted_len = options->wanted_len,
        .deadline_ms = io_now_ms() + options->timeout_ms,
    };
    bool done = false;
    if (options->operation == KMSTOOL_DECRYPT)
        done = unseal_decrypt(&outside, &order, options->ciphertext, &recipient, &arena, plaintext, answer, why);
    else if (options->operation == KMSTOOL_GENKEY)
        done = unseal_generate(&outside, &order, &recipient, &arena, plaintext, answer, why);
    else
        done = unseal_random(&outside, &order, &recipient, &arena, plaintext, answer, why);
    arena_wipe(&arena);
    return done;
}

static bool print(const struct kmstool_options *options, const struct secret_text *plaintext,
                  const struct unseal_answer *answer, struct fault *why)
{
    static uint8_t text[OUTPUT_MAX];
    struct writer out = writer_of(text, sizeof text);
    struct bytes written;
    if (options->operation == KMSTOOL_GENKEY) {
        writer_text(&out, "CIPHERTEXT: ");
        text_put_base64(&out, (struct bytes){ answer->ciphertext, answer->ciphertext_len });
        writer_text(&out, "\n");
    }
    writer_text(&out, "PLAINTEXT: ");
    text_put_base64(&out, secret_text_view(plaintext));
    writer_text(&out, "\n");
    must(writer_done(&out, &written));
    size_t done = 0;
    while (done < written.len) {
        const ssize_t wrote = write(STDOUT_FILENO, written.data + done, written.len - done);
        if (wrote > 0)
            done += (size_t)wrote;
        else if (errno != EINTR)
            break;
    }
    wipe(text, sizeof text);
    return done == written.len || fault_set(why, FAULT_INTERNAL, "standard output: %s", strerror(errno));
}

/* The TLS process is started after the credentials are in their page, and finds that page empty. */
static int run(const struct kmstool_options *options)
{
    struct fault why = { 0 };
    struct aws_credentials *const credentials = credentials_page();
    WIPED_TEXT struct secret_text plaintext = { .len = 0 };
    struct unseal_answer answer = { .utc_ms = 0 };
    if (credentials == NULL)
        fault_set(&why, FAULT_INTERNAL, "no memory for the credentials");
    const bool done = credentials != NULL && sandbox_enter(&why) && credentials_read(options, credentials, &why) &&
                      start_tls(options, &why) && open_nsm(options, &why) && entropy_start(&world.nsm, &why) &&
                      ask(options, credentials, &plaintext, &answer, &why) && print(options, &plaintext, &answer, &why);
    if (credentials != NULL)
        aws_credentials_wipe(credentials);
    return done ? EXIT_DONE : failed(&why);
}

int main(int argc, char **argv)
{
    static uint8_t room[OPTIONS_ARENA];
    struct arena arena = arena_of(room, sizeof room);
    struct kmstool_options options;
    struct fault why = { 0 };
    if (!standard_streams_are_open())
        _exit(EXIT_ARGUMENTS);
    log_name("ensign-kmstool");
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_IGN);
    must(OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL) == 1);
    if (!kmstool_options_read(argc, argv, &arena, &options, &why)) {
        failed(&why);
        return EXIT_ARGUMENTS;
    }
    if (options.operation == KMSTOOL_HELP)
        return fputs(KMSTOOL_HELP_TEXT, stdout) < 0 ? EXIT_REMOTE : EXIT_DONE;
    if (options.operation == KMSTOOL_VERSION)
        return puts("ensign-kmstool " ENSIGN_VERSION) < 0 ? EXIT_REMOTE : EXIT_DONE;
    world.has_kms_stream = options.has_kms_stream;
    world.kms_stream = options.kms_stream;
    world.parent_cid = options.parent_cid;
    return run(&options);
}
