#include "awake.h"
#include "clock.h"

#include "core/base/fault.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { TRIPS = 301, PAUSE_US = 100 };

static int latency = -1;

/* Documentation/power/pm_qos_interface.rst: a signed 32-bit number of microseconds, in force while the file is open. */
bool bench_keep_awake(void)
{
    static const int32_t none = 0;
    latency = open("/dev/cpu_dma_latency", O_WRONLY | O_CLOEXEC);
    if (latency >= 0 && write(latency, &none, sizeof none) == sizeof none)
        return true;
    bench_let_halt();
    return false;
}

void bench_let_halt(void)
{
    if (latency >= 0)
        close(latency);
    latency = -1;
}

static bool move_to(unsigned nth)
{
    cpu_set_t may, one;
    must(sched_getaffinity(0, sizeof may, &may) == 0);
    for (size_t i = 0; i < CPU_SETSIZE; i++) {
        if (!CPU_ISSET(i, &may) || nth-- > 0)
            continue;
        CPU_ZERO(&one);
        CPU_SET(i, &one);
        return sched_setaffinity(0, sizeof one, &one) == 0;
    }
    return false;
}

static void *echo(void *argument)
{
    const int fd = *(const int *)argument;
    char byte;
    must(move_to(1));
    while (read(fd, &byte, 1) == 1)
        must(write(fd, &byte, 1) == 1);
    return NULL;
}

static int compare(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

double bench_wake_us(void)
{
    cpu_set_t may;
    int ends[2];
    pthread_t other;
    uint64_t took[TRIPS];
    char byte = 'x';
    must(sched_getaffinity(0, sizeof may, &may) == 0);
    if (CPU_COUNT(&may) < 2)
        return 0;
    must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    must(pthread_create(&other, NULL, echo, &ends[1]) == 0 && move_to(0));
    for (unsigned i = 0; i < TRIPS; i++) {
        const struct timespec pause = { 0, PAUSE_US * 1000 };
        nanosleep(&pause, NULL);
        const uint64_t begin = bench_now_ns();
        must(write(ends[0], &byte, 1) == 1 && read(ends[0], &byte, 1) == 1);
        took[i] = bench_now_ns() - begin;
    }
    close(ends[0]);
    must(pthread_join(other, NULL) == 0);
    close(ends[1]);
    must(sched_setaffinity(0, sizeof may, &may) == 0);
    qsort(took, TRIPS, sizeof *took, compare);
    return (double)took[TRIPS / 2] / 2000;
}
