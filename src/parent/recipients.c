#include "parent/recipients.h"

#include "core/policy/policy.h"
#include "parent/input_file.h"

#include <stdio.h>
#include <stdlib.h>

enum { FILE_MAX = 2 << 20, SHOWN_MAX = 64 };

/* All digits and lower, or all upper: no checksum is claimed. */
static bool is_of_one_case(struct bytes text)
{
    bool upper = false, lower = false;
    for (size_t i = 2; i < text.len; i++) {
        upper = upper || (text.data[i] >= 'A' && text.data[i] <= 'F');
        lower = lower || (text.data[i] >= 'a' && text.data[i] <= 'f');
    }
    return !(upper && lower);
}

static bool read_one(struct bytes text, const char *where, struct address *address, struct fault *why)
{
    const int shown = (int)(text.len < SHOWN_MAX ? text.len : SHOWN_MAX);
    if (!address_read(text, address))
        return fault_set(why, FAULT_INPUT, "%s: '%.*s' is no address; 0x and 40 hex digits are wanted", where, shown,
                         (const char *)text.data);
    if (!is_of_one_case(text) && !address_read_eip55(text, address))
        return fault_set(why, FAULT_INPUT,
                         "%s: '%.*s' does not fit its own checksum (EIP-55), a digit is wrong; it would "
                         "be %s",
                         where, shown, (const char *)text.data, address_eip55(address).text);
    return true;
}

bool address_flag_read(const char *text, const char *what, struct address *address, struct fault *why)
{
    return read_one(bytes_of_text(text), what, address, why);
}

static bool is_separator(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ',';
}

static bool add(const struct address *address, struct address *recipients, size_t *count, struct fault *why)
{
    if (*count == POLICY_RECIPIENTS_MAX)
        return fault_set(why, FAULT_INPUT, "over %d allowed recipients", POLICY_RECIPIENTS_MAX);
    recipients[(*count)++] = *address;
    return true;
}

static bool read_text(const char *path, struct bytes text, struct address *recipients, size_t *count, struct fault *why)
{
    unsigned line = 1;
    size_t i = 0;
    while (i < text.len) {
        if (text.data[i] == '#') {
            while (i < text.len && text.data[i] != '\n')
                i++;
        } else if (is_separator(text.data[i])) {
            line += text.data[i++] == '\n';
        } else {
            const size_t start = i;
            struct address address;
            while (i < text.len && !is_separator(text.data[i]) && text.data[i] != '#')
                i++;
            if (!read_one((struct bytes){ text.data + start, i - start }, path, &address, why)) {
                char place[32];
                (void)snprintf(place, sizeof place, "line %u of ", line);
                return fault_prefix(why, place);
            }
            if (!add(&address, recipients, count, why))
                return false;
        }
    }
    return true;
}

static bool read_file(const char *path, struct address *recipients, size_t *count, struct fault *why)
{
    uint8_t *buffer = malloc(FILE_MAX);
    struct bytes text;
    must(buffer != NULL);
    const size_t before = *count;
    bool ok = input_file_read(path, buffer, FILE_MAX, &text, why) && read_text(path, text, recipients, count, why);
    if (ok && *count == before)
        ok = fault_set(why, FAULT_INPUT, "%s names no address", path);
    free(buffer);
    return ok;
}

bool recipients_read(const struct arguments *arguments, struct address *recipients, size_t *count, struct fault *why)
{
    const char *text, *path = argument(arguments, "allowed-recipients-file");
    struct address address;
    size_t at = 0;
    *count = 0;
    while ((text = argument_next(arguments, "allowed-recipient", &at)) != NULL)
        if (!address_flag_read(text, "--allowed-recipient", &address, why) || !add(&address, recipients, count, why))
            return false;
    return path == NULL || read_file(path, recipients, count, why);
}
