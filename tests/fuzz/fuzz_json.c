/* json_read accepts exactly what a second reading of RFC 8259's grammar accepts; what is accepted, written anew, is
 * accepted again and written the same. */
#include "fuzz.h"

#include "json_again.h"

enum { WRITTEN_MAX = 1 << 16 };

/* The second reader: the grammar rule by rule, with characters as code points and every key kept decoded. */
struct text {
    const uint32_t *at, *end;
    unsigned depth, open_members;
    bool sound;
};

static uint32_t next_is(const struct text *text)
{
    return text->at < text->end ? *text->at : UINT32_MAX;
}

static bool take(struct text *text, uint32_t c)
{
    if (next_is(text) != c)
        return false;
    text->at++;
    return true;
}

static void expect(struct text *text, const char *word)
{
    for (; *word != '\0'; word++)
        text->sound = take(text, (uint32_t)*word) && text->sound;
}

static void white_space(struct text *text)
{
    while (take(text, ' ') || take(text, '\t') || take(text, '\n') || take(text, '\r'))
        ;
}

static unsigned digits(struct text *text)
{
    unsigned count = 0;
    for (; next_is(text) >= '0' && next_is(text) <= '9'; count++)
        text->at++;
    return count;
}

static void number(struct text *text)
{
    (void)take(text, '-');
    if (!take(text, '0') && digits(text) == 0)
        text->sound = false;
    if (take(text, '.') && digits(text) == 0)
        text->sound = false;
    if (take(text, 'e') || take(text, 'E')) {
        if (!take(text, '+'))
            (void)take(text, '-');
        if (digits(text) == 0)
            text->sound = false;
    }
}

static uint32_t hex4(struct text *text)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < 4; i++) {
        const uint32_t c = next_is(text);
        if (c >= '0' && c <= '9')
            value = 16 * value + (c - '0');
        else if (c >= 'A' && c <= 'F')
            value = 16 * value + (c - 'A' + 10);
        else if (c >= 'a' && c <= 'f')
            value = 16 * value + (c - 'a' + 10);
        else {
            text->sound = false;
            return 0;
        }
        text->at++;
    }
    return value;
}

static uint32_t escaped(struct text *text)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    for (size_t i = 0; i < sizeof from - 1; i++)
        if (take(text, (uint32_t)from[i]))
            return (uint32_t)to[i];
    expect(text, "u");
    const uint32_t unit = hex4(text);
    if (unit < 0xd800 || unit > 0xdfff)
        return unit;
    expect(text, "\\u");
    const uint32_t low = text->sound ? hex4(text) : 0;
    if (unit > 0xdbff || low < 0xdc00 || low > 0xdfff)
        text->sound = false;
    return 0x10000 + (unit - 0xd800) * 1024 + (low - 0xdc00);
}

/* Characters in `out`, which has room for the whole text. */
static size_t string(struct text *text, uint32_t *out)
{
    size_t len = 0;
    expect(text, "\"");
    while (text->sound && !take(text, '"')) {
        const uint32_t c = next_is(text);
        if (c == UINT32_MAX || c < 0x20) {
            text->sound = false;
        } else {
            text->at++;
            out[len++] = c == '\\' ? escaped(text) : c;
        }
    }
    return len;
}

static void value(struct text *text);

static void object(struct text *text)
{
    uint32_t *keys[JSON_MEMBERS_MAX];
    size_t lens[JSON_MEMBERS_MAX], count = 0;
    expect(text, "{");
    white_space(text);
    bool more = !take(text, '}');
    while (text->sound && more) {
        const size_t room = (size_t)(text->end - text->at);
        if (count == JSON_MEMBERS_MAX || text->open_members == JSON_OPEN_MEMBERS_MAX) {
            text->sound = false;
            break;
        }
        keys[count] = malloc((room + 1) * sizeof **keys);
        must(keys[count] != NULL);
        lens[count] = string(text, keys[count]);
        for (size_t i = 0; i < count; i++)
            if (lens[i] == lens[count] && memcmp(keys[i], keys[count], lens[i] * sizeof **keys) == 0)
                text->sound = false;
        count++;
        text->open_members++;
        white_space(text);
        expect(text, ":");
        white_space(text);
        value(text);
        white_space(text);
        more = take(text, ',');
        if (!more)
            expect(text, "}");
        else
            white_space(text);
    }
    text->open_members -= (unsigned)count;
    while (count > 0)
        free(keys[--count]);
}

static void array(struct text *text)
{
    expect(text, "[");
    white_space(text);
    bool more = !take(text, ']');
    while (text->sound && more) {
        value(text);
        white_space(text);
        more = take(text, ',');
        if (!more)
            expect(text, "]");
        else
            white_space(text);
    }
}

static void value(struct text *text)
{
    const uint32_t c = next_is(text);
    if (!text->sound)
        return;
    if (c == '{' || c == '[') {
        if (++text->depth > JSON_DEPTH_MAX)
            text->sound = false;
        else if (c == '{')
            object(text);
        else
            array(text);
        text->depth--;
    } else if (c == '"') {
        uint32_t *const ignored = malloc(((size_t)(text->end - text->at) + 1) * sizeof *ignored);
        must(ignored != NULL);
        (void)string(text, ignored);
        free(ignored);
    } else if (c == 't') {
        expect(text, "true");
    } else if (c == 'f') {
        expect(text, "false");
    } else if (c == 'n') {
        expect(text, "null");
    } else {
        number(text);
    }
}

/* RFC 3629 by arithmetic: decode, then ask whether the length was the least for what came out. */
static bool code_points(const uint8_t *data, size_t len, uint32_t *out, size_t *count)
{
    *count = 0;
    for (size_t at = 0; at < len;) {
        const uint8_t head = data[at];
        const size_t size = head < 0x80 ? 1 : head >> 5 == 6 ? 2 : head >> 4 == 14 ? 3 : head >> 3 == 30 ? 4 : 0;
        if (size == 0 || size > len - at)
            return false;
        uint32_t c = size == 1 ? head : head & (0x7fu >> size);
        for (size_t i = 1; i < size; i++) {
            if (data[at + i] >> 6 != 2)
                return false;
            c = c * 64 + data[at + i] % 64;
        }
        const size_t least = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        if (size != least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
            return false;
        out[(*count)++] = c;
        at += size;
    }
    return true;
}

static bool is_json(const uint8_t *data, size_t len)
{
    uint32_t *const points = malloc((len + 1) * sizeof *points);
    size_t count;
    must(points != NULL);
    bool sound = code_points(data, len, points, &count);
    if (sound) {
        struct text text = { .at = points, .end = points + count, .sound = true };
        white_space(&text);
        value(&text);
        white_space(&text);
        sound = text.sound && text.at == text.end;
    }
    free(points);
    return sound;
}

static struct bytes write_value(struct json json, uint8_t *buffer)
{
    struct writer out = writer_of(buffer, WRITTEN_MAX);
    struct json_writer writer = json_writer_of(&out);
    struct bytes written = { 0 };
    must(json_write_again(&writer, json) && writer_done(&out, &written));
    return written;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static uint8_t first[WRITTEN_MAX], second[WRITTEN_MAX];
    uint8_t *const input = exact_copy(data, len);
    struct json json;
    struct fault why = { 0 };
    const bool accepted = json_read((struct bytes){ input, len }, &json, &why);
    must(accepted == is_json(input, len));
    must(accepted || (why.code == FAULT_INPUT && why.text[0] != '\0'));
    if (accepted) {
        struct json again;
        const struct bytes written = write_value(json, first);
        must(json_read(written, &again, &why) && bytes_equal(again.text, written));
        must(bytes_equal(write_value(again, second), written));
    }
    free(input);
    return 0;
}
