/* bench: the parts of one run. Requests are files that bench.py made: whole JSON requests that a signer with the key
 * 32 bytes of 0x11 accepts. */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include "clock.h"

#include "core/base/bytes.h"

/* The file FOLDER/name, kept until the end. Ends the program when it is not there. */
struct bytes bench_file(const char *folder, const char *name);

/* What can be run in this process; each is one request or one call. Those before BENCH_COUNTED are counted too. */
enum bench_what {
    BENCH_SIGN, /* raw libsecp256k1 */
    BENCH_RECOVER,
    BENCH_VERIFY,
    BENCH_REDEEM, /* policy, budget, ticket signature, signature, signer recovered */
    BENCH_TRANSFER,
    BENCH_BATCH, /* of 20 tickets */
    BENCH_TICKET,
    BENCH_DOCUMENT, /* an attestation document judged */
    BENCH_P384,     /* as many verifications as a document has signatures */
    BENCH_COUNTED,
    BENCH_TICKET_MANY = BENCH_COUNTED, /* under 10,000 recipients */
    BENCH_JOBS,
};
extern struct bench_job bench_jobs[BENCH_JOBS];

/* Makes ready what is before BENCH_COUNTED, from the folder's files. */
void bench_start(const char *folder);

/* Everything in this process, in turns. After bench_start. */
void bench_in_process(const char *folder);

/* The same redeem through ensignd's sockets FOLDER/one.sock (one worker, process one_pid) and FOLDER/two.sock (two). */
void bench_over_sockets(const char *folder, int one_pid, int two_pid);

#endif
