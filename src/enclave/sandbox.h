/* sandbox: what the program gives up before it reads anything that came from elsewhere. */
#ifndef ENCLAVE_SANDBOX_H
#define ENCLAVE_SANDBOX_H

#include "core/base/fault.h"

#include <stddef.h>

/* For every process: no core dumps, no ptrace or /proc/<pid>/mem for others of the same user, no new privileges through
 * exec. FAULT_INTERNAL when the kernel refuses. */
bool sandbox_enter(struct fault *why) __attribute__((warn_unused_result));

/* Room for so many file descriptors, as far as the hard limit goes. FAULT_INTERNAL, saying how many there are. */
bool sandbox_allow_files(unsigned count, struct fault *why) __attribute__((warn_unused_result));

/* No more address space than `bytes` for all that the program will ever map, and no deeper main stack than it needs. */
bool sandbox_allow_memory(size_t bytes, struct fault *why) __attribute__((warn_unused_result));

/* For the process that waits for exchanges: no descriptors but those that are open and those of one exchange, no files
 * written, memory for one exchange, the system calls of SANDBOX_TLS. Aborts when the kernel refuses. */
void sandbox_tls(void);

/* For the process that does one TLS exchange: it opens no further file, socket or process, ends by itself after
 * `seconds`, whatever its peer does, and keeps to the system calls of SANDBOX_EXCHANGE. Aborts when the kernel
 * refuses. */
void sandbox_exchange(unsigned seconds);

#endif
