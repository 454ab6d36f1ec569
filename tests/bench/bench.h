/* bench: the parts of one run. Requests are files that bench.py made: whole JSON requests that a signer with the key
 * 32 bytes of 0x11 accepts. */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include "core/base/bytes.h"

/* The file FOLDER/name, kept until the end. Ends the program when it is not there. */
struct bytes bench_file(const char *folder, const char *name);

/* The signer, request and policy of bench_core_redeem, and the key of bench_raw_once. */
void bench_start_redeem(const char *folder);

/* A redeem, once, in this process: policy, budget, ticket signature, signature, signer recovered. */
void bench_core_redeem(void *unused);

/* Raw sign, recover and verify, once each. */
void bench_raw_once(void *unused);

/* Raw libsecp256k1, and whole requests in this process. */
void bench_in_process(const char *folder);

/* The same redeem through ensignd's sockets FOLDER/one.sock (one worker, process one_pid) and FOLDER/two.sock (two). */
void bench_over_sockets(const char *folder, int one_pid, int two_pid);

#endif
