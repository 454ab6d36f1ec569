#include "verify/iam_pattern.h"

static uint8_t folded(uint8_t byte, bool ignore_case)
{
    return ignore_case && byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + ('a' - 'A')) : byte;
}

bool iam_pattern_matches(struct bytes pattern, struct bytes text, bool ignore_case)
{
    /* After a mismatch the last star takes one byte more: no recursion, and never worse than the product of lengths. */
    size_t p = 0, t = 0, star = SIZE_MAX, star_text = 0;
    while (t < text.len) {
        if (p < pattern.len && pattern.data[p] == '*') {
            star = p++;
            star_text = t;
        } else if (p < pattern.len && (pattern.data[p] == '?' ||
                                       folded(pattern.data[p], ignore_case) == folded(text.data[t], ignore_case))) {
            p++;
            t++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            t = ++star_text;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.data[p] == '*')
        p++;
    return p == pattern.len;
}
