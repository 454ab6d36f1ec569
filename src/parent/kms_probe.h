/* kms_probe: whether what is at the other end of a connection is KMS: TLS with its name checked, and one request
 * without a signature, which KMS refuses. libcurl cannot be used here: the connection is a vsock one, and 7.88 does not
 * take a socket that is connected already.
 */
#ifndef PARENT_KMS_PROBE_H
#define PARENT_KMS_PROBE_H

#include "core/base/bytes.h"
#include "core/base/fault.h"

/* `fd` is connected and non-blocking, and stays the caller's. `ca_file` is PEM, NULL for the system's roots. `*date_s`
 * is the answer's Date in seconds since the epoch, 0 when it has none. FAULT_REMOTE: no TLS, another name, no HTTP
 * answer; FAULT_INPUT: ca_file. `deadline_ms` is on io_now_ms's clock. */
bool kms_probe(int fd, const char *host, const char *ca_file, uint64_t deadline_ms, uint64_t *date_s,
               struct fault *why) MUST_USE;

#endif
