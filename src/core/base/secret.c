#include "core/base/secret.h"

#include <string.h>

void wipe(void *data, size_t len)
{
    explicit_bzero(data, len);
}

void secret32_wipe(struct secret32 *secret)
{
    wipe(secret, sizeof *secret);
}

void secret_text_wipe(struct secret_text *secret)
{
    wipe(secret, sizeof *secret);
}

bool secret_equal(struct bytes a, struct bytes b)
{
    uint8_t difference = 0;
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        difference |= (uint8_t)(a.data[i] ^ b.data[i]);
    declassify(&difference, sizeof difference);
    return difference == 0;
}

struct bytes secret_text_view(const struct secret_text *secret)
{
    return (struct bytes){ secret->bytes, secret->len };
}

bool secret_text_set(struct secret_text *secret, struct bytes value)
{
    if (value.len > sizeof secret->bytes)
        return false;
    if (value.len > 0)
        memmove(secret->bytes, value.data, value.len);
    secret->len = value.len;
    return true;
}
