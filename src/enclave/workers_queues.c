#include "enclave/workers_parts.h"

#include <errno.h>
#include <unistd.h>

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

void workers_clear_queues(struct workers *pool)
{
    queue_clear(&pool->queue);
    queue_clear(&pool->long_queue);
    queue_clear(&pool->slow_queue);
    queue_clear(&pool->done);
}

/* With the lock held. */
static void queue_job(struct workers *pool, struct job *job)
{
    job->turn = pool->turn++;
    queue_put(job->request.len > WORKERS_LARGE ? &pool->long_queue : &pool->queue, job);
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

struct job *workers_take(struct workers *pool, bool *is_long)
{
    const struct job *const small = pool->queue.first, *const later = pool->long_queue.first;
    const bool may = pool->count == 1 || pool->long_under_way < pool->count - 1;
    *is_long = later != NULL && may && (small == NULL || later->turn < small->turn);
    return queue_take(*is_long ? &pool->long_queue : &pool->queue);
}

void workers_queue_long(struct workers *pool, struct job *job)
{
    pthread_mutex_lock(&pool->lock);
    queue_put(&pool->long_queue, job);
    pthread_cond_signal(&pool->queued);
    pthread_mutex_unlock(&pool->lock);
}

bool workers_queue_slow(struct workers *pool, struct job *job)
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

struct job *workers_take_slow(struct workers *pool)
{
    struct job *const job = queue_take(&pool->slow_queue);
    pool->slow_waiting -= job != NULL;
    return job;
}

/* What stood behind the job is queued. The worker that is done with the job looks at the queues next, and so nobody
 * need be woken for it, unless a long one is there that it may take instead; the slow thread does not look. */
void workers_post_done(struct workers *pool, struct job *job, bool by_worker)
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
