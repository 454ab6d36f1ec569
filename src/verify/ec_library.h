/* ec_library: a library context of libcrypto (OSSL_LIB_CTX(3)) that reads and verifies by elliptic curves and by
 * nothing else. AWS's certificates have P-384 keys; one with a key of another kind is not decoded here, so no code for
 * such keys is reached by what a stranger sends.
 *
 * It is also the cheaper one: libcrypto goes through every decoder that a context knows, for each certificate anew.
 * The algorithms are those of libcrypto's default provider, lent to this context row by row.
 */
#ifndef VERIFY_EC_LIBRARY_H
#define VERIFY_EC_LIBRARY_H

#include <openssl/types.h>

/* The one of this process, made by whichever thread asks first and kept to the end. NULL: no memory, or a libcrypto
 * whose default provider lacks one of the algorithms; the next call tries again. */
OSSL_LIB_CTX *ec_library(void);

#endif
