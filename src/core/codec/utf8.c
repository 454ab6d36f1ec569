#include "core/codec/utf8.h"

#include <string.h>

/* The head byte's sequence length, and what the second byte must be within: that alone keeps out overlong forms,
 * surrogates and what lies above U+10FFFF (RFC 3629 section 4). Length 0: no character begins so. */
struct head {
    size_t len;
    uint8_t second_min, second_max;
};

static struct head head_of(uint8_t byte)
{
    if (byte < 0x80)
        return (struct head){ 1, 0, 0 };
    if (byte < 0xc2 || byte > 0xf4)
        return (struct head){ 0 };
    if (byte < 0xe0)
        return (struct head){ 2, 0x80, 0xbf };
    if (byte < 0xf0)
        return (struct head){ 3, byte == 0xe0 ? 0xa0 : 0x80, byte == 0xed ? 0x9f : 0xbf };
    return (struct head){ 4, byte == 0xf0 ? 0x90 : 0x80, byte == 0xf4 ? 0x8f : 0xbf };
}

/* How many of the character's `len` bytes are there and right. */
static size_t sound_bytes(struct bytes text, struct head head)
{
    if (text.len < 2 || head.len < 2 || text.data[1] < head.second_min || text.data[1] > head.second_max)
        return 1;
    size_t sound = 2;
    while (sound < head.len && sound < text.len && (text.data[sound] & 0xc0) == 0x80)
        sound++;
    return sound;
}

size_t utf8_first(struct bytes text)
{
    if (text.len == 0)
        return 0;
    struct head head = head_of(text.data[0]);
    return head.len > 0 && sound_bytes(text, head) == head.len ? head.len : 0;
}

static bool cannot_decode(struct bytes text, size_t at, struct fault *why)
{
    struct bytes rest = { text.data + at, text.len - at };
    struct head head = head_of(rest.data[0]);
    size_t sound = sound_bytes(rest, head);
    const char *reason = head.len == 0 ? "invalid start byte" : "invalid continuation byte";
    if (head.len != 0 && sound == rest.len)
        reason = "unexpected end of data";
    if (sound == 1)
        return fault_set(why, FAULT_INPUT, "'utf-8' codec can't decode byte 0x%02x in position %zu: %s", rest.data[0],
                         at, reason);
    return fault_set(why, FAULT_INPUT, "'utf-8' codec can't decode bytes in position %zu-%zu: %s", at, at + sound - 1,
                     reason);
}

bool utf8_check(struct bytes text, struct fault *why)
{
    size_t at = 0;
    while (at < text.len) {
        uint64_t word;
        if (text.len - at >= sizeof word) { /* ASCII, eight at a time */
            memcpy(&word, text.data + at, sizeof word);
            if ((word & 0x8080808080808080u) == 0) {
                at += sizeof word;
                continue;
            }
        }
        size_t len = utf8_first((struct bytes){ text.data + at, text.len - at });
        if (len == 0)
            return cannot_decode(text, at, why);
        at += len;
    }
    return true;
}

uint32_t utf8_code_point(struct bytes character)
{
    static const uint8_t head_mask[UTF8_MAX + 1] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
    must(character.len >= 1 && character.len <= UTF8_MAX);
    uint32_t code_point = character.data[0] & head_mask[character.len];
    for (size_t i = 1; i < character.len; i++)
        code_point = code_point << 6 | (character.data[i] & 0x3f);
    return code_point;
}

size_t utf8_encode(uint32_t code_point, uint8_t out[static UTF8_MAX])
{
    if (code_point < 0x80) {
        out[0] = (uint8_t)code_point;
        return 1;
    }
    size_t len = code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
    for (size_t i = len - 1; i > 0; i--) {
        out[i] = (uint8_t)(0x80 | (code_point & 0x3f));
        code_point >>= 6;
    }
    static const uint8_t marks[UTF8_MAX + 1] = { 0, 0, 0xc0, 0xe0, 0xf0 };
    out[0] = (uint8_t)(marks[len] | code_point);
    return len;
}
