/* program_output: runs a program to its end and takes what it prints, without a shell and with a deadline. */
#ifndef PARENT_PROGRAM_OUTPUT_H
#define PARENT_PROGRAM_OUTPUT_H

#include "core/base/bytes.h"
#include "core/base/fault.h"

enum program_end {
    PROGRAM_DONE,    /* exit code 0; *printed is its standard output */
    PROGRAM_ABSENT,  /* no such program on PATH, or none that may be run */
    PROGRAM_FAILED,  /* another exit code, a signal, more than `cap` bytes, or the system would not start it */
    PROGRAM_TOO_SLOW /* it was killed */
};

/* `arguments` ends with NULL; the first is looked for on PATH. Standard input and error are /dev/null. `deadline_ms` is
 * on io_now_ms's clock. Unless PROGRAM_DONE, *why says what happened (FAULT_REMOTE). */
enum program_end program_output(char *const arguments[], uint64_t deadline_ms, uint8_t *buffer, size_t cap,
                                struct bytes *printed, struct fault *why) MUST_USE;

#endif
