/* ensignd: puts the parts together, serves until told to stop or until the lease has ended, and wipes the key. */
#include "core/codec/json.h"
#include "core/signer/signer.h"
#include "enclave/block.h"
#include "enclave/entropy.h"
#include "enclave/key_page.h"
#include "enclave/options.h"
#include "enclave/sandbox.h"
#include "enclave/sandbox_calls.h"
#include "enclave/settings_file.h"
#include "enclave/trust_roots.h"
#include "enclave/world.h"
#include "io/log.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum exit_code { EXIT_STOPPED = 0, EXIT_UNUSABLE = 2, EXIT_LEASE_ENDED = 3 };

enum {
    PROGRAM_MEMORY = 256 << 20, /* bytes of address space: the program, settings, libcrypto's heap, fragments */
    THREAD_MEMORY = 2 * WORKER_STACK,
    CONNECTION_MEMORY = 4096,  /* its place, and a small frame that malloc rounds up */
    HEAP_MAPS_FROM = 64 << 10, /* bytes; larger blocks go back to the kernel when freed, so no flood leaves its mark */
};

static struct settings settings; /* with a policy of 16,384 recipients too large for a stack */
static struct world world;
static struct key_page key_page;

/* Only the slow thread provisions and tends, so only it comes here. Once a key is there, no thread or process is made
 * and no memory's protection changes any more. */
static void tighten_once_provisioned(struct signer *signer)
{
    static bool is_tight;
    struct fault why;
    if (is_tight || !signer_is_provisioned(signer))
        return;
    const struct sandbox_reach reach = world_reach(&world);
    must(sandbox_filter(SANDBOX_SIGNER, &reach, &why));
    is_tight = true;
}

static enum service_turn answer_request(void *signer, struct bytes request, enum service_pace pace, struct arena *arena,
                                        struct writer *answer)
{
    static const enum signer_pace paces[] = {
        [SERVICE_QUICK] = SIGNER_QUICK,
        [SERVICE_MAY_WAIT] = SIGNER_MAY_WAIT,
        [SERVICE_MAY_BE_SLOW] = SIGNER_MAY_BE_SLOW,
    };
    switch (signer_answer(signer, request, paces[pace], arena, answer)) {
    case SIGNER_ANSWERED:
        if (pace == SERVICE_MAY_BE_SLOW)
            tighten_once_provisioned(signer); /* before anybody hears that there is a key */
        return SERVICE_ANSWERED;
    case SIGNER_WAITS:
        return SERVICE_WAITS;
    case SIGNER_IS_SLOW:
        return SERVICE_IS_SLOW;
    }
    must_fail();
}

static void tend(void *signer)
{
    tighten_once_provisioned(signer); /* a key from a file was there from the start */
    signer_tend(signer);
}

static bool ended(void *signer)
{
    return signer_lease_ended(signer);
}

static int unusable(const struct fault *why)
{
    log_line(LOG_LINE_ERROR, "%s", why->text);
    return EXIT_UNUSABLE;
}

/* By affinity, because the C library's own way reads files. */
static unsigned count_cores(void)
{
    cpu_set_t cores;
    if (sched_getaffinity(0, sizeof cores, &cores) != 0)
        return 1;
    const int count = CPU_COUNT(&cores);
    return count < 1 ? 1 : count > WORKERS_MAX ? WORKERS_MAX : (unsigned)count;
}

/* A program started without standard streams would get its sockets in their place, and log into them. An epoll
 * descriptor refuses to be read or written, and needs no file. */
static void fill_standard_streams(void)
{
    int fd = epoll_create1(EPOLL_CLOEXEC);
    while (fd >= 0 && fd <= STDERR_FILENO)
        fd = epoll_create1(EPOLL_CLOEXEC);
    must(fd >= 0);
    close(fd);
}

static void prepare_process(void)
{
    fill_standard_streams();
    clearenv(); /* no library may find anything there */
    log_name("ensignd");
    mallopt(M_ARENA_MAX, 1);
    mallopt(M_MMAP_THRESHOLD, HEAP_MAPS_FROM);
    mallopt(M_TRIM_THRESHOLD, HEAP_MAPS_FROM);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_IGN); /* the kernel buries the TLS process, and whom PID 1 inherits */
    must(OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL) == 1);
}

static bool read_settings(const struct options *options, struct fault *why)
{
    if (options->settings == NULL && options->insecure_key_file != NULL)
        return settings_read(BYTES_LIT("{\"mode\":\"open\"}"), &settings, why);
    return settings_file_read(options->settings != NULL ? options->settings : SETTINGS_FILE_DEFAULT, &settings, why);
}

static bool start_tls(struct fault *why)
{
    const struct bytes custom = { (const uint8_t *)settings.trust_roots, settings.trust_roots_len };
    if (settings.trust_roots_len == 0)
        return tls_child_start(&world.tls, AMAZON_TRUST_ROOTS, why);
    log_line(LOG_LINE_WARN, "KMS is trusted by the settings' kms_trust_roots, not by Amazon's roots");
    return tls_child_start(&world.tls, custom, why) || fault_prefix(why, "the settings' kms_trust_roots: ");
}

static bool open_nsm(const struct options *options, struct fault *why)
{
    const bool there = access(NSM_DEVICE_PATH, F_OK) == 0;
    if (options->insecure_key_file != NULL && (options->nsm != NULL || there))
        return fault_set(why, FAULT_INPUT,
                         "--insecure-key-file is for wiring tests without an NSM, and %s: an NSM's documents must not "
                         "vouch for a key from a file",
                         options->nsm != NULL ? "--nsm is given" : NSM_DEVICE_PATH " is here");
    if (options->nsm == NULL && !there) {
        log_line(LOG_LINE_WARN, "no NSM: nothing can be provisioned or attested here");
        return true;
    }
    return nsm_device_open(&world.nsm, options->nsm != NULL ? options->nsm : NSM_DEVICE_PATH, why);
}

static struct signer *start_signer(const struct outside *outside, struct fault *why)
{
    if (!key_page_open(&key_page, why))
        return NULL;
    void *const memory =
        mmap(NULL, signer_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); /* mostly untouched */
    if (memory == MAP_FAILED) {
        fault_set(why, FAULT_INTERNAL, "no memory for the signer's state");
        return NULL;
    }
    madvise(memory, signer_size(), MADV_DONTDUMP);
    madvise(memory, signer_size(), MADV_NOHUGEPAGE);
    return signer_start(memory, &settings, outside, key_page.page, key_page.len, ENSIGN_VERSION);
}

#ifdef ENSIGN_INSECURE_KEY
static bool load_insecure_key(struct signer *signer, const char *path, struct fault *why)
{
    WIPED_TEXT struct secret_text key = { 0 };
    if (!settings_file_load(path, key.bytes, sizeof key.bytes, &key.len, why) ||
        !signer_load_insecure_key(signer, &key, why))
        return fault_prefix(why, "--insecure-key-file: ");
    log_line(LOG_LINE_WARN, "the key comes from a file: for wiring tests only");
    return true;
}
#endif

/* Prints what the original prints, which its operators' scripts wait for. */
static void print_banner(const struct service *service, const struct options *options)
{
    struct block arena_block = { 0 }, answer_block = { 0 };
    must(block_grow(&arena_block, service->arena_bytes) && block_grow(&answer_block, service->answer_max));
    struct arena arena = arena_of(arena_block.data, arena_block.cap);
    struct writer out = writer_of(answer_block.data, answer_block.cap);
    const enum service_turn turn =
        service->answer(service->context, BYTES_LIT("{\"method\":\"address\"}"), SERVICE_QUICK, &arena, &out);
    struct bytes text, address = BYTES_LIT("None");
    struct json value;
    struct fault why;
    must(turn == SERVICE_ANSWERED && writer_done(&out, &text) && json_read(text, &value, &why));
    const struct json result = json_member(value, BYTES_LIT("result"));
    if (json_kind(result) == JSON_OBJECT)
        must(json_plain_string(json_member(result, BYTES_LIT("address")), &address));
    for (unsigned i = 0; i < options->listen_count; i++)
        printf("[enclave-signer] listening on %s address=%.*s\n", options->listen[i].text, (int)address.len,
               (const char *)address.data);
    fflush(stdout);
    block_free(&arena_block);
    block_free(&answer_block);
}

/* All that will ever be mapped: buffers twice over, since a growing one stands beside the one it grows from. */
static size_t memory_for(const struct server_config *config)
{
    const size_t a_thread = config->service->arena_bytes + config->service->answer_max + THREAD_MEMORY;
    return PROGRAM_MEMORY + signer_size() + (config->workers + 1) * a_thread +
           2 * (size_t)config->limits.buffered_bytes + config->limits.connections * (size_t)CONNECTION_MEMORY;
}

static int serve(struct signer *signer, const struct options *options)
{
    const struct service service = { .context = signer,
                                     .answer = answer_request,
                                     .put_fault = signer_put_fault,
                                     .tend = tend,
                                     .ended = ended,
                                     .arena_bytes = SIGNER_ARENA,
                                     .answer_max = SIGNER_ANSWER_MAX };
    struct server_config config = { .service = &service,
                                    .limits = settings.limits,
                                    .listener_count = options->listen_count,
                                    .workers = options->workers != 0 ? options->workers : count_cores() };
    struct fault why = { 0 };
    if (!sandbox_allow_files(settings.limits.connections + SERVER_SPARE_FILES, &why))
        return unusable(&why);
    for (unsigned i = 0; i < options->listen_count; i++) {
        config.listeners[i] = endpoint_listen(&options->listen[i], SOMAXCONN, &why);
        if (config.listeners[i] < 0)
            return unusable(&why);
    }
    sigset_t stopping;
    sigemptyset(&stopping);
    sigaddset(&stopping, SIGTERM);
    sigaddset(&stopping, SIGINT);
    must(sigprocmask(SIG_BLOCK, &stopping, NULL) == 0); /* here and in every thread to come */
    config.stop_fd = signalfd(-1, &stopping, SFD_NONBLOCK | SFD_CLOEXEC);
    must(config.stop_fd >= 0);
    print_banner(&service, options);
    if (!sandbox_allow_memory(memory_for(&config), &why))
        return unusable(&why);
    const struct sandbox_reach reach = world_reach(&world);
    if (!SANDBOX_IS_FILTERED)
        log_line(LOG_LINE_WARN, "this build has a sanitizer, so system calls are not filtered");
    if (!sandbox_filter(SANDBOX_SIGNER_START, &reach, &why))
        return unusable(&why);
    switch (server_run(&config, &why)) {
    case SERVER_STOPPED:
        log_line(LOG_LINE_INFO, "stopped");
        return EXIT_STOPPED;
    case SERVER_SERVICE_ENDED:
        log_line(LOG_LINE_WARN, "the lease has ended: the key is wiped. Start again and provision to go on signing");
        return EXIT_LEASE_ENDED;
    case SERVER_FAILED:
        break;
    }
    return unusable(&why);
}

static int run(const struct options *options)
{
    struct fault why = { 0 };
    if (!sandbox_enter(&why) || !read_settings(options, &why))
        return unusable(&why);
    if (!start_tls(&why)) /* before there are threads or secrets */
        return unusable(&why);
    if (!open_nsm(options, &why) || !entropy_start(&world.nsm, &why))
        return unusable(&why);
    world.has_kms_stream = options->has_kms_stream;
    world.kms_stream = options->kms_stream;
    world.parent_cid = options->parent_cid;
    const struct outside outside = world_outside(&world);
    struct signer *const signer = start_signer(&outside, &why);
    if (signer == NULL)
        return unusable(&why);
#ifdef ENSIGN_INSECURE_KEY
    if (options->insecure_key_file != NULL && !load_insecure_key(signer, options->insecure_key_file, &why))
        return unusable(&why);
#endif
    return serve(signer, options);
}

int main(int argc, char **argv)
{
    prepare_process();
    struct options options;
    struct fault why = { 0 };
    if (!options_read(argc, argv, &options, &why))
        return unusable(&why);
    int code = EXIT_STOPPED;
    switch (options.kind) {
    case OPTIONS_HELP:
        fputs(OPTIONS_HELP_TEXT, stdout);
        break;
    case OPTIONS_VERSION:
        puts("ensignd " ENSIGN_VERSION);
        break;
    case OPTIONS_RUN:
        code = run(&options);
        break;
    }
    fflush(stdout);
    /* Wiped, not unmapped, and left without cleaning up: a thread may still wait for KMS. */
    if (key_page.page != NULL)
        wipe(key_page.page, key_page.len);
    _exit(code);
}
