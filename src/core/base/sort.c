#include "core/base/sort.h"

static void swap(const void *items[], size_t a, size_t b)
{
    const void *const swapped = items[a];
    items[a] = items[b];
    items[b] = swapped;
}

/* Lets the item at `at` sink in the heap items[0..count). */
static void sink(const void *items[], size_t count, size_t at, int (*compare)(const void *a, const void *b))
{
    for (size_t child = 2 * at + 1; child < count; at = child, child = 2 * at + 1) {
        if (child + 1 < count && compare(items[child], items[child + 1]) < 0)
            child++;
        if (compare(items[at], items[child]) >= 0)
            return;
        swap(items, at, child);
    }
}

void sort_pointers(const void *items[], size_t count, int (*compare)(const void *a, const void *b))
{
    for (size_t at = count / 2; at-- > 0;)
        sink(items, count, at, compare);
    for (size_t last = count; last-- > 1;) {
        swap(items, 0, last);
        sink(items, last, 0, compare);
    }
}
