#include "core/codec/json.h"

#include "core/base/text.h"
#include "core/codec/json_text.h"

#include <string.h>

struct json_writer json_writer_of(struct writer *out)
{
    return (struct json_writer){ .out = out };
}

/* Before every value and key: the comma that the one before it needs. */
static void begin(struct json_writer *json)
{
    if (json->needs_comma)
        writer_u8(json->out, ',');
    json->needs_comma = true;
}

static void open_with(struct json_writer *json, uint8_t bracket)
{
    begin(json);
    writer_u8(json->out, bracket);
    json->needs_comma = false;
}

static void close_with(struct json_writer *json, uint8_t bracket)
{
    writer_u8(json->out, bracket);
    json->needs_comma = true;
}

void json_begin_object(struct json_writer *json)
{
    open_with(json, '{');
}

void json_end_object(struct json_writer *json)
{
    close_with(json, '}');
}

void json_begin_array(struct json_writer *json)
{
    open_with(json, '[');
}

void json_end_array(struct json_writer *json)
{
    close_with(json, ']');
}

static void put_code_unit(struct writer *out, uint32_t unit)
{
    uint8_t big_endian[2] = { (uint8_t)(unit >> 8), (uint8_t)unit };
    writer_text(out, "\\u");
    text_put_hex(out, BYTES_OF(big_endian));
}

/* One character that cannot stand for itself; what is no UTF-8 leaves as U+FFFD, a byte at a time. Returns its bytes.
 */
static size_t put_escaped(struct writer *out, struct bytes rest)
{
    static const char letters[] = "\"\\\b\f\n\r\t", names[] = "\"\\bfnrt";
    const char *letter = memchr(letters, rest.data[0], sizeof letters - 1);
    if (letter != NULL) {
        uint8_t escape[2] = { '\\', (uint8_t)names[letter - letters] };
        writer_put(out, BYTES_OF(escape));
        return 1;
    }
    size_t len = utf8_first(rest);
    uint32_t code_point = len > 0 ? utf8_code_point((struct bytes){ rest.data, len }) : 0xfffd;
    if (code_point >= 0x10000) {
        put_code_unit(out, 0xd800 + ((code_point - 0x10000) >> 10));
        code_point = 0xdc00 + ((code_point - 0x10000) & 0x3ff);
    }
    put_code_unit(out, code_point);
    return len > 0 ? len : 1;
}

/* How many bytes from the first on stand for themselves: printable ASCII, but quote and backslash. */
static size_t plain_len(struct bytes text)
{
    size_t len = 0;
    for (; text.len - len >= 8; len += 8) {
        const uint64_t word = json_eight(text.data + len);
        if ((json_specials(word) | ((word | (word + JSON_EACH_BYTE(1))) & JSON_EACH_BYTE(0x80))) != 0)
            break;
    }
    while (len < text.len && text.data[len] >= 0x20 && text.data[len] <= 0x7e && text.data[len] != '"' &&
           text.data[len] != '\\')
        len++;
    return len;
}

static void put_quoted(struct writer *out, struct bytes utf8)
{
    writer_u8(out, '"');
    while (utf8.len > 0) {
        const size_t plain = plain_len(utf8);
        writer_put(out, (struct bytes){ utf8.data, plain });
        utf8 = (struct bytes){ utf8.data + plain, utf8.len - plain };
        if (utf8.len > 0) {
            size_t taken = put_escaped(out, utf8);
            utf8 = (struct bytes){ utf8.data + taken, utf8.len - taken };
        }
    }
    writer_u8(out, '"');
}

void json_key_utf8(struct json_writer *json, struct bytes key)
{
    begin(json);
    put_quoted(json->out, key);
    writer_u8(json->out, ':');
    json->needs_comma = false;
}

void json_key(struct json_writer *json, const char *key)
{
    json_key_utf8(json, bytes_of_text(key));
}

void json_put_string(struct json_writer *json, struct bytes utf8)
{
    begin(json);
    put_quoted(json->out, utf8);
}

void json_put_text(struct json_writer *json, const char *utf8)
{
    json_put_string(json, bytes_of_text(utf8));
}

void json_put_uint(struct json_writer *json, uint64_t value)
{
    begin(json);
    text_put_uint(json->out, value);
}

void json_put_u256(struct json_writer *json, const struct u256 *value)
{
    begin(json);
    u256_put_decimal(json->out, value);
}

void json_put_u256_string(struct json_writer *json, const struct u256 *value)
{
    begin(json);
    writer_u8(json->out, '"');
    u256_put_decimal(json->out, value);
    writer_u8(json->out, '"');
}

void json_put_bool(struct json_writer *json, bool truth)
{
    begin(json);
    writer_text(json->out, truth ? "true" : "false");
}

void json_put_null(struct json_writer *json)
{
    begin(json);
    writer_text(json->out, "null");
}

void json_put_hex(struct json_writer *json, struct bytes bytes)
{
    begin(json);
    writer_text(json->out, "\"0x");
    text_put_hex(json->out, bytes);
    writer_u8(json->out, '"');
}

void json_put_digest(struct json_writer *json, struct bytes bytes)
{
    begin(json);
    writer_u8(json->out, '"');
    text_put_hex(json->out, bytes);
    writer_u8(json->out, '"');
}

void json_put_base64(struct json_writer *json, struct bytes bytes)
{
    begin(json);
    writer_u8(json->out, '"');
    text_put_base64(json->out, bytes);
    writer_u8(json->out, '"');
}

void json_put_json(struct json_writer *json, struct json value)
{
    begin(json);
    writer_put(json->out, value.text);
}
