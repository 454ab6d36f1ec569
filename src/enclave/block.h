/* block: a piece of heap that may hold secrets, wiped whenever it moves or goes. */
#ifndef ENCLAVE_BLOCK_H
#define ENCLAVE_BLOCK_H

#include "core/base/bytes.h"

struct block {
    uint8_t *data; /* NULL when cap is 0 */
    size_t len, cap;
};

/* Room for `cap` bytes, at least as many as now; what is there is kept. False: no memory, and nothing has changed. */
bool block_grow(struct block *block, size_t cap) MUST_USE;

void block_free(struct block *block); /* wipes, and leaves an empty block */

#endif
