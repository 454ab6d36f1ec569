/* sort: in place, in n log n steps at worst, and with no memory of its own. glibc's qsort takes memory from the heap
 * for more than 1,024 bytes, and asks the kernel first how much there is.
 */
#ifndef CORE_BASE_SORT_H
#define CORE_BASE_SORT_H

#include <stddef.h>

/* Sorts the pointers by what `compare` says of what they point to (as strcmp: below zero when a comes first). The order
 * of equal ones is not kept. */
void sort_pointers(const void *items[], size_t count, int (*compare)(const void *a, const void *b));

#endif
