/* trust_roots: the certificates that KMS's certificate must chain to unless the settings name others: Amazon Trust
 * Services' roots, embedded when building from Debian's ca-certificates (tools/embed-roots). */
#ifndef ENCLAVE_TRUST_ROOTS_H
#define ENCLAVE_TRUST_ROOTS_H

#include "core/base/bytes.h"

extern const struct bytes AMAZON_TRUST_ROOTS; /* PEM */

#endif
