/* kms_tls: the certificate that the KMS stand-in shows: under a CA of our own (FOLDER/kms-ca.pem), good for the real
 * host names of KMS in every Region, for localhost, 127.0.0.1 and ::1.
 */
#ifndef DEV_KMS_TLS_H
#define DEV_KMS_TLS_H

#include "dev/connection.h"

/* Makes the CA when there is none, and a new certificate each time (FOLDER/kms.pem, kms.key.pem), which also names the
 * given regions. NULL and the fault on failure. */
SSL_CTX *kms_tls_open(const char *folder, const char *const *regions, size_t region_count, uint64_t utc_s,
                      struct fault *why) MUST_USE;

#endif
