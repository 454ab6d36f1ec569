#include "enclave/workers.h"

#include "core/base/secret.h"
#include "core/codec/frame.h"
#include "enclave/own_stack.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

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

static void queue_clear(struct queue *queue)
{
    queue->first = NULL;
    queue->last = &queue->first;
}

static void queue_put(struct queue *queue, struct job *job)
{
    job->next = NULL;
    *queue->last = job;
    queue->last = &job->next;
}

static struct job *queue_take(struct queue *queue)
{
    struct job *job = queue->first;
    if (job == NULL)
        return NULL;
    queue->first = job->next;
    if (queue->first == NULL)
        queue->last = &queue->first;
    job->next = NULL;
    return job;
}

/* With the lock held. */
static void queue_job(struct workers *pool, struct job *job)
{
    job->turn = pool->turn++;
    queue_put(job->request.len > WORKERS_LARGE ? &pool->long_queue : &pool->queue, job);
}

/* What stood behind the job is queued. The worker that is done with the job looks at the queues next, and so nobody
 * need be woken for it, unless a long one is there that it may take instead; the slow thread does not look. */
static void post_done(struct workers *pool, struct job *job, bool by_worker)
{
    pthread_mutex_lock(&pool->lock);
    while (pool->done_bytes > pool->done_max && !pool->stopping)
        pthread_cond_wait(&pool->taken, &pool->lock);
    const bool is_first = pool->done.first == NULL;
    pool->done_bytes += job->answer.cap;
    queue_put(&pool->done, job);
    job->under_way = false;
    if (job->behind != NULL) {
        queue_job(pool, job->behind);
        job->behind = NULL;
        if (!by_worker || pool->long_queue.first != NULL)
            pthread_cond_signal(&pool->queued);
    }
    pthread_mutex_unlock(&pool->lock);
    const uint64_t one = 1;
    if (is_first) /* otherwise the I/O thread has been woken for one before, and has not taken the list yet */
        must(write(pool->done_fd, &one, sizeof one) == sizeof one);
}

/* The answer as a frame in a block of its own. On no memory the block stays empty, and the client is closed. */
static void frame_answer(struct block *block, struct bytes body)
{
    if (!block_grow(block, FRAME_HEADER + body.len))
        return;
    struct writer out = writer_of(block->data, block->cap);
    frame_write_header(&out, body.len);
    writer_put(&out, body);
    struct bytes written;
    must(writer_done(&out, &written));
    block->len = written.len;
}

/* Another turn than SERVICE_ANSWERED: nothing has happened. */
static enum service_turn answer_job(struct worker *worker, struct job *job, enum service_pace pace)
{
    const struct service *service = worker->pool->service;
    struct arena arena = arena_of(worker->arena, service->arena_bytes);
    struct writer out = writer_of(worker->answer, service->answer_max);
    const struct bytes request = { job->request.data, job->request.len };
    const enum service_turn turn = service->answer(service->context, request, pace, &arena, &out);
    if (turn != SERVICE_ANSWERED)
        return turn;
    struct bytes body;
    must(writer_done(&out, &body));
    frame_answer(&job->answer, body);
    wipe(worker->answer, body.len);
    if (request.len > WORKER_KEEPS || body.len > WORKER_KEEPS) {
        madvise(worker->arena, service->arena_bytes, MADV_DONTNEED);
        madvise(worker->answer, service->answer_max, MADV_DONTNEED);
    }
    block_free(&job->request);
    return SERVICE_ANSWERED;
}

static void refuse_slow(struct worker *worker, struct job *job)
{
    struct fault why;
    fault_set(&why, FAULT_LIMIT,
              "requests are waiting for KMS already, as many or as large as may (at most %d): try again later",
              WORKERS_SLOW_WAITING);
    uint8_t text[SERVICE_FAULT_MAX];
    struct writer out = writer_of(text, sizeof text);
    worker->pool->service->put_fault(&out, &why);
    struct bytes body;
    must(writer_done(&out, &body));
    frame_answer(&job->answer, body);
    block_free(&job->request);
}

/* False: the slow thread has enough to do. */
static bool queue_slow(struct workers *pool, struct job *job)
{
    pthread_mutex_lock(&pool->lock);
    const size_t left = pool->slow_max > pool->slow_bytes ? pool->slow_max - pool->slow_bytes : 0;
    const bool queued =
        pool->slow_waiting < WORKERS_SLOW_WAITING && (pool->slow_bytes == 0 || job->request.cap <= left);
    if (queued) {
        queue_put(&pool->slow_queue, job);
        pool->slow_bytes += job->request.cap;
        pool->slow_waiting++;
        pthread_cond_signal(&pool->slow_queued);
    }
    pthread_mutex_unlock(&pool->lock);
    return queued;
}

static void queue_long(struct workers *pool, struct job *job)
{
    pthread_mutex_lock(&pool->lock);
    queue_put(&pool->long_queue, job);
    pthread_cond_signal(&pool->queued);
    pthread_mutex_unlock(&pool->lock);
}

static void work_on(struct worker *worker, struct job *job, bool is_long)
{
    switch (answer_job(worker, job, is_long ? SERVICE_MAY_WAIT : SERVICE_QUICK)) {
    case SERVICE_ANSWERED:
        break;
    case SERVICE_WAITS:
        queue_long(worker->pool, job);
        return;
    case SERVICE_IS_SLOW:
        if (queue_slow(worker->pool, job))
            return;
        refuse_slow(worker, job);
        break;
    }
    post_done(worker->pool, job, true);
}

/* With the lock held. The next that this worker may take: the longest waiting, but no long one in place of the last
 * worker that is not at one. NULL: none. */
static struct job *take_next(struct workers *pool, bool *is_long)
{
    const struct job *const small = pool->queue.first, *const later = pool->long_queue.first;
    const bool may = pool->count == 1 || pool->long_under_way < pool->count - 1;
    *is_long = later != NULL && may && (small == NULL || later->turn < small->turn);
    return queue_take(*is_long ? &pool->long_queue : &pool->queue);
}

static void *run_worker(void *argument)
{
    struct worker *worker = argument;
    struct workers *pool = worker->pool;
    pthread_mutex_lock(&pool->lock);
    while (!pool->stopping) {
        bool is_long;
        struct job *job = take_next(pool, &is_long);
        if (job == NULL) {
            pthread_cond_wait(&pool->queued, &pool->lock);
            continue;
        }
        pool->long_under_way += is_long;
        pthread_mutex_unlock(&pool->lock);
        work_on(worker, job, is_long);
        pthread_mutex_lock(&pool->lock);
        pool->long_under_way -= is_long;
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

static void work_slowly(struct worker *worker, struct job *job)
{
    struct workers *pool = worker->pool;
    const size_t bytes = job->request.cap;
    must(answer_job(worker, job, SERVICE_MAY_BE_SLOW) == SERVICE_ANSWERED);
    own_stack_wipe(&worker->stack); /* before anybody hears of it: a key, and what opened it, may have been there */
    pthread_mutex_lock(&pool->lock);
    pool->slow_bytes -= bytes;
    pthread_mutex_unlock(&pool->lock);
    post_done(pool, job, false);
}

static struct timespec pause_end(void)
{
    struct timespec end;
    must(clock_gettime(CLOCK_MONOTONIC, &end) == 0);
    end.tv_sec += WORKER_TEND_PAUSE_MS / 1000;
    return end;
}

static void *run_slow(void *argument)
{
    struct worker *worker = argument;
    struct workers *pool = worker->pool;
    const struct service *service = pool->service;
    service->tend(service->context);
    pthread_mutex_lock(&pool->lock);
    struct timespec end = pause_end();
    while (!pool->stopping) {
        struct job *job = queue_take(&pool->slow_queue);
        if (job == NULL && pthread_cond_timedwait(&pool->slow_queued, &pool->lock, &end) != ETIMEDOUT)
            continue;
        if (pool->stopping)
            break;
        pool->slow_waiting -= job != NULL;
        pthread_mutex_unlock(&pool->lock);
        if (job != NULL)
            work_slowly(worker, job);
        service->tend(service->context);
        own_stack_wipe(&worker->stack);
        end = pause_end();
        pthread_mutex_lock(&pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

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
    queue_clear(&pool->queue);
    queue_clear(&pool->long_queue);
    queue_clear(&pool->slow_queue);
    queue_clear(&pool->done);
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
        if (!start_one(pool, &pool->each[i], i < count ? run_worker : run_slow, why)) {
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

void workers_put(struct workers *workers, struct job *job)
{
    must(job->answer.data == NULL);
    pthread_mutex_lock(&workers->lock);
    job->under_way = true;
    queue_job(workers, job);
    pthread_mutex_unlock(&workers->lock);
    pthread_cond_signal(&workers->queued); /* within the lock, whoever wakes would have to wait for it */
}

void workers_put_behind(struct workers *workers, struct job *first, struct job *job)
{
    must(job->answer.data == NULL);
    pthread_mutex_lock(&workers->lock);
    job->under_way = true;
    const bool waits = first->under_way;
    must(!waits || first->behind == NULL);
    if (waits)
        first->behind = job;
    else
        queue_job(workers, job);
    pthread_mutex_unlock(&workers->lock);
    if (!waits)
        pthread_cond_signal(&workers->queued);
}

struct job *workers_take_done(struct workers *workers)
{
    uint64_t count;
    if (read(workers->done_fd, &count, sizeof count) < 0)
        must(errno == EAGAIN);
    pthread_mutex_lock(&workers->lock);
    struct job *first = workers->done.first;
    queue_clear(&workers->done);
    workers->done_bytes = 0;
    pthread_cond_broadcast(&workers->taken);
    pthread_mutex_unlock(&workers->lock);
    return first;
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
