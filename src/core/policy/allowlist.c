#include "core/policy/allowlist.h"

#include <string.h>

static int compare(const struct address *a, const struct address *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

/* Lets the entry at `at` sink in the heap recipients[0..count). */
static void sink(struct address *recipients, size_t count, size_t at)
{
    for (size_t child = 2 * at + 1; child < count; at = child, child = 2 * at + 1) {
        if (child + 1 < count && compare(&recipients[child], &recipients[child + 1]) < 0)
            child++;
        if (compare(&recipients[at], &recipients[child]) >= 0)
            return;
        const struct address swapped = recipients[at];
        recipients[at] = recipients[child];
        recipients[child] = swapped;
    }
}

/* A heap sort of our own: glibc's qsort takes memory from the heap. */
size_t allowlist_sort(struct address *recipients, size_t count)
{
    for (size_t at = count / 2; at-- > 0;)
        sink(recipients, count, at);
    for (size_t last = count; last-- > 1;) {
        const struct address largest = recipients[0];
        recipients[0] = recipients[last];
        recipients[last] = largest;
        sink(recipients, last, 0);
    }
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || compare(&recipients[kept - 1], &recipients[i]) != 0)
            recipients[kept++] = recipients[i];
    return kept;
}

bool allowlist_has(const struct address *recipients, size_t count, const struct address *address)
{
    size_t low = 0, high = count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = compare(&recipients[middle], address);
        if (order == 0)
            return true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}
