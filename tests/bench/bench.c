/* bench FOLDER ONE_PID TWO_PID: every figure that needs a fast client, one "key value" a line; bench.py runs it.
 * bench FOLDER count N: each of the things to count, N times; under callgrind a dump each, with its name.
 * bench FOLDER NAME N: that one only, N times, for profiles. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/callgrind.h>

struct bytes bench_file(const char *folder, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *const file = fopen(path, "rb");
    enum { FILE_BYTES_MAX = 1 << 20 };
    uint8_t *const data = malloc(FILE_BYTES_MAX);
    const size_t len = file == NULL || data == NULL ? 0 : fread(data, 1, FILE_BYTES_MAX, file);
    if (len == 0 || len == FILE_BYTES_MAX) {
        fprintf(stderr, "bench: %s cannot be read\n", path);
        exit(2);
    }
    fclose(file);
    return (struct bytes){ data, len };
}

static void run(enum bench_what what, int times)
{
    const struct bench_job *const job = &bench_jobs[what];
    job->run(job->context); /* once before: what the first finds cold is not to be counted */
    CALLGRIND_TOGGLE_COLLECT;
    for (; times > 0; times--)
        job->run(job->context);
    CALLGRIND_TOGGLE_COLLECT;
    CALLGRIND_DUMP_STATS_AT(job->name);
}

static int run_named(const char *folder, const char *name, int times)
{
    bool known = strcmp(name, "count") == 0;
    bench_start(folder);
    for (enum bench_what what = 0; what < BENCH_COUNTED; what++) {
        if (strcmp(name, "count") != 0 && strcmp(name, bench_jobs[what].name) != 0)
            continue;
        run(what, times);
        known = true;
    }
    return known ? 0 : 2;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fputs("usage: bench FOLDER ONE_PID TWO_PID (bench.py runs it); bench FOLDER count|NAME N\n", stderr);
        return 2;
    }
    if (atoi(argv[2]) == 0)
        return run_named(argv[1], argv[2], atoi(argv[3]));
    bench_start(argv[1]);
    bench_in_process(argv[1]);
    bench_over_sockets(argv[1], atoi(argv[2]), atoi(argv[3]));
    return 0;
}
