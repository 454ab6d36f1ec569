#include "core/policy/shown.h"

#include <string.h>

struct shown shown(struct json value)
{
    struct shown out = { { 0 } };
    const size_t len = value.text.len < SHOWN_MAX ? value.text.len : SHOWN_MAX;
    for (size_t i = 0; i < len; i++) {
        const uint8_t c = value.text.data[i];
        out.text[i] = c >= 0x20 && c <= 0x7e ? (char)c : '?';
    }
    if (value.text.len > SHOWN_MAX)
        memcpy(out.text + SHOWN_MAX, "...", 3);
    if (value.text.len == 0)
        memcpy(out.text, "nothing", 7);
    return out;
}
