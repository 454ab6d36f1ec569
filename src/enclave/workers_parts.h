/* workers_parts: what the files of the workers share. Private to workers*.c.
 *
 *   workers.c         the threads: started, ended
 *   workers_queues.c  what waits for whom
 *   workers_turns.c   what a thread does next, and how it answers
 */
#ifndef ENCLAVE_WORKERS_PARTS_H
#define ENCLAVE_WORKERS_PARTS_H

#include "enclave/own_stack.h"
#include "enclave/workers.h"

struct queue {
    struct job *first, **last;
};

struct worker {
    struct workers *pool;
    pthread_t thread;
    struct own_stack stack;
    uint8_t *arena, *answer; /* mapped, touched only as far as requests need */
    bool started;
};

struct workers {
    const struct service *service;
    pthread_mutex_t lock; /* over everything below */
    pthread_cond_t queued, slow_queued, taken;
    struct queue queue, long_queue, slow_queue, done;
    uint64_t turn;           /* of the next that comes */
    unsigned long_under_way; /* workers at a long one */
    unsigned slow_waiting;   /* in slow_queue */
    size_t slow_bytes;       /* of requests, there and at the slow thread */
    size_t slow_max;
    size_t done_bytes, done_max;
    bool stopping;
    int done_fd;
    unsigned count; /* the slow thread's is the last, besides */
    struct worker each[WORKERS_MAX + 1];
};

/* workers_queues.c */

void workers_clear_queues(struct workers *pool);

/* With the lock held. The next that this worker may take: the longest waiting, but no long one in place of the last
 * worker that is not at one. NULL: none. */
struct job *workers_take(struct workers *pool, bool *is_long) MUST_USE;
struct job *workers_take_slow(struct workers *pool) MUST_USE; /* with the lock held; NULL: none */

void workers_queue_long(struct workers *pool, struct job *job);
/* False: the slow thread has enough to do. */
bool workers_queue_slow(struct workers *pool, struct job *job) MUST_USE;

/* The answer is there. What stood behind the job is queued. */
void workers_post_done(struct workers *pool, struct job *job, bool by_worker);

/* workers_turns.c: what the threads run; `argument` is its struct worker. */
void *workers_turns(void *argument);
void *workers_slow_turns(void *argument);

#endif
