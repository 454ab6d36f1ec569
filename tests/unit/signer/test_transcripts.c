/* The 171 exchanges recorded from the original, against this signer: successes equal to the byte, refusals beginning
 * with the recorded words. What differs must stand in tests/rpc_differences.json with its reason, and what stands there
 * must differ. Reads ../shared/vectors/rpc/original_transcripts.json, and is skipped where that is not.
 *
 * With an argument it prints what differs, and how.
 */
#include "check.h"
#include "scene.h"

#include "core/base/text.h"

#include <string.h>

enum { FILE_MAX = 1 << 20 };

static struct scene scene;
static char file[FILE_MAX], differences_file[FILE_MAX];
static struct json differences;
static bool prints;

static bool read_json(const char *path, char *into, struct json *value)
{
    struct fault why;
    FILE *stream = fopen(path, "rb");
    if (stream == NULL)
        return false;
    const size_t len = fread(into, 1, FILE_MAX, stream);
    fclose(stream);
    if (!json_read((struct bytes){ (const uint8_t *)into, len }, value, &why)) {
        fprintf(stderr, "%s: %s\n", path, why.text);
        exit(1);
    }
    return true;
}

/* A string member with its escapes resolved, NUL-terminated; false when there is none. */
static bool member_text(struct json object, const char *name, char *out, size_t cap, size_t *len)
{
    struct writer text = writer_of((uint8_t *)out, cap - 1);
    struct bytes written = { 0 };
    if (!json_string(json_member(object, bytes_of_text(name)), &text) || !writer_done(&text, &written))
        return false;
    out[written.len] = '\0';
    *len = written.len;
    return true;
}

/* The recorder left out the first request of these; it is what their name says. */
static const struct {
    const char *scenario, *request;
} SETUPS[] = {
    { "provision|ok_raw32", SCENE_PROVISION("") },
    { "provision|hexkey_newline", "{\"method\":\"provision\",\"params\":{" SCENE_CREDENTIALS ",\"ciphertext_b64\":"
                                  "\"MHgxMTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTEx"
                                  "MTExMTExMTExMTExMTExMTExMTExCg==\"}}" },
    { "provision|expected_mismatch",
      SCENE_PROVISION(",\"expected_address\":\"0x2222222222222222222222222222222222222222\"") },
    { "provision|policy_bad_then_address", SCENE_PROVISION(",\"chain_id\":\"abc\"") },
};

/* A scenario of the recording is one start of the server: what comes before the slash, or a whole group. */
static void begin(const char *scenario, const char *first_name, bool is_signing)
{
    const bool again = strcmp(scenario, "provision|ok_reprovision") == 0;
    if (scene.signer != NULL)
        scene_close(&scene);
    scene_open(&scene, again ? "{\"mode\":\"open\",\"allow_reprovision\":true}" : "{\"mode\":\"open\"}");
    scene.no_nsm = strncmp(scenario, "unprovisioned", 13) == 0;
    if (is_signing)
        (void)scene_ask(&scene, SCENE_PROVISION(""));
    for (size_t i = 0; strchr(first_name, '/') != NULL && i < sizeof SETUPS / sizeof *SETUPS; i++)
        if (strcmp(SETUPS[i].scenario, scenario) == 0)
            (void)scene_ask(&scene, SETUPS[i].request);
}

static bool is_as_recorded(const char *recorded, const char *got)
{
    static const char refusal[] = "{\"error\":{\"message\":\"", ours[] = "{\"error\":{\"code\":\"";
    if (strncmp(recorded, refusal, sizeof refusal - 1) != 0)
        return strcmp(recorded, got) == 0;
    const char *message = strstr(got, "\",\"message\":\"");
    const size_t len = strlen(recorded) - (sizeof refusal - 1) - strlen("\"}}");
    return strncmp(got, ours, sizeof ours - 1) == 0 && message != NULL &&
           strncmp(message + strlen("\",\"message\":\""), recorded + sizeof refusal - 1, len) == 0;
}

static void compare(struct json exchange, const char *name)
{
    static char request[1 << 16], recorded[1 << 16];
    size_t request_len, recorded_len;
    struct bytes hex;
    const bool is_partial = json_kind(json_member(exchange, BYTES_LIT("framing"))) == JSON_OBJECT;
    if (json_plain_string(json_member(exchange, BYTES_LIT("request_hex")), &hex)) {
        must(text_read_hex(hex, (uint8_t *)request));
        request_len = hex.len / 2;
    } else {
        must(member_text(exchange, "request", request, sizeof request, &request_len));
    }
    if (!member_text(exchange, "response_eth_account_0_13_7", recorded, sizeof recorded, &recorded_len))
        must(member_text(exchange, "response", recorded, sizeof recorded, &recorded_len));

    /* Half a frame never becomes a request: the server closes the connection without a word. */
    const char *got = is_partial ? "" : scene_ask_bytes(&scene, (struct bytes){ (uint8_t *)request, request_len });
    const bool is_listed = json_kind(json_member(differences, bytes_of_text(name))) == JSON_STRING;
    const bool is_same = is_as_recorded(recorded, got);
    CHECK_ROW(name, is_same != is_listed);
    if (is_same == is_listed)
        fprintf(stderr, "  asked %.160s\n  then  %.400s\n  now   %.400s\n", request, recorded, got);
    if (prints && !is_same)
        printf("%s\n  then %s\n  now  %s\n", name, recorded, got);
}

/* Group and name as they stand in rpc_differences.json; and the scenario that they belong to. */
static void name_of(struct json exchange, char *name, char *scenario, size_t cap)
{
    char group[64], own[128];
    size_t len;
    must(member_text(exchange, "group", group, sizeof group, &len));
    must(member_text(exchange, "name", own, sizeof own, &len));
    snprintf(name, cap, "%s|%s", group, own);
    if (strcmp(group, "provision") == 0 || strcmp(group, "generate") == 0)
        snprintf(scenario, cap, "%.*s", (int)(strlen(group) + 1 + strcspn(own, "/")), name);
    else
        snprintf(scenario, cap, "%s", group);
}

static size_t run_all(struct json cases)
{
    struct json_cursor items = json_items(cases);
    struct json key, exchange;
    char scenario[256] = "", now[256], name[256];
    size_t count = 0;
    while (json_next(&items, &key, &exchange)) {
        name_of(exchange, name, now, sizeof now);
        if (strcmp(now, scenario) != 0)
            begin(now, name, strncmp(now, "sign_", 5) == 0);
        snprintf(scenario, sizeof scenario, "%s", now);
        compare(exchange, name);
        count++;
    }
    scene_close(&scene);
    return count;
}

static void every_listed_difference_is_of_an_exchange(struct json cases)
{
    struct json_cursor listed = json_items(differences);
    struct json key, reason;
    while (json_next(&listed, &key, &reason)) {
        struct json_cursor items = json_items(cases);
        struct json unused, exchange;
        char name[256], scenario[256];
        bool found = false;
        while (json_next(&items, &unused, &exchange)) {
            name_of(exchange, name, scenario, sizeof name);
            found = found || json_string_is(key, bytes_of_text(name));
        }
        CHECK_ROW((const char *)key.text.data, found);
        CHECK_ROW((const char *)key.text.data, json_kind(reason) == JSON_STRING && reason.text.len > 20);
    }
}

int main(int argc, char **argv)
{
    char path[4096];
    struct json recording;
    (void)argv;
    prints = argc > 1;
    if (vectors_folder() == NULL) {
        printf("skipped: transcripts (rpc/original_transcripts.json)\n");
        return TEST_SKIPPED;
    }
    snprintf(path, sizeof path, "%s/rpc/original_transcripts.json", vectors_folder());
    if (!read_json(path, file, &recording)) {
        printf("skipped: transcripts (%s)\n", path);
        return TEST_SKIPPED;
    }
    must(read_json(OUR_VECTORS "/../rpc_differences.json", differences_file, &differences));
    const struct json cases = json_member(recording, BYTES_LIT("cases"));
    CHECK(run_all(cases) == 171);
    every_listed_difference_is_of_an_exchange(cases);
    return failures != 0;
}
