/* Whatever a client sends, the signer answers with one JSON object that has a result or an error, with a code of the
 * list; its arena is empty again; and without a policy's leave nothing is signed: every signature stands in the
 * journal.
 *
 * The first byte picks the signer: empty and open, open with a policy, strict with a lease.
 */
#include "fuzz.h"

#include "scene.h"

static struct scene scenes[3];

static void open_scenes(void)
{
    static const char provision[] = SCENE_PROVISION(",\"policy\":" SCENE_POLICY("1000", "5000", "tickets"));
    scene_open(&scenes[0], "{\"mode\":\"open\",\"allow_reprovision\":true}");
    scene_open(&scenes[1], "{\"mode\":\"open\"}");
    scene_open(&scenes[2], "{" SCENE_STRICT "}");
    must(strncmp(scene_ask(&scenes[1], provision), "{\"result\"", 9) == 0);
    must(strncmp(scene_ask(&scenes[2], provision), "{\"result\"", 9) == 0);
}

static bool is_known_code(struct json code)
{
    for (enum fault_code known = FAULT_INPUT; known <= FAULT_INTERNAL; known++)
        if (json_string_is(code, bytes_of_text(fault_code_name(known))))
            return true;
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static bool opened;
    struct json answer;
    struct fault why;
    if (!opened)
        open_scenes();
    opened = true;
    if (len == 0)
        return 0;
    struct scene *scene = &scenes[data[0] % 3];
    uint8_t *request = exact_copy(data + 1, len - 1);
    const uint64_t signatures = scene->signer->counters.signatures;
    const char *text = scene_ask_bytes(scene, (struct bytes){ request, len - 1 });
    must(json_read(bytes_of_text(text), &answer, &why));
    const struct json result = json_member(answer, BYTES_LIT("result")),
                      error = json_member(answer, BYTES_LIT("error"));
    must(json_count(answer) == 1 && (json_kind(result) == JSON_OBJECT) != (json_kind(error) == JSON_OBJECT));
    if (json_kind(error) == JSON_OBJECT)
        must(is_known_code(json_member(error, BYTES_LIT("code"))));
    const bool is_signature = json_kind(json_member(result, BYTES_LIT("signature"))) != JSON_NONE ||
                              json_kind(json_member(result, BYTES_LIT("raw_tx"))) != JSON_NONE;
    must(scene->signer->counters.signatures == signatures + is_signature);
    must(scene->signer->counters.signatures + scene->signer->counters.refusals == scene->signer->journal.last_seq);
    free(request);
    return 0;
}
