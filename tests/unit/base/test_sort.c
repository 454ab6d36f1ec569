/* Sorting without memory. */
#include "check.h"

#include "core/base/sort.h"

#include <string.h>

enum { MOST = 300 };

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Every count, in an order that a small generator shuffles, with repetitions. */
static void any_number_of_names_is_sorted(void)
{
    static char names[MOST][8];
    const void *items[MOST];
    unsigned state = 1;
    for (size_t count = 0; count <= MOST; count++) {
        size_t sum = 0, found = 0;
        for (size_t i = 0; i < count; i++) {
            state = state * 1103515245 + 12345;
            snprintf(names[i], sizeof names[i], "%u", state >> 16 & 0xff);
            items[i] = names[i];
            sum += i;
        }
        sort_pointers(items, count, compare);
        for (size_t i = 0; i < count; i++) {
            CHECK(i == 0 || strcmp(items[i - 1], items[i]) <= 0);
            found += (size_t)((const char(*)[8])items[i] - (const char(*)[8])names);
        }
        CHECK(found == sum);
    }
}

int main(void)
{
    any_number_of_names_is_sorted();
    return failures != 0;
}
