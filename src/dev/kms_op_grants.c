#include "dev/kms_sim.h"

enum { LIST_DEFAULT = 50, LIST_MAX = 100 };

/* The key's grants as the state file has them. */
bool kms_op_list_grants(struct kms_exchange *exchange)
{
    struct json_writer *json = &exchange->answer;
    struct sim_key *key;
    struct json grants = { { NULL, 0 } }, index, grant;
    struct kms_page page;
    struct fault why;
    if (!kms_key_member(exchange, "KeyId", true, &key) || !kms_page_members(exchange, LIST_DEFAULT, LIST_MAX, &page) ||
        !kms_may(exchange, "kms:ListGrants", key, NULL, NULL))
        return false;
    must(key->grants == NULL || json_read(bytes_of_text(key->grants), &grants, &why));
    struct json_cursor items = json_items(grants);
    uint64_t seen = 0, given = 0;
    bool more = false;
    json_key(json, "Grants");
    json_begin_array(json);
    while (json_next(&items, &index, &grant)) {
        if (seen++ < page.first)
            continue;
        more = given == page.limit;
        if (more)
            break;
        given++;
        json_put_json(json, grant);
    }
    json_end_array(json);
    kms_put_page_end(exchange, more, page.first + given);
    return true;
}
