/* The number of the mutant is in the path that the program was started by, since scenarios give programs an environment
 * of their own, and see whether one opens a file:
 *
 *     .../m17/ensignd       mutant 17
 *     .../reached/ensignd   none; .../reached/map, MUTANTS_MAX bytes, has a 1 for every place that was come by
 */
#include "switch.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

unsigned mutant_now;
unsigned char mutant_reached[MUTANTS_MAX] __attribute__((aligned(65536)));

/* The map takes the array's place, so that children and threads write into it too. */
static void share_reached(const char *folder, size_t len)
{
    char path[4096] = { 0 };
    if (len > sizeof path - sizeof "/map")
        abort();
    memcpy(path, folder, len);
    memcpy(path + len, "/map", sizeof "/map");
    const int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0 ||
        mmap(mutant_reached, MUTANTS_MAX, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED)
        abort();
    close(fd);
}

__attribute__((constructor)) static void mutant_switch(void)
{
    const char *program = (const char *)getauxval(AT_EXECFN);
    const char *end = program == NULL ? NULL : strrchr(program, '/');
    if (end == NULL)
        return;
    const char *folder = end;
    while (folder > program && folder[-1] != '/')
        folder--;
    if (folder[0] == 'm' && folder[1] >= '0' && folder[1] <= '9')
        mutant_now = (unsigned)strtoul(folder + 1, NULL, 10);
    else if ((size_t)(end - folder) == strlen("reached") && memcmp(folder, "reached", strlen("reached")) == 0)
        share_reached(program, (size_t)(end - program));
}
