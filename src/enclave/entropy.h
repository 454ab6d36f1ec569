/* entropy: random bytes, from the kernel and, where there is one, from the NSM.
 *
 * The kernel's generator alone would do once it is seeded (getrandom waits for that), and inside an enclave it is fed
 * by the NSM through nsm-hwrng. Bytes asked of the NSM directly are combined with it by exclusive or, so that neither
 * source has to be trusted alone.
 */
#ifndef ENCLAVE_ENTROPY_H
#define ENCLAVE_ENTROPY_H

#include "enclave/nsm_device.h"

/* Asks the NSM, if there is one, and seeds libcrypto's generator with both sources. FAULT_REMOTE when an NSM that is
 * there gives no random bytes. Before the first key is made. */
bool entropy_start(const struct nsm_device *nsm, struct fault *why) MUST_USE;

/* Fills `out`, or aborts when the kernel gives none. An NSM that has stopped answering is done without: the kernel's
 * bytes are good by themselves, and a key must not be lost for it. */
void entropy_fill(const struct nsm_device *nsm, uint8_t *out, size_t len);

#endif
