/* workers: the threads that answer requests, and the queues between them and the server's one I/O thread.
 *
 *   I/O thread -> queue -> N workers -> done list -> I/O thread (woken through an eventfd)
 *                             |
 *                             +-> slow queue -> one slow thread -> done list
 *
 * What waits for the slow thread is bounded: more is refused with `limit` at once, because a request that is being
 * answered keeps its place among the connections and its bytes among the buffered, and KMS may take its time over each.
 * At most WORKERS_SLOW_WAITING wait, and with the one under way they have at most `slow_max` bytes, or are a single
 * one.
 *
 * Long requests, which are the large and those that wait for the NSM, never have all the workers, where there are two
 * at least: who sends a megabyte of typed data over and over, on however many connections, waits for the others who do,
 * and a ticket passes them by. Apart from that, and within both kinds, whoever came first is first.
 *
 * What a client asks is answered in its order: a request may be put behind another, and is queued when that is done.
 *
 * What waits on the done list is bounded: a worker with an answer pauses while more than `done_max` bytes of answers
 * are there, so that answers grow no faster than the I/O thread takes them.
 */
#ifndef ENCLAVE_WORKERS_H
#define ENCLAVE_WORKERS_H

#include "enclave/block.h"
#include "enclave/service.h"

enum {
    WORKERS_MAX = 256,
    WORKER_STACK = 256 << 10, /* bytes; what is large lives in the arena */
    WORKER_KEEPS = 16 << 10,  /* bytes of request and answer above which a worker gives its memory back */
    WORKERS_LARGE = 4 << 10,  /* bytes of request above which it counts as long: the work is by the byte, and a ticket
                               * or its redemption has 2 KB */
    WORKERS_SLOW_WAITING = 8, /* requests, besides the one that the slow thread is at */
    WORKER_TEND_PAUSE_MS = 1000, /* between two calls of `tend` by an idle slow thread */
};

struct job {
    struct job *next;     /* the queue's */
    struct job *behind;   /* the queue's: to be queued once this one is done */
    bool under_way;       /* the queue's: put, and not yet on the done list */
    uint64_t turn;        /* the queue's: the order of arrival */
    void *owner;          /* the caller's */
    struct block request; /* the body; wiped and freed before the job is done */
    struct block answer;  /* header and body, ready to send; empty when there was no memory for it */
};

struct workers;

/* `service` must outlive the workers. FAULT_INTERNAL when the kernel refuses threads or memory. */
struct workers *workers_start(const struct service *service, unsigned count, size_t done_max, size_t slow_max,
                              struct fault *why) MUST_USE;

int workers_done_fd(const struct workers *workers) MUST_USE; /* readable when jobs are done */

void workers_put(struct workers *workers, struct job *job); /* the workers borrow it until it is done */

/* The same, for a job that must not begin before `first` is done, which was put earlier and may be done by now; at most
 * one behind each. So the next request of a client is there when the worker is done with the one before. */
void workers_put_behind(struct workers *workers, struct job *first, struct job *job);

struct job *workers_take_done(struct workers *workers) MUST_USE; /* all that are done, linked by `next`, oldest first */

/* Ends the threads and frees everything. No job may be under way or waiting. */
void workers_stop(struct workers *workers);

#endif
