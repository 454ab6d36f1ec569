/* bench FOLDER ONE_PID TWO_PID: every figure that needs a fast client, one "key value" a line; bench.py runs it.
 * bench FOLDER N: a redeem and the raw calls, N times each, for counting instructions and for profiles. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>

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

int main(int argc, char **argv)
{
    if (argc == 3) {
        bench_start_redeem(argv[1]);
        for (int left = atoi(argv[2]); left > 0; left--) {
            bench_core_redeem(NULL);
            bench_raw_once(NULL);
        }
        return 0;
    }
    if (argc != 4) {
        fputs("usage: bench FOLDER ONE_PID TWO_PID (bench.py runs it)\n", stderr);
        return 2;
    }
    bench_in_process(argv[1]);
    bench_over_sockets(argv[1], atoi(argv[2]), atoi(argv[3]));
    return 0;
}
