#include "core/base/arena.h"

#include "core/base/secret.h"

enum { ALIGNMENT = 16 };

struct arena arena_of(uint8_t *data, size_t cap)
{
    return (struct arena){ .data = data, .cap = cap };
}

/* Where the next piece begins, or cap when there is no room even for that. */
static size_t next_start(const struct arena *arena)
{
    size_t over = ((uintptr_t)arena->data + arena->len) % ALIGNMENT;
    size_t gap = over == 0 ? 0 : ALIGNMENT - over;
    return gap > arena->cap - arena->len ? arena->cap : arena->len + gap;
}

uint8_t *arena_take(struct arena *arena, size_t len)
{
    size_t start = next_start(arena);
    if (len > arena->cap - start)
        return NULL;
    arena->len = start + len;
    return arena->data + start;
}

struct writer arena_writer(struct arena *arena)
{
    size_t start = next_start(arena);
    return writer_of(arena->data + start, arena->cap - start);
}

bool arena_keep(struct arena *arena, struct writer *written, struct bytes *kept)
{
    struct bytes view;
    if (!writer_done(written, &view))
        return false;
    arena->len = (size_t)(written->data - arena->data) + written->len;
    *kept = view;
    return true;
}

void arena_wipe(struct arena *arena)
{
    if (arena->len > 0)
        wipe(arena->data, arena->len);
    arena->len = 0;
}
