#include "core/base/secret.h"
#include "core/codec/frame.h"
#include "enclave/workers_parts.h"

#include <errno.h>
#include <sys/mman.h>
#include <time.h>

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

static void work_on(struct worker *worker, struct job *job, bool is_long)
{
    switch (answer_job(worker, job, is_long ? SERVICE_MAY_WAIT : SERVICE_QUICK)) {
    case SERVICE_ANSWERED:
        break;
    case SERVICE_WAITS:
        workers_queue_long(worker->pool, job);
        return;
    case SERVICE_IS_SLOW:
        if (workers_queue_slow(worker->pool, job))
            return;
        refuse_slow(worker, job);
        break;
    }
    workers_post_done(worker->pool, job, true);
}

void *workers_turns(void *argument)
{
    struct worker *worker = argument;
    struct workers *pool = worker->pool;
    pthread_mutex_lock(&pool->lock);
    while (!pool->stopping) {
        bool is_long;
        struct job *job = workers_take(pool, &is_long);
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
    workers_post_done(pool, job, false);
}

static struct timespec pause_end(void)
{
    struct timespec end;
    must(clock_gettime(CLOCK_MONOTONIC, &end) == 0);
    end.tv_sec += WORKER_TEND_PAUSE_MS / 1000;
    return end;
}

void *workers_slow_turns(void *argument)
{
    struct worker *worker = argument;
    struct workers *pool = worker->pool;
    const struct service *service = pool->service;
    service->tend(service->context);
    pthread_mutex_lock(&pool->lock);
    struct timespec end = pause_end();
    while (!pool->stopping) {
        struct job *job = workers_take_slow(pool);
        if (job == NULL && pthread_cond_timedwait(&pool->slow_queued, &pool->lock, &end) != ETIMEDOUT)
            continue;
        if (pool->stopping)
            break;
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
