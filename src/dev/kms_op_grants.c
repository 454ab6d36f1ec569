#include "core/base/text.h"
#include "dev/kms_sim.h"

#include <stdio.h>

enum { LIST_DEFAULT = 50, LIST_MAX = 100 };

/* The key's grants as the state file has them; the marker is the number of those already given. */
bool kms_op_list_grants(struct kms_exchange *exchange)
{
    struct json_writer *json = &exchange->answer;
    struct sim_key *key;
    struct json grants = { { NULL, 0 } }, index, grant;
    uint64_t limit = LIST_DEFAULT, first = 0, seen = 0;
    bool has_limit = false;
    struct bytes marker;
    struct fault why;
    if (!kms_key_member(exchange, "KeyId", true, &key) || !kms_uint_member(exchange, "Limit", &limit, &has_limit) ||
        !kms_text_member(exchange, "Marker", 1024, &marker) || !kms_may(exchange, "kms:ListGrants", key, NULL, NULL))
        return false;
    if (limit < 1 || limit > LIST_MAX) /* unverified: the text */
        return kms_refuse(exchange, "ValidationException",
                          "1 validation error detected: Value at 'limit' failed to satisfy constraint: Member must be "
                          "between 1 and %d",
                          LIST_MAX);
    if (marker.len > 0 && !text_read_uint(marker, &first))
        return kms_refuse_silently(exchange, "InvalidMarkerException"); /* unverified: that there is no text */
    must(key->grants == NULL || json_read(bytes_of_text(key->grants), &grants, &why));
    struct json_cursor items = json_items(grants);
    json_key(json, "Grants");
    json_begin_array(json);
    for (; seen < first + limit && json_next(&items, &index, &grant); seen++) {
        if (seen >= first)
            json_put_json(json, grant);
    }
    json_end_array(json);
    const bool more = json_next(&items, &index, &grant);
    if (more) {
        char next[24];
        (void)snprintf(next, sizeof next, "%llu", (unsigned long long)seen);
        json_key(json, "NextMarker");
        json_put_text(json, next);
    }
    json_key(json, "Truncated");
    json_put_bool(json, more);
    return true;
}
