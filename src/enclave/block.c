#include "enclave/block.h"

#include "core/base/fault.h"
#include "core/base/secret.h"

#include <stdlib.h>
#include <string.h>

bool block_grow(struct block *block, size_t cap)
{
    must(cap >= block->cap);
    if (cap == block->cap)
        return true;
    uint8_t *data = malloc(cap); /* not realloc, which leaves an unwiped copy behind */
    if (data == NULL)
        return false;
    if (block->len > 0)
        memcpy(data, block->data, block->len);
    const size_t len = block->len;
    block_free(block);
    *block = (struct block){ .data = data, .len = len, .cap = cap };
    return true;
}

void block_free(struct block *block)
{
    if (block->data != NULL) {
        wipe(block->data, block->cap);
        free(block->data);
    }
    *block = (struct block){ 0 };
}
