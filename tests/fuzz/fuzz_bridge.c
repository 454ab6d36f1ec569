/* What is handed on is what the core reads in the request: the same method, one that passes, and params that are
 * written the same when they are read again. What is not handed on is answered with an error. */
#include "fuzz.h"

#include "parent/bridge_judge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct bridge_judge judge, second;
    static bool started;
    struct fault why;
    struct bytes body, again, name, first_name;
    struct json request, handed_on;
    if (!started) {
        must(bridge_judge_start(&judge, BRIDGE_METHODS, &why) && bridge_judge_start(&second, BRIDGE_METHODS, &why));
        started = true;
    }
    uint8_t *const copy = exact_copy(data, len);
    const struct bytes input = { copy, len };
    const bool passes = bridge_judge_request(&judge, input, &body);
    must(body.len > 0 && body.len <= FRAME_MAX && json_read(body, &handed_on, &why));
    if (!passes) {
        must(json_count(handed_on) == 1 && json_kind(json_member(handed_on, BYTES_LIT("error"))) == JSON_OBJECT);
        free(copy);
        return 0;
    }
    must(json_read(input, &request, &why) && json_count(handed_on) == 2);
    must(json_plain_string(json_member(request, BYTES_LIT("method")), &first_name));
    must(json_plain_string(json_member(handed_on, BYTES_LIT("method")), &name) && bytes_equal(name, first_name));
    must(!bytes_equal(name, BYTES_LIT("provision")) && !bytes_equal(name, BYTES_LIT("generate")));
    const struct json params = json_member(request, BYTES_LIT("params"));
    must(json_count(json_member(handed_on, BYTES_LIT("params"))) ==
         (json_kind(params) == JSON_OBJECT ? json_count(params) : 0));
    must(bridge_judge_request(&second, body, &again) && bytes_equal(body, again));
    free(copy);
    return 0;
}
