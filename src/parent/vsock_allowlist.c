#include "parent/vsock_allowlist.h"

#include "core/base/text.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* Where in the file the parser stands: what the next event may be. */
enum place {
    AT_START, /* the stream and document begin */
    AT_TOP,   /* the mapping */
    AT_ALLOWLIST_KEY,
    AT_LIST,
    IN_LIST,    /* a service, or the end */
    IN_SERVICE, /* a key, or the end */
    AT_ADDRESS,
    AT_PORT,
    AFTER_LIST,
    AT_END, /* of document and stream */
    FINISHED,
};

struct reading {
    struct vsock_allowlist *list;
    enum place place;
    bool has_address, has_port;
    const char *wrong; /* a sentence, once something is */
};

static bool refuse(struct reading *reading, const char *sentence)
{
    reading->wrong = sentence;
    return false;
}

static bool take_address(struct reading *reading, struct bytes text)
{
    char *const into = reading->list->services[reading->list->count].address;
    if (text.len == 0 || text.len >= ALLOWLIST_ADDRESS_MAX || !text_is_printable(text))
        return refuse(reading, "an address is a host's name or address, of 1 to 253 characters");
    memcpy(into, text.data, text.len);
    into[text.len] = '\0';
    reading->has_address = true;
    reading->place = IN_SERVICE;
    return true;
}

static bool take_port(struct reading *reading, struct bytes text)
{
    uint64_t port;
    if (!text_read_uint(text, &port) || port == 0 || port > UINT16_MAX)
        return refuse(reading, "a port is a number from 1 to 65535");
    reading->list->services[reading->list->count].port = (uint16_t)port;
    reading->has_port = true;
    reading->place = IN_SERVICE;
    return true;
}

static bool take_key(struct reading *reading, struct bytes text)
{
    if (bytes_equal(text, BYTES_LIT("address")) && !reading->has_address)
        reading->place = AT_ADDRESS;
    else if (bytes_equal(text, BYTES_LIT("port")) && !reading->has_port)
        reading->place = AT_PORT;
    else
        return refuse(reading, "a service has `address` and `port`, each once, and nothing else");
    return true;
}

static bool take_scalar(struct reading *reading, const yaml_event_t *event)
{
    const struct bytes text = { event->data.scalar.value, event->data.scalar.length };
    if (event->data.scalar.anchor != NULL)
        return refuse(reading, "anchors are not taken");
    if (reading->place == AT_ADDRESS)
        return take_address(reading, text);
    if (reading->place == AT_PORT)
        return take_port(reading, text);
    if (reading->place == IN_SERVICE)
        return take_key(reading, text);
    if (reading->place != AT_ALLOWLIST_KEY || !bytes_equal(text, BYTES_LIT("allowlist")))
        return refuse(reading, "the file is one mapping with the one key `allowlist`");
    reading->place = AT_LIST;
    return true;
}

static bool begin_mapping(struct reading *reading)
{
    if (reading->place == AT_TOP) {
        reading->place = AT_ALLOWLIST_KEY;
        return true;
    }
    if (reading->place != IN_LIST)
        return refuse(reading, "a mapping has no place here");
    if (reading->list->count == ALLOWLIST_SERVICES_MAX)
        return refuse(reading, "more than 1024 services");
    reading->has_address = reading->has_port = false;
    reading->place = IN_SERVICE;
    return true;
}

static bool end_mapping(struct reading *reading)
{
    if (reading->place == AFTER_LIST) {
        reading->place = AT_END;
        return true;
    }
    if (reading->place != IN_SERVICE || !reading->has_address || !reading->has_port)
        return refuse(reading, "a service has `address` and `port`, or the list is missing");
    reading->list->count++;
    reading->place = IN_LIST;
    return true;
}

static bool move(struct reading *reading, enum place from, enum place to, const char *sentence)
{
    if (reading->place != from)
        return refuse(reading, sentence);
    reading->place = to;
    return true;
}

static bool take_event(struct reading *reading, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_STREAM_START_EVENT:
        return true;
    case YAML_DOCUMENT_START_EVENT:
        return move(reading, AT_START, AT_TOP, "a second document");
    case YAML_MAPPING_START_EVENT:
        return event->data.mapping_start.anchor == NULL ? begin_mapping(reading)
                                                        : refuse(reading, "anchors are not taken");
    case YAML_MAPPING_END_EVENT:
        return end_mapping(reading);
    case YAML_SEQUENCE_START_EVENT:
        return event->data.sequence_start.anchor == NULL ? move(reading, AT_LIST, IN_LIST, "a list has no place here")
                                                         : refuse(reading, "anchors are not taken");
    case YAML_SEQUENCE_END_EVENT:
        return move(reading, IN_LIST, AFTER_LIST, "a list has no place here");
    case YAML_SCALAR_EVENT:
        return take_scalar(reading, event);
    case YAML_DOCUMENT_END_EVENT:
        return reading->place == AT_END || refuse(reading, "the file is one mapping with the one key `allowlist`");
    case YAML_STREAM_END_EVENT:
        return move(reading, AT_END, FINISHED, "the file is empty");
    case YAML_NO_EVENT:
    case YAML_ALIAS_EVENT:
    default:
        return refuse(reading, "aliases are not taken");
    }
}

bool vsock_allowlist_read(struct bytes yaml, struct vsock_allowlist *list, struct fault *why)
{
    yaml_parser_t parser;
    struct vsock_allowlist *const found = calloc(1, sizeof *found);
    struct reading reading = { .list = found };
    unsigned long line = 1;
    must(found != NULL);
    must(yaml_parser_initialize(&parser) == 1);
    yaml_parser_set_input_string(&parser, yaml.data == NULL ? (const uint8_t *)"" : yaml.data, yaml.len);
    while (reading.place != FINISHED && reading.wrong == NULL) {
        yaml_event_t event;
        if (yaml_parser_parse(&parser, &event) == 1) {
            line = event.start_mark.line + 1;
            (void)take_event(&reading, &event);
            yaml_event_delete(&event);
        } else {
            line = parser.problem_mark.line + 1;
            reading.wrong = "this is no YAML";
        }
    }
    yaml_parser_delete(&parser);
    if (reading.wrong == NULL)
        *list = *found;
    free(found);
    return reading.wrong == NULL || fault_set(why, FAULT_INPUT, "line %lu: %s", line, reading.wrong);
}

static struct bytes without_dot(const char *host)
{
    struct bytes text = bytes_of_text(host);
    if (text.len > 1 && text.data[text.len - 1] == '.')
        text.len--;
    return text;
}

static bool is_same_address(const char *a, const char *b)
{
    static const int families[] = { AF_INET, AF_INET6 };
    uint8_t x[16] = { 0 }, y[16] = { 0 };
    for (size_t i = 0; i < 2; i++)
        if (inet_pton(families[i], a, x) == 1 && inet_pton(families[i], b, y) == 1)
            return memcmp(x, y, sizeof x) == 0;
    return false;
}

bool vsock_allowlist_has(const struct vsock_allowlist *list, const char *host, uint16_t port)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->services[i].port == port &&
            (text_equal_nocase(without_dot(list->services[i].address), without_dot(host)) ||
             is_same_address(list->services[i].address, host)))
            return true;
    return false;
}

static bool take_end(struct bytes *text, struct bytes end)
{
    if (text->len < end.len || !text_equal_nocase((struct bytes){ text->data + text->len - end.len, end.len }, end))
        return false;
    text->len -= end.len;
    return true;
}

bool vsock_allowlist_is_kms(const char *host, uint16_t port)
{
    struct bytes text = without_dot(host);
    (void)take_end(&text, BYTES_LIT(".cn"));
    if (port != 443 || !take_end(&text, BYTES_LIT(".amazonaws.com")))
        return false;
    const size_t skip = text_starts_with_nocase(text, BYTES_LIT("kms."))        ? 4
                        : text_starts_with_nocase(text, BYTES_LIT("kms-fips.")) ? 9
                                                                                : 0;
    if (skip == 0 || text.len == skip)
        return false;
    for (size_t i = skip; i < text.len; i++) {
        const uint8_t c = text.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'))
            return false;
    }
    return true;
}
