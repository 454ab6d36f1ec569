/* secret: the only types that may hold key material or AWS credentials.
 *
 * Their contents are wiped when the variable goes out of scope (WIPED, WIPED_TEXT), compared in constant time, and
 * passed by pointer only: there is no way to print one.
 */
#ifndef CORE_BASE_SECRET_H
#define CORE_BASE_SECRET_H

#include "core/base/bytes.h"

enum { SECRET_TEXT_MAX = 4096 }; /* the longest AWS session tokens seen are under 2 KiB */

struct secret32 {
    uint8_t bytes[32];
};

struct secret_text {
    uint8_t bytes[SECRET_TEXT_MAX];
    size_t len;
};

void wipe(void *data, size_t len);
void secret32_wipe(struct secret32 *secret);
void secret_text_wipe(struct secret_text *secret);

bool secret_equal(struct bytes a, struct bytes b) MUST_USE; /* constant time in the contents, not in the lengths */

/* A view, for handing to a cipher or a MAC. Never for printing. */
struct bytes secret_text_view(const struct secret_text *secret) MUST_USE;
bool secret_text_set(struct secret_text *secret, struct bytes value) MUST_USE; /* false: too long, untouched */

/* From this line on, `len` bytes that were made of secrets may be known: they tell nothing of them, or are to be given
 * out. A word for the reader, and for tests/ctime, which believes it. */
#ifdef ENSIGN_CTIME
#include <valgrind/memcheck.h>
#define declassify(data, len) ((void)VALGRIND_MAKE_MEM_DEFINED(data, len))
#else
#define declassify(data, len) ((void)(data), (void)(len))
#endif

#define WIPED      __attribute__((cleanup(secret32_wipe)))
#define WIPED_TEXT __attribute__((cleanup(secret_text_wipe)))

#endif
