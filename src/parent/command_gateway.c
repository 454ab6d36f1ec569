/* gateway: the flags, and the one process that it is. */
#include "core/eth/address.h"
#include "io/log.h"
#include "parent/command.h"
#include "parent/gateway_http.h"
#include "parent/http_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

static const struct flag flags[] = {
    { .name = "endpoint",
      .value = "ENDPOINT",
      .help = "a signer: vsock://CID:PORT, tcp://HOST:PORT, unix:PATH or vsock+unix:PATH:PORT; $ENSIGN_ENDPOINT when "
              "none is given",
      .repeats = true },
    { .name = "listen", .value = "HOST:PORT|unix:PATH", .help = "where to serve HTTP (default 127.0.0.1:9000)" },
    { .name = "address", .value = "0xADDRESS", .help = "whose signatures are passed on; else the first signer's" },
    { .name = "chain-id", .value = "N", .help = "the chain, when the signer has no policy that names it" },
    { .name = "upstream",
      .value = "URL",
      .help = "an Ethereum node for reads and sending; $ENSIGN_UPSTREAM when not given" },
    { .name = "timeout", .value = "SECONDS", .help = "wait so long for a signer (default 4, at most 600)" },
    { .name = "allow-host",
      .value = "NAME",
      .help = "a Host header to take beside the loopback's names",
      .repeats = true },
    { .name = "allow-origin", .value = "ORIGIN", .help = "an Origin header to take", .repeats = true },
    { .name = "allow-remote", .help = "listen beyond the loopback; needs a client CA or a token" },
    { .name = "token-file", .value = "FILE", .help = "holds the bearer token that every request must bring" },
    { .name = "tls-certificate", .value = "FILE", .help = "PEM chain: serve HTTPS" },
    { .name = "tls-key", .value = "FILE", .help = "PEM key of that certificate" },
    { .name = "tls-client-ca", .value = "FILE", .help = "PEM: clients must show a certificate that leads here" },
};

static struct gateway gateway;
static struct eth_node node;

static bool add_endpoint(const char *text, struct fault *why)
{
    struct gateway_signers *const signers = &gateway.signers;
    if (signers->endpoint_count == GATEWAY_ENDPOINTS_MAX)
        return fault_set(why, FAULT_INPUT, "more than %d endpoints", GATEWAY_ENDPOINTS_MAX);
    return endpoint_read(text, &signers->endpoints[signers->endpoint_count++].endpoint, why);
}

static bool read_signers(const struct arguments *arguments, struct fault *why)
{
    size_t at = 0;
    uint64_t seconds = 4, chain = 0;
    struct gateway_signers *const signers = &gateway.signers;
    const char *const given = getenv("ENSIGN_ENDPOINT"), *const address = argument(arguments, "address");
    for (const char *text; (text = argument_next(arguments, "endpoint", &at)) != NULL;)
        if (!add_endpoint(text, why))
            return false;
    if (signers->endpoint_count == 0 && given != NULL && given[0] != '\0' && !add_endpoint(given, why))
        return false;
    if (signers->endpoint_count == 0)
        return fault_set(why, FAULT_INPUT, "no signer named; give --endpoint vsock://CID:5000, or set ENSIGN_ENDPOINT");
    if (!argument_u64(arguments, "timeout", 1, SIGNER_TIMEOUT_MAX_S, &seconds, why) ||
        !argument_u64(arguments, "chain-id", 1, UINT64_MAX, &chain, why))
        return false;
    signers->timeout_ms = seconds * 1000;
    signers->has_chain = chain != 0;
    signers->chain = u256_of(chain);
    signers->has_address = address != NULL;
    return address == NULL || address_read_unmixed(bytes_of_text(address), &signers->address) ||
           fault_set(why, FAULT_INPUT, "--address: no address (0x and 40 hex digits)");
}

static bool read_names(const struct arguments *arguments, const char *flag, const char **names, size_t *count,
                       struct fault *why)
{
    size_t at = 0;
    for (const char *text; (text = argument_next(arguments, flag, &at)) != NULL;) {
        if (*count == GATEWAY_NAMES_MAX)
            return fault_set(why, FAULT_INPUT, "more than %d of --%s", GATEWAY_NAMES_MAX, flag);
        if (strlen(text) > HTTP_SERVER_ORIGIN_MAX)
            return fault_set(why, FAULT_INPUT, "--%s: more than %d characters", flag, HTTP_SERVER_ORIGIN_MAX);
        names[(*count)++] = text;
    }
    return true;
}

static bool read_upstream(const struct arguments *arguments, struct fault *why)
{
    struct http_url url;
    const char *const given = argument(arguments, "upstream");
    const char *const where = given != NULL ? given : getenv("ENSIGN_UPSTREAM");
    if (where == NULL || where[0] == '\0')
        return true;
    eth_node_start(&node, where);
    gateway.node = &node;
    return http_url_read(where, &url, why) || fault_prefix(why, "--upstream: ");
}

static bool read_token(const struct arguments *arguments, struct fault *why)
{
    char line[GATEWAY_TOKEN_MAX + 2];
    const char *const path = argument(arguments, "token-file");
    if (path == NULL)
        return true;
    FILE *const file = fopen(path, "re");
    if (file == NULL)
        return fault_set(why, FAULT_INPUT,
                         "--token-file: what it names cannot be opened: %s (its name is not repeated: it could be the "
                         "token)",
                         strerror(errno));
    const bool read = fgets(line, sizeof line, file) != NULL;
    (void)fclose(file);
    const size_t len = read ? strcspn(line, "\r\n") : 0;
    if (len < 16 || len > GATEWAY_TOKEN_MAX || strcspn(line, " \t") < len)
        return fault_set(why, FAULT_INPUT, "--token-file: its first line is no token (16 to %d characters, no space)",
                         GATEWAY_TOKEN_MAX);
    memcpy(gateway.token, line, len);
    gateway.token_len = len;
    return true;
}

static bool read_tls(const struct arguments *arguments, struct http_tls **tls, struct fault *why)
{
    const char *const certificate = argument(arguments, "tls-certificate"), *const key = argument(arguments, "tls-key");
    const char *const ca = argument(arguments, "tls-client-ca");
    *tls = NULL;
    if ((certificate == NULL) != (key == NULL) || (certificate == NULL && ca != NULL))
        return fault_set(why, FAULT_INPUT, "--tls-certificate and --tls-key go together, --tls-client-ca with both");
    if (certificate == NULL)
        return true;
    *tls = http_tls_open(certificate, key, ca, why);
    return *tls != NULL;
}

static bool is_local(const struct endpoint *endpoint)
{
    if (endpoint->kind == ENDPOINT_UNIX)
        return true;
    if (endpoint->address.ss_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)&endpoint->address)->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    return endpoint->address.ss_family == AF_INET6 &&
           IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)&endpoint->address)->sin6_addr);
}

static bool read_listen(const struct arguments *arguments, struct endpoint *listen, struct fault *why)
{
    char text[sizeof listen->text];
    const char *const given = argument(arguments, "listen");
    const char *const where = given == NULL ? "127.0.0.1:9000" : given;
    const bool bare = strstr(where, "://") == NULL && strncmp(where, "unix:", 5) != 0;
    const int len = snprintf(text, sizeof text, "%s%s", bare ? "tcp://" : "", where);
    if (len < 0 || (size_t)len >= sizeof text)
        return fault_set(why, FAULT_INPUT, "--listen: too long");
    if (!endpoint_read(text, listen, why))
        return fault_prefix(why, "--listen: ");
    if (is_local(listen))
        return true;
    if (!argument_is_given(arguments, "allow-remote"))
        return fault_set(why, FAULT_INPUT, "--listen: %s is beyond the loopback; --allow-remote allows it", text);
    return gateway.token_len > 0 || argument(arguments, "tls-client-ca") != NULL ||
           fault_set(why, FAULT_INPUT,
                     "--allow-remote needs --tls-client-ca or --token-file: whoever reaches this port "
                     "has what the policy allows signed");
}

static enum exit_code run(const struct arguments *arguments)
{
    struct fault why;
    struct endpoint listen;
    struct http_tls *tls;
    static const struct http_service service = { .wants = gateway_http_wants,
                                                 .answer = gateway_http_answer,
                                                 .make_worker = gateway_http_make_worker,
                                                 .end_worker = gateway_http_end_worker,
                                                 .context = &gateway };
    if (!read_signers(arguments, &why) ||
        !read_names(arguments, "allow-host", gateway.hosts, &gateway.host_count, &why) ||
        !read_names(arguments, "allow-origin", gateway.origins, &gateway.origin_count, &why) ||
        !read_upstream(arguments, &why) || !read_token(arguments, &why) || !read_tls(arguments, &tls, &why) ||
        !read_listen(arguments, &listen, &why))
        return command_misused("gateway", &why);
    signers_start(&gateway.signers);
    nonces_start(&gateway.nonces);
    must(pthread_mutex_init(&gateway.key_lock, NULL) == 0);
    const int listener = endpoint_listen(&listen, 128, &why);
    if (listener < 0)
        return command_failed(EXIT_CODE_INPUT, &why);
    log_name("ensign gateway");
    log_line(LOG_LINE_INFO, "serving %s on %s", tls == NULL ? "HTTP" : "HTTPS", listen.text);
    const bool served = http_serve(listener, tls, &service, &why);
    if (listen.kind == ENDPOINT_UNIX)
        (void)unlink(((const struct sockaddr_un *)&listen.address)->sun_path);
    return served ? EXIT_CODE_DONE : command_failed(EXIT_CODE_INTERNAL, &why);
}

const struct command command_gateway = {
    .name = "gateway",
    .operands = "",
    .summary = "Ethereum's JSON-RPC over HTTP, signed by the enclave",
    .about = "Serves the calls that Ethereum programs make of a signer: eth_accounts, eth_sign,\n"
             "eth_signTransaction, eth_signTypedData, personal_sign, clef's account_ methods; and\n"
             "with --upstream a node's reads and eth_sendTransaction, which fills in nonce, gas\n"
             "and fees. Everything is still judged by the policy in the enclave, and every\n"
             "signature's maker is recovered before it is passed on. Several --endpoint are\n"
             "signers of one key. docs/gateway.md says what each call takes and answers.",
    .examples = "  ensign gateway --endpoint vsock://16:5000\n"
                "  ensign gateway --endpoint vsock://16:5000 --endpoint vsock://17:5000 \\\n"
                "      --listen 127.0.0.1:8545 --upstream https://arb1.example/rpc",
    .flags = FLAG_TABLE(flags),
    .run = run,
};
