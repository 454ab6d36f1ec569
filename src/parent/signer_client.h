/* signer_client: one call to a signer at a time, over any endpoint: a frame out, a frame back, and the connection is
 * closed (FACTS J.1: one request a connection is what every server of this protocol understands).
 *
 *     struct json_writer *params = signer_begin(client, "attestation");
 *     json_key(params, "nonce");
 *     json_put_hex(params, nonce);
 *     enum exit_code code = signer_call(client, &result, &why);
 *
 * The answer comes from the parent or through it, so it is hearsay: parsed strictly, shown harmlessly.
 */
#ifndef PARENT_SIGNER_CLIENT_H
#define PARENT_SIGNER_CLIENT_H

#include "core/codec/frame.h"
#include "core/codec/json.h"
#include "io/endpoint.h"
#include "parent/arguments.h"
#include "parent/exit_code.h"

enum {
    SIGNER_TIMEOUT_S = 10,
    SIGNER_TIMEOUT_MAX_S = 600,
};

/* 2 MiB: static, or from the heap. */
struct signer_client {
    struct endpoint endpoint;
    uint64_t timeout_ms; /* for connecting, asking and the whole answer together */
    const char *method;
    struct writer out;
    struct json_writer params;
    uint8_t request[FRAME_MAX];
    uint8_t answer[FRAME_HEADER + FRAME_MAX];
};

/* From --endpoint, or ENSIGN_ENDPOINT when that is not given, and --timeout. FAULT_INPUT. */
bool signer_client_open(struct signer_client *client, const struct arguments *arguments, uint64_t default_timeout_s,
                        struct fault *why) MUST_USE;

/* Starts a request; the caller writes the members of its params, sorted. */
struct json_writer *signer_begin(struct signer_client *client, const char *method);

/* Sends it, wipes it, and gives the result object, a view into the client's answer. On failure why->text is for
 * people, and the code tells refusal from silence. */
enum exit_code signer_call(struct signer_client *client, struct json *result, struct fault *why) MUST_USE;

/* Wipes a request that will not be sent. */
void signer_abandon(struct signer_client *client);

/* The two halves of signer_call, for whoever keeps a connection: what was begun becomes a request (a view into the
 * client; FAULT_LIMIT), which is asked over a connected socket that stays open, and may be asked again over another.
 * After EXIT_CODE_UNREACHED the socket is of no more use. Nothing is wiped. */
bool signer_end(struct signer_client *client, struct bytes *request, struct fault *why) MUST_USE;
enum exit_code signer_ask(struct signer_client *client, int fd, struct bytes request, uint64_t deadline_ms,
                          struct json *result, struct fault *why) MUST_USE;

/* The rows that every command which calls a signer has in its table of flags. */
#define FLAG_ENDPOINT \
    { \
        .name = "endpoint", .value = "ENDPOINT", \
        .help = "where the signer listens: vsock://CID:PORT, tcp://HOST:PORT, unix:PATH or vsock+unix:PATH:PORT; " \
                "$ENSIGN_ENDPOINT when not given" \
    }
#define FLAG_TIMEOUT(seconds) \
    { \
        .name = "timeout", .value = "SECONDS", .help = "give up after so long (default " #seconds ", at most 600)" \
    }
#define FLAG_JSON \
    { \
        .name = "json", .help = "JSON, as when the output is piped" \
    }

#endif
