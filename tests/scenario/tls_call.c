/* tls_call ROOTS ENDPOINT HOST UTC_MS PATIENCE_MS TIMES: what ensignd does for each exchange with KMS, with the real
 * TLS process, for a scenario to hold against servers that misbehave. The request is made here; each exchange prints
 * "answer: " and the response with its line ends written as \n, or "code: " and the fault's text. */
#include "core/base/text.h"
#include "enclave/settings_file.h"
#include "enclave/tls_exchange.h"
#include "enclave/world.h"
#include "io/stream.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_answer(struct bytes response)
{
    fputs("answer: ", stdout);
    for (size_t i = 0; i < response.len; i++) {
        if (response.data[i] == '\n')
            fputs("\\n", stdout);
        else if (response.data[i] != '\r')
            putchar(response.data[i]);
    }
    putchar('\n');
}

static bool call_once(struct world *world, const char *host, uint64_t utc_ms, uint64_t patience_ms)
{
    static uint8_t room[TLS_RESPONSE_MAX];
    const struct outside outside = world_outside(world);
    struct writer response = writer_of(room, sizeof room);
    struct fault why = { 0 };
    struct bytes whole;
    const struct kms_call call = { .host = host,
                                   .proxy_port = 8000,
                                   .utc_ms = utc_ms,
                                   .deadline_ms = outside.monotonic_ms(outside.context) + patience_ms };
    const bool answered =
        outside.https(outside.context, &call, BYTES_LIT("POST / HTTP/1.1\r\nHost: kms\r\nContent-Length: 2\r\n\r\n{}"),
                      &response, &why) &&
        writer_done(&response, &whole);
    if (answered)
        print_answer(whole);
    else
        printf("%s: %s\n", fault_code_name(why.code), why.text);
    fflush(stdout);
    return answered;
}

int main(int argc, char **argv)
{
    static uint8_t roots[SETTINGS_TRUST_ROOTS_MAX];
    uint64_t utc_ms, patience_ms, times;
    if (argc != 7 || !text_read_uint(bytes_of_text(argv[4]), &utc_ms) ||
        !text_read_uint(bytes_of_text(argv[5]), &patience_ms) || !text_read_uint(bytes_of_text(argv[6]), &times))
        return 2;
    signal(SIGPIPE, SIG_IGN);
    struct world world = { .has_kms_stream = true };
    struct fault why = { 0 };
    size_t len;
    if (!settings_file_load(argv[1], roots, sizeof roots, &len, &why) ||
        !tls_child_start(&world.tls, (struct bytes){ roots, len }, &why) ||
        !endpoint_read(argv[2], &world.kms_stream, &why)) {
        printf("%s: %s\n", fault_code_name(why.code), why.text);
        return 1;
    }
    bool answered = true;
    for (uint64_t i = 0; i < times; i++)
        answered = call_once(&world, argv[3], utc_ms, patience_ms) && answered;
    tls_child_stop(&world.tls);
    return answered ? 0 : 1;
}
