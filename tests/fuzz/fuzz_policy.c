/* What reads as a policy, as a document or as flat parameters, has a canonical form that reads as the same policy and
 * is its own canonical form; and no policy that reads is without chain, broker, or rule that its keys go together. */
#include "edits.h"

#include "core/eth/address.h"
#include "core/policy/policy.h"

enum { FORM_MAX = 1 << 20 };

static const char FLAT[] =
    "{\"chain_id\":42161,\"ticket_broker\":\"0xa8bB618B1520E284046F3dFc448851A1Ff26e41B\",\"require_allowlist\":"
    "\"yes\","
    "\"allowed_recipients\":\"0x2222222222222222222222222222222222222222,0x3333333333333333333333333333333333333333\","
    "\"max_face_value_wei\":\"0x10\",\"max_total_face_value_wei\":20,\"allow_fund_deposit\":1,"
    "\"max_fund_deposit_wei\":\"7\",\"messages\":\"any\",\"typed_data\":\"none\",\"max_tx_fee_wei\":100}";

static struct edits_good good;
static struct policy policy, again;

static void load(void)
{
    static struct vector_file vectors;
    for (vector_open(&vectors, "policy/documents.txt"); vector_next(&vectors, 4);)
        if (vectors.column[1].len <= EDITS_MESSAGE_MAX / 2 && good.count < EDITS_GOOD_MAX - 1)
            good.messages[good.count++] =
                (struct bytes){ exact_copy(vectors.column[1].data, vectors.column[1].len), vectors.column[1].len };
    good.messages[good.count++] = bytes_of_text(FLAT);
    must(good.count > 1);
}

static struct bytes form_of(const struct policy *from, uint8_t *room)
{
    struct writer out = writer_of(room, FORM_MAX);
    struct bytes form;
    policy_put(&out, from);
    must(writer_done(&out, &form));
    return form;
}

static void check(void)
{
    static uint8_t first[FORM_MAX], second[FORM_MAX];
    struct json document;
    struct fault why;
    const struct bytes form = form_of(&policy, first);
    const struct hash32 digest = policy_digest(&policy);
    must(!u256_is_zero(&policy.chain_id) && !address_is_zero(&policy.ticket_broker));
    must(policy.recipient_count > 0 || !policy.require_allowlist);
    must(!policy.allow_withdraw || !policy.allow_fund_deposit);
    for (size_t i = 1; i < policy.recipient_count; i++)
        must(memcmp(&policy.recipients[i - 1], &policy.recipients[i], sizeof *policy.recipients) < 0);

    must(json_read(form, &document, &why) && policy_read(document, &again, &why));
    must(bytes_equal(form_of(&again, second), form));
    const struct hash32 same = policy_digest(&again);
    must(hash32_equal(&digest, &same));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static uint8_t changed[EDITS_MESSAGE_MAX];
    struct json value;
    struct fault why;
    bool given;
    if (good.count == 0)
        load();
    if (len == 0)
        return 0;
    const struct bytes text = data[0] == 0xff ? (struct bytes){ data + 1, len - 1 }
                                              : edits_apply(&good, (struct bytes){ data, len }, changed);
    uint8_t *const input = exact_copy(text.data, text.len);
    if (json_read((struct bytes){ input, text.len }, &value, &why)) {
        if (policy_read(value, &policy, &why))
            check();
        else
            must(why.code == FAULT_INPUT || why.code == FAULT_LIMIT);
        if (!policy_read_flat(value, &policy, &given, &why))
            must(why.code == FAULT_INPUT || why.code == FAULT_LIMIT);
        else if (given)
            check();
    }
    free(input);
    return 0;
}
