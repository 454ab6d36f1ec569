/* Every row of the table of methods has a section in docs/rpc.md and exchanges in tests/vectors/rpc/<method>.json (see
 * make_cases.py there), which are played here: at least one success and one refusal of that method. */
#include "check.h"
#include "scene.h"

#include <string.h>

enum { FILE_MAX = 1 << 20 };

static struct scene scene;

static char *read_file(const char *path)
{
    char *text = malloc(FILE_MAX);
    FILE *file = fopen(path, "rb");
    must(text != NULL);
    if (file == NULL) {
        fprintf(stderr, "%s: cannot be read\n", path);
        failures++;
        free(text);
        return NULL;
    }
    const size_t len = fread(text, 1, FILE_MAX - 1, file);
    fclose(file);
    text[len] = '\0';
    return text;
}

static void text_of(struct json string, char *out, size_t cap)
{
    struct writer writer = writer_of((uint8_t *)out, cap - 1);
    struct bytes text = { 0 };
    must(json_string(string, &writer) && writer_done(&writer, &text));
    out[text.len] = '\0';
}

/* A document_b64 may be any: its bytes are the scene's. */
static bool has_members(struct json result, struct json wanted)
{
    struct json_cursor members = json_items(wanted);
    struct json key, value;
    char name[64];
    while (json_next(&members, &key, &value)) {
        text_of(key, name, sizeof name);
        const struct json found = json_member(result, bytes_of_text(name));
        if (json_kind(found) == JSON_NONE ||
            (strcmp(name, "document_b64") != 0 && !bytes_equal(found.text, value.text)))
            return false;
    }
    return true;
}

enum outcome { SUCCESS, REFUSAL };

static bool is_as_wanted(struct json exchange, struct bytes got, enum outcome *outcome)
{
    const struct json answer = json_member(exchange, BYTES_LIT("answer")),
                      has = json_member(exchange, BYTES_LIT("has"));
    const struct json error = json_member(exchange, BYTES_LIT("error"));
    struct json object;
    struct fault why;
    must(json_read(got, &object, &why));
    *outcome = json_kind(error) == JSON_NONE ? SUCCESS : REFUSAL;
    if (json_kind(answer) != JSON_NONE)
        return bytes_equal(answer.text, got);
    if (json_kind(has) != JSON_NONE)
        return has_members(json_member(object, BYTES_LIT("result")), has);

    char code[32], begin[512], message[1024] = "";
    const struct json said = json_member(object, BYTES_LIT("error"));
    text_of(json_member(error, BYTES_LIT("code")), code, sizeof code);
    text_of(json_member(error, BYTES_LIT("message")), begin, sizeof begin);
    if (json_kind(said) != JSON_OBJECT || !json_string_is(json_member(said, BYTES_LIT("code")), bytes_of_text(code)))
        return false;
    text_of(json_member(said, BYTES_LIT("message")), message, sizeof message);
    return strncmp(message, begin, strlen(begin)) == 0;
}

static void play(struct json scenario, const char *method, size_t counts[2])
{
    struct json_cursor exchanges = json_items(json_member(scenario, BYTES_LIT("exchanges")));
    struct json key, exchange;
    char settings[8192], name[256];
    const struct bytes text = json_member(scenario, BYTES_LIT("settings")).text;
    snprintf(settings, sizeof settings, "%.*s", (int)text.len, (const char *)text.data);
    scene_open(&scene, settings);
    while (json_next(&exchanges, &key, &exchange)) {
        const struct json request = json_member(exchange, BYTES_LIT("request"));
        enum outcome outcome;
        text_of(json_member(exchange, BYTES_LIT("name")), name, sizeof name);
        const char *got = scene_ask_bytes(&scene, request.text);
        const bool good = is_as_wanted(exchange, bytes_of_text(got), &outcome);
        CHECK_ROW(method, good);
        if (!good)
            fprintf(stderr, "  %s\n  wanted %.*s\n  got    %s\n", name, (int)exchange.text.len,
                    (const char *)exchange.text.data, got);
        if (json_string_is(json_member(request, BYTES_LIT("method")), bytes_of_text(method)))
            counts[outcome]++;
    }
    scene_close(&scene);
}

static void play_all(const char *method)
{
    char path[4096];
    struct json vectors, key, scenario;
    struct fault why = { 0 };
    size_t counts[2] = { 0, 0 };
    snprintf(path, sizeof path, "%s/rpc/%s.json", OUR_VECTORS, method);
    char *text = read_file(path);
    if (text == NULL)
        return;
    CHECK_ROW(method, json_read(bytes_of_text(text), &vectors, &why));
    CHECK_ROW(method, json_string_is(json_member(vectors, BYTES_LIT("method")), bytes_of_text(method)));
    struct json_cursor scenarios = json_items(json_member(vectors, BYTES_LIT("scenarios")));
    while (json_next(&scenarios, &key, &scenario))
        play(scenario, method, counts);
    CHECK_ROW(method, counts[SUCCESS] > 0 && counts[REFUSAL] > 0);
    free(text);
}

static void every_method_is_documented_and_has_exchanges(void)
{
    char *docs = read_file(OUR_VECTORS "/../../docs/rpc.md");
    char heading[128];
    CHECK(method_count > 0);
    for (size_t i = 0; docs != NULL && i < method_count; i++) {
        snprintf(heading, sizeof heading, "\n### `%s`\n", methods[i].name);
        CHECK_ROW(methods[i].name, strstr(docs, heading) != NULL);
        play_all(methods[i].name);
    }
    free(docs);
}

static void every_documented_method_exists(void)
{
    char *docs = read_file(OUR_VECTORS "/../../docs/rpc.md");
    if (docs == NULL)
        return;
    for (const char *at = docs; (at = strstr(at, "\n### `")) != NULL;) {
        bool found = false;
        at += strlen("\n### `");
        for (size_t i = 0; i < method_count; i++)
            found = found || (strncmp(at, methods[i].name, strlen(methods[i].name)) == 0 &&
                              strncmp(at + strlen(methods[i].name), "`\n", 2) == 0);
        CHECK_ROW(at, found);
    }
    free(docs);
}

int main(void)
{
    every_method_is_documented_and_has_exchanges();
    every_documented_method_exists();
    return failures != 0;
}
