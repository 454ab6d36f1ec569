/* Policy documents: canonical form and digest against an independent implementation, and each way to be refused. */
#include "policy_text.h"
#include "vectors.h"

static struct policy policy, again;
static uint8_t form[POLICY_CANONICAL_MAX];

static struct bytes canonical(const struct policy *from)
{
    struct writer out = writer_of(form, sizeof form);
    struct bytes written = { 0 };
    policy_put(&out, from);
    CHECK(writer_done(&out, &written));
    return written;
}

static void canonical_forms_and_digests_are_frozen(void)
{
    static struct vector_file vectors;
    for (vector_open(&vectors, "policy/documents.txt"); vector_next(&vectors, 4);) {
        char name[64];
        struct json document;
        struct fault why;
        struct hash32 digest, want;
        snprintf(name, sizeof name, "%.*s", (int)vectors.column[0].len, vectors.column[0].data);
        vector_hex(vectors.column[3], want.bytes, sizeof want.bytes);
        if (!json_read(vectors.column[1], &document, &why) || !policy_read(document, &policy, &why)) {
            fprintf(stderr, "%s: %s\n", name, why.text);
            failures++;
            continue;
        }
        CHECK_ROW(name, bytes_equal(canonical(&policy), vectors.column[2]));
        digest = policy_digest(&policy);
        CHECK_ROW(name, hash32_equal(&digest, &want));

        /* the canonical form is a document, and its own canonical form */
        CHECK_ROW(name, json_read(vectors.column[2], &document, &why) && policy_read(document, &again, &why));
        CHECK_ROW(name, bytes_equal(canonical(&again), vectors.column[2]));
    }
}

/* What docs/policy.md shows of its example is the example of the vectors. */
static void the_documents_example_is_true(void)
{
    static struct vector_file vectors;
    static char page[1 << 16];
    FILE *file = fopen(OUR_VECTORS "/../../docs/policy.md", "r");
    CHECK(file != NULL);
    if (file == NULL)
        return;
    page[fread(page, 1, sizeof page - 1, file)] = '\0';
    fclose(file);
    vector_open(&vectors, "policy/documents.txt");
    CHECK(vector_next(&vectors, 4) && bytes_equal(vectors.column[0], BYTES_LIT("example")));
    CHECK(memmem(page, strlen(page), vectors.column[2].data, vectors.column[2].len) != NULL);
    CHECK(memmem(page, strlen(page), vectors.column[3].data, vectors.column[3].len) != NULL);
    fclose(vectors.file);
}

static const struct {
    const char *key, *value, *text;
} refused[] = {
    { "version", "2", "policy.version must be 1" },
    { "version", "0", "policy.version must be 1" },
    { "version", "\"01\"", "policy.version must be 1" },
    { "version", "null", "policy.version must be 1" },
    { "version", NULL, "policy.version is missing: a policy states every key" },
    { "chain_id", NULL, "policy.chain_id is missing" },
    { "chain_id", "0", "policy.chain_id must be an integer above 0" },
    { "chain_id", "\"0\"", "policy.chain_id must be an integer above 0" },
    { "chain_id", "-1", "policy.chain_id must be an integer above 0" },
    { "chain_id", "1.0", "policy.chain_id must be an integer above 0" },
    { "chain_id", "1e3", "policy.chain_id must be an integer above 0" },
    { "chain_id", "true", "policy.chain_id must be an integer above 0" },
    { "chain_id", "\"0xa4b1\"", "policy.chain_id must be an integer above 0" },
    { "chain_id", "\"042161\"", "policy.chain_id must be an integer above 0" },
    { "chain_id", "\"+42161\"", "policy.chain_id must be an integer above 0" },
    { "chain_id", "\" 42161\"", "policy.chain_id must be an integer above 0" },
    { "chain_id", "\"\"", "policy.chain_id must be an integer above 0" },
    { "chain_id", "\"unlimited\"", "policy.chain_id must be an integer above 0" },
    { "chain_id", "115792089237316195423570985008687907853269984665640564039457584007913129639936",
      "policy.chain_id must be an integer above 0" },
    { "ticket_broker", NULL, "policy.ticket_broker is missing" },
    { "ticket_broker", "null", "policy.ticket_broker must be an address" },
    { "ticket_broker", "\"0x0000000000000000000000000000000000000000\"", "policy.ticket_broker must be an address" },
    { "ticket_broker", "\"a8bb618b1520e284046f3dfc448851a1ff26e41b\"", "policy.ticket_broker must be an address" },
    { "ticket_broker", "\"0Xa8bb618b1520e284046f3dfc448851a1ff26e41b\"", "policy.ticket_broker must be an address" },
    { "ticket_broker", "\"0xa8bb618b1520e284046f3dfc448851a1ff26e41\"", "policy.ticket_broker must be an address" },
    { "ticket_broker", "\"0xa8bb618b1520e284046f3dfc448851a1ff26e41g\"", "policy.ticket_broker must be an address" },
    { "ticket_broker", "\"0xa8bb618b1520e284046f3dfc448851a1ff26e41b \"", "policy.ticket_broker must be an address" },
    { "require_allowlist", "1", "policy.require_allowlist must be true or false (got 1)" },
    { "require_allowlist", "\"true\"", "policy.require_allowlist must be true or false" },
    { "require_allowlist", NULL, "policy.require_allowlist is missing" },
    { "allowed_recipients", "[]", "policy.require_allowlist is true and policy.allowed_recipients is empty" },
    { "allowed_recipients", "null", "policy.allowed_recipients must be an array of addresses" },
    { "allowed_recipients", "\"0x2222222222222222222222222222222222222222\"",
      "policy.allowed_recipients must be an array of addresses" },
    { "allowed_recipients", "[\"0x2222222222222222222222222222222222222222\",\"0x22\"]",
      "policy.allowed_recipients must hold addresses, 0x and 40 hex digits (entry 2 is \"0x22\")" },
    { "allowed_recipients", "[1]",
      "policy.allowed_recipients must hold addresses, 0x and 40 hex digits (entry 1 is 1)" },
    { "allowed_recipients", NULL, "policy.allowed_recipients is missing" },
    { "max_face_value_wei", "null", "policy.max_face_value_wei must be 0 to 2^256 - 1" },
    { "max_face_value_wei", "\"Unlimited\"", "policy.max_face_value_wei must be 0 to 2^256 - 1" },
    { "max_face_value_wei", "\"0x10\"", "policy.max_face_value_wei must be 0 to 2^256 - 1" },
    { "max_face_value_wei", "0.5", "policy.max_face_value_wei must be 0 to 2^256 - 1" },
    { "max_face_value_wei", "\"115792089237316195423570985008687907853269984665640564039457584007913129639936\"",
      "policy.max_face_value_wei must be 0 to 2^256 - 1" },
    { "max_face_value_wei", NULL, "policy.max_face_value_wei is missing" },
    { "max_total_face_value_wei", "-1", "policy.max_total_face_value_wei must be 0 to 2^256 - 1" },
    { "max_total_face_value_wei", NULL, "policy.max_total_face_value_wei is missing" },
    { "allow_fund_deposit", "null", "policy.allow_fund_deposit must be true or false (got null)" },
    { "allow_fund_deposit", NULL, "policy.allow_fund_deposit is missing" },
    { "max_fund_deposit_wei", "\"\"", "policy.max_fund_deposit_wei must be 0 to 2^256 - 1" },
    { "max_fund_deposit_wei", NULL, "policy.max_fund_deposit_wei is missing" },
    { "allow_withdraw", "true", "policy.allow_withdraw and policy.allow_fund_deposit are both true" },
    { "allow_withdraw", "0", "policy.allow_withdraw must be true or false (got 0)" },
    { "allow_withdraw", NULL, "policy.allow_withdraw is missing" },
    { "treasury", "\"0x0000000000000000000000000000000000000000\"", "policy.treasury must be null, or an address" },
    { "treasury", "\"0xA8BB618B1520E284046F3DFC448851A1FF26E41B\"", "policy.treasury must be null, or an address" },
    { "treasury", "false", "policy.treasury must be null, or an address" },
    { "treasury", NULL, "policy.treasury is missing" },
    { "messages", "\"all\"", "policy.messages must be \"tickets\", \"any\" or \"none\" (got \"all\")" },
    { "messages", "\"Tickets\"", "policy.messages must be" },
    { "messages", "null", "policy.messages must be" },
    { "messages", NULL, "policy.messages is missing" },
    { "typed_data", "\"tickets\"", "policy.typed_data must be \"none\" or \"any\" (got \"tickets\")" },
    { "typed_data", NULL, "policy.typed_data is missing" },
    { "max_gas", "true", "policy.max_gas must be 0 to 2^256 - 1" },
    { "max_gas", NULL, "policy.max_gas is missing" },
    { "max_fee_per_gas_wei", "[]", "policy.max_fee_per_gas_wei must be 0 to 2^256 - 1" },
    { "max_fee_per_gas_wei", NULL, "policy.max_fee_per_gas_wei is missing" },
    { "max_tx_fee_wei", "{}", "policy.max_tx_fee_wei must be 0 to 2^256 - 1" },
    { "max_tx_fee_wei", NULL, "policy.max_tx_fee_wei is missing" },
    { "budget", "null", "policy.budget must be an object (got null)" },
    { "budget", NULL, "policy.budget is missing" },
    { "budget.window_seconds", "0", "policy.budget.window_seconds must be 1 to 31536000" },
    { "budget.window_seconds", "31536001", "policy.budget.window_seconds must be 1 to 31536000" },
    { "budget.window_seconds", "18446744073709551617", "policy.budget.window_seconds must be 1 to 31536000" },
    { "budget.window_seconds", "\"unlimited\"", "policy.budget.window_seconds must be 1 to 31536000" },
    { "budget.window_seconds", NULL, "policy.budget.window_seconds is missing" },
    { "budget.start", "\"half\"", "policy.budget.start must be \"full\" or \"empty\" (got \"half\")" },
    { "budget.start", "true", "policy.budget.start must be \"full\" or \"empty\"" },
    { "budget.start", NULL, "policy.budget.start is missing" },
    { "budget.max_face_value_wei", "null", "policy.budget.max_face_value_wei must be 0 to 2^256 - 1" },
    { "budget.max_face_value_wei", NULL, "policy.budget.max_face_value_wei is missing" },
    { "budget.max_fund_deposit_wei", "\"none\"", "policy.budget.max_fund_deposit_wei must be 0 to 2^256 - 1" },
    { "budget.max_fund_deposit_wei", NULL, "policy.budget.max_fund_deposit_wei is missing" },
    { "budget.max_fee_wei", "1e18", "policy.budget.max_fee_wei must be 0 to 2^256 - 1" },
    { "budget.max_fee_wei", NULL, "policy.budget.max_fee_wei is missing" },
    { "budget.max_gas", "1", "policy.budget has an unknown key: \"max_gas\"" },
    { "max_gas_wei", "1", "policy has an unknown key: \"max_gas_wei\"" },
    { "Version", "1", "policy has an unknown key: \"Version\"" },
    { "window_seconds", "1", "policy has an unknown key: \"window_seconds\"" },
};

static void documents_wrong_in_one_way_are_refused(void)
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        char text[4096];
        struct json document;
        struct fault why;
        CHECK(json_read(policy_text(text, sizeof text, refused[i].key, refused[i].value), &document, &why));
        memset(&policy, 1, sizeof policy); /* what stood there before is not taken for what is not read */
        CHECK_ROW(text, !policy_read(document, &policy, &why));
        CHECK_ROW(text, why.code == FAULT_INPUT && text_begins(&why, refused[i].text));
    }
}

static void what_is_no_object_is_refused(void)
{
    static const char *const texts[] = { "null", "[]", "\"policy\"", "1", "{}" };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct json document;
        struct fault why;
        CHECK(json_read(bytes_of_text(texts[i]), &document, &why));
        CHECK_ROW(texts[i], !policy_read(document, &policy, &why) && why.code == FAULT_INPUT);
    }
    struct fault why;
    CHECK(!policy_read((struct json){ 0 }, &policy, &why) && text_begins(&why, "policy must be an object"));
}

/* One more entry than the maximum, although all are the same; and the maximum itself. */
static void recipients_are_counted(void)
{
    enum { ENTRY = 45 };
    static char list[ENTRY * (POLICY_RECIPIENTS_MAX + 1) + 2], text[sizeof list + 4096];
    for (size_t over = 0; over < 2; over++) {
        struct writer out = writer_of((uint8_t *)list, sizeof list);
        struct json document;
        struct fault why;
        for (size_t i = 0; i < POLICY_RECIPIENTS_MAX + over; i++)
            writer_text(&out, i == 0 ? "[\"0x2222222222222222222222222222222222222222\""
                                     : ",\"0x2222222222222222222222222222222222222222\"");
        writer_u8(&out, ']');
        writer_u8(&out, '\0');
        CHECK(!out.failed);
        CHECK(json_read(policy_text(text, sizeof text, "allowed_recipients", list), &document, &why));
        if (over == 0)
            CHECK(policy_read(document, &policy, &why) && policy.recipient_count == 1);
        else
            CHECK(!policy_read(document, &policy, &why) && why.code == FAULT_LIMIT);
    }
}

/* The longest canonical form that there can be fits where the header says it does. */
static void the_longest_canonical_form_fits(void)
{
    policy_with(&policy, "treasury", "\"0x7777777777777777777777777777777777777777\"");
    const struct limit most = { .value = U256_MAX };
    policy.chain_id = U256_MAX;
    policy.max_face_value = policy.max_total_face_value = policy.max_fund_deposit = most;
    policy.max_gas = policy.max_fee_per_gas = policy.max_tx_fee = most;
    policy.budget.max_face_value = policy.budget.max_fund_deposit = policy.budget.max_fee = most;
    policy.budget.window_seconds = POLICY_WINDOW_SECONDS_MAX;
    policy.budget.starts_empty = true;
    policy.recipient_count = POLICY_RECIPIENTS_MAX;
    for (size_t i = 0; i < POLICY_RECIPIENTS_MAX; i++)
        policy.recipients[i] = (struct address){ { (uint8_t)(i >> 8), (uint8_t)i } };
    struct json document;
    struct fault why;
    const struct bytes text = canonical(&policy);
    CHECK(json_read(text, &document, &why) && policy_read(document, &again, &why));
    CHECK(again.recipient_count == POLICY_RECIPIENTS_MAX);
    const struct hash32 ours = policy_digest(&policy), theirs = policy_digest(&again);
    CHECK(hash32_equal(&ours, &theirs));
}

int main(void)
{
    canonical_forms_and_digests_are_frozen();
    the_documents_example_is_true();
    documents_wrong_in_one_way_are_refused();
    what_is_no_object_is_refused();
    recipients_are_counted();
    the_longest_canonical_form_fits();
    return failures != 0;
}
