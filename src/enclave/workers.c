#include "core/codec/frame.h"
#include "enclave/workers_parts.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static uint8_t *map(size_t len)
{
    void *memory = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    madvise(memory, len, MADV_DONTDUMP);
    madvise(memory, len, MADV_NOHUGEPAGE); /* a first byte must not cost two megabytes */
    return memory;
}

static bool start_one(struct workers *pool, struct worker *worker, void *(*run)(void *), struct fault *why)
{
    *worker = (struct worker){ .pool = pool };
    worker->arena = map(pool->service->arena_bytes);
    worker->answer = map(pool->service->answer_max);
    if (worker->arena == NULL || worker->answer == NULL)
        return fault_set(why, FAULT_INTERNAL, "no memory for a worker's buffers");
    if (!own_stack_open(&worker->stack, WORKER_STACK, why))
        return false;
    const int error = own_stack_start(&worker->stack, &worker->thread, run, worker);
    if (error != 0)
        return fault_set(why, FAULT_INTERNAL, "cannot start a worker thread: %s", strerror(error));
    worker->started = true;
    return true;
}

struct workers *workers_start(const struct service *service, unsigned count, size_t done_max, size_t slow_max,
                              struct fault *why)
{
    must(count >= 1 && count <= WORKERS_MAX && service->answer_max <= FRAME_MAX);
    struct workers *pool = calloc(1, sizeof *pool);
    if (pool == NULL) {
        fault_set(why, FAULT_INTERNAL, "no memory for the workers");
        return NULL;
    }
    pool->service = service;
    pool->done_max = done_max;
    pool->slow_max = slow_max;
    pool->count = count;
    workers_clear_queues(pool);
    pthread_condattr_t clock;
    must(pthread_condattr_init(&clock) == 0);
    must(pthread_condattr_setclock(&clock, CLOCK_MONOTONIC) == 0);
    must(pthread_mutex_init(&pool->lock, NULL) == 0);
    must(pthread_cond_init(&pool->queued, NULL) == 0);
    must(pthread_cond_init(&pool->slow_queued, &clock) == 0);
    must(pthread_cond_init(&pool->taken, NULL) == 0);
    pthread_condattr_destroy(&clock);
    pool->done_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    must(pool->done_fd >= 0);
    for (unsigned i = 0; i <= count; i++) {
        if (!start_one(pool, &pool->each[i], i < count ? workers_turns : workers_slow_turns, why)) {
            workers_stop(pool);
            return NULL;
        }
    }
    return pool;
}

int workers_done_fd(const struct workers *workers)
{
    return workers->done_fd;
}

void workers_stop(struct workers *workers)
{
    pthread_mutex_lock(&workers->lock);
    workers->stopping = true;
    pthread_cond_broadcast(&workers->queued);
    pthread_cond_broadcast(&workers->slow_queued);
    pthread_cond_broadcast(&workers->taken);
    pthread_mutex_unlock(&workers->lock);
    for (unsigned i = 0; i <= workers->count; i++) {
        struct worker *worker = &workers->each[i];
        if (worker->started)
            must(pthread_join(worker->thread, NULL) == 0);
        if (worker->arena != NULL)
            munmap(worker->arena, workers->service->arena_bytes);
        if (worker->answer != NULL)
            munmap(worker->answer, workers->service->answer_max);
        own_stack_close(&worker->stack);
    }
    close(workers->done_fd);
    pthread_cond_destroy(&workers->queued);
    pthread_cond_destroy(&workers->slow_queued);
    pthread_cond_destroy(&workers->taken);
    pthread_mutex_destroy(&workers->lock);
    free(workers);
}
