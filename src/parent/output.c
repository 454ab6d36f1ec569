#include "parent/output.h"

#include "parent/eth_amount.h"
#include "parent/json_pretty.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { NAME_MAX_BYTES = 256, COLUMN = 32, KEY_DIGITS = 64 };

static void put_harmless(FILE *to, struct bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        (void)fputc(text.data[i] >= 0x20 && text.data[i] < 0x7f ? text.data[i] : '?', to);
}

static void put_string_to(FILE *to, struct json value)
{
    uint8_t *scratch = malloc(value.text.len + 1);
    must(scratch != NULL);
    struct writer resolved = writer_of(scratch, value.text.len);
    if (json_kind(value) == JSON_STRING && json_string(value, &resolved))
        put_harmless(to, (struct bytes){ scratch, resolved.len });
    else
        put_harmless(to, value.text);
    free(scratch);
}

void say_error(const struct fault *why)
{
    (void)fputs("ensign: ", stderr);
    put_harmless(stderr, bytes_of_text(why->text));
    (void)fputc('\n', stderr);
}

void say_warning(const char *format, ...)
{
    va_list args;
    (void)fputs("warning: ", stderr);
    va_start(args, format);
    (void)vfprintf(stderr, format, args);
    va_end(args);
    (void)fputc('\n', stderr);
}

void say_warning_json(struct json text)
{
    (void)fputs("warning: ", stderr);
    put_string_to(stderr, text);
    (void)fputc('\n', stderr);
}

void say_note(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vfprintf(stderr, format, args);
    va_end(args);
    (void)fputc('\n', stderr);
}

const char *shown_word(const char *typed)
{
    static const char hex_digits[] = "0123456789abcdefABCDEF";
    for (const char *at = typed; *at != '\0'; at++) {
        const size_t run = strspn(at, hex_digits);
        if (run >= KEY_DIGITS)
            return "(not repeated: it looks like a private key)";
        at += run > 0 ? run - 1 : 0;
    }
    return typed;
}

bool output_is_terminal(void)
{
    return isatty(STDOUT_FILENO) == 1;
}

void put_line_text(const char *text)
{
    (void)puts(text);
}

void put_line_bytes(struct bytes text)
{
    (void)fwrite(text.data, 1, text.len, stdout);
    (void)fputc('\n', stdout);
}

void put_json_pretty(struct json value)
{
    /* Indentation is what grows: at most two bytes a level for each of the value's bytes, and six for each escape. */
    const size_t cap = value.text.len * (2 * JSON_DEPTH_MAX + 8) + 64;
    uint8_t *buffer = malloc(cap);
    must(buffer != NULL);
    struct writer out = writer_of(buffer, cap);
    struct bytes written;
    json_pretty(&out, value);
    must(writer_done(&out, &written));
    put_line_bytes(written);
    free(buffer);
}

void put_json_line(struct json value)
{
    put_line_bytes(value.text);
    (void)fflush(stdout);
}

void put_printable(struct json string)
{
    put_string_to(stdout, string);
}

static bool ends_with(const char *name, const char *ending)
{
    const size_t len = strlen(name), ending_len = strlen(ending);
    return len >= ending_len && strcmp(name + len - ending_len, ending) == 0;
}

/* Seconds since the epoch, as a date. */
static void put_date(uint64_t seconds)
{
    const time_t time = (time_t)seconds;
    char text[32] = "";
    struct tm utc;
    if (gmtime_r(&time, &utc) != NULL && strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc) > 0)
        (void)fputs(text, stdout);
    else
        (void)fprintf(stdout, "%llu", (unsigned long long)seconds);
}

/* Wei are shown as ETH and times as dates: their names say what they are. */
static void put_value(const char *name, struct json value)
{
    struct bytes digits;
    struct u256 wei;
    uint64_t time;
    if (ends_with(name, "_wei") && json_plain_string(value, &digits) && u256_read_decimal(digits, &wei))
        (void)fputs(eth_amount_text(&wei).text, stdout);
    else if (ends_with(name, "time_ms") && json_u64(value, &time))
        put_date(time / 1000);
    else if (ends_with(name, "expires") && json_u64(value, &time))
        put_date(time);
    else if (json_kind(value) == JSON_NULL)
        (void)fputc('-', stdout);
    else
        put_string_to(stdout, value);
}

static void put_row(const char *name, const char *shown, struct json value)
{
    put_harmless(stdout, bytes_of_text(shown));
    for (size_t column = strlen(shown); column < COLUMN; column++)
        (void)fputc(' ', stdout);
    (void)fputs("  ", stdout);
    put_value(name, value);
    (void)fputc('\n', stdout);
}

static void put_rows(const char *name, struct json value)
{
    if (json_kind(value) != JSON_ARRAY) {
        put_row(name, name, value);
        return;
    }
    struct json_cursor items = json_items(value);
    struct json key, item;
    for (bool first = true; json_next(&items, &key, &item); first = false)
        put_row(name, first ? name : "", item);
}

void put_table(struct json object)
{
    struct json_cursor cursors[JSON_DEPTH_MAX];
    size_t prefix_len[JSON_DEPTH_MAX];
    char name[NAME_MAX_BYTES] = "";
    size_t depth = 1;
    cursors[0] = json_items(object);
    prefix_len[0] = 0;
    while (depth > 0) {
        struct json key, value;
        if (!json_next(&cursors[depth - 1], &key, &value)) {
            depth--;
            continue;
        }
        const size_t prefix = prefix_len[depth - 1]; /* at most sizeof name - 2: room for a dot and the NUL */
        struct writer out = writer_of((uint8_t *)name + prefix, sizeof name - 2 - prefix);
        if (!json_string(key, &out))
            out.len = 0;
        const size_t end = prefix + out.len;
        name[end] = '\0';
        if (json_kind(value) == JSON_OBJECT && depth < JSON_DEPTH_MAX && end + 1 <= sizeof name - 2) {
            name[end] = '.';
            prefix_len[depth] = end + 1;
            cursors[depth++] = json_items(value);
            continue;
        }
        put_rows(name, value);
    }
}
