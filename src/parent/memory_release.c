#include "parent/memory_release.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

void memory_release(void *data, size_t len)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), begin = (uintptr_t)data;
    const uintptr_t first = (begin + page - 1) / page * page, last = (begin + len) / page * page;
    if (first < last)
        (void)madvise((uint8_t *)data + (first - begin), last - first, MADV_DONTNEED);
}
