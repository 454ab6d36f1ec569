/* policy_text: a complete policy document with one key changed, for tests that are wrong in one way. */
#ifndef TESTS_UNIT_POLICY_POLICY_TEXT_H
#define TESTS_UNIT_POLICY_POLICY_TEXT_H

#include "check.h"

#include "core/policy/policy.h"

#include <string.h>

static const struct {
    const char *key, *value;
} POLICY_LINES[] = {
    { "version", "1" },
    { "chain_id", "42161" },
    { "ticket_broker", "\"0xa8bb618b1520e284046f3dfc448851a1ff26e41b\"" },
    { "require_allowlist", "true" },
    { "allowed_recipients", "[\"0x2222222222222222222222222222222222222222\"]" },
    { "max_face_value_wei", "\"50000000000000000\"" },
    { "max_total_face_value_wei", "\"200000000000000000\"" },
    { "allow_fund_deposit", "true" },
    { "max_fund_deposit_wei", "\"100000000000000000\"" },
    { "allow_withdraw", "false" },
    { "treasury", "null" },
    { "messages", "\"tickets\"" },
    { "typed_data", "\"none\"" },
    { "max_gas", "\"3000000\"" },
    { "max_fee_per_gas_wei", "\"unlimited\"" },
    { "max_tx_fee_wei", "\"10000000000000000\"" },
};
static const struct {
    const char *key, *value;
} BUDGET_LINES[] = {
    { "window_seconds", "86400" },
    { "start", "\"full\"" },
    { "max_face_value_wei", "\"1000000000000000000\"" },
    { "max_fund_deposit_wei", "\"unlimited\"" },
    { "max_fee_wei", "\"100000000000000000\"" },
};

/* A line of the document: with the value that `key` is changed to, or none when that is NULL. */
static inline void policy_text_line(struct writer *out, const char *path, const char *name, const char *value,
                                    const char *key, const char *changed)
{
    if (strcmp(path, key) == 0)
        value = changed;
    if (value == NULL)
        return;
    if (out->len > 0 && out->data[out->len - 1] != '{')
        writer_text(out, ",");
    writer_text(out, "\"");
    writer_text(out, name);
    writer_text(out, "\":");
    writer_text(out, value);
}

/* The document with `key` ("max_gas", "budget.start", "budget") changed to the JSON `changed`, left out when that is
 * NULL, added when it is no key of a document. The text is NUL-terminated. */
static inline struct bytes policy_text(char *text, size_t cap, const char *key, const char *changed)
{
    struct writer out = writer_of((uint8_t *)text, cap);
    char budget[1024], path[64];
    struct writer inner = writer_of((uint8_t *)budget, sizeof budget);
    bool known = strcmp(key, "budget") == 0;
    writer_text(&inner, "{");
    for (size_t i = 0; i < sizeof BUDGET_LINES / sizeof *BUDGET_LINES; i++) {
        snprintf(path, sizeof path, "budget.%s", BUDGET_LINES[i].key);
        known = known || strcmp(path, key) == 0;
        policy_text_line(&inner, path, BUDGET_LINES[i].key, BUDGET_LINES[i].value, key, changed);
    }
    if (!known && strncmp(key, "budget.", 7) == 0)
        policy_text_line(&inner, key, key + 7, changed, key, changed);
    writer_u8(&inner, '}');
    writer_u8(&inner, '\0');

    writer_text(&out, "{");
    for (size_t i = 0; i < sizeof POLICY_LINES / sizeof *POLICY_LINES; i++) {
        known = known || strcmp(POLICY_LINES[i].key, key) == 0;
        policy_text_line(&out, POLICY_LINES[i].key, POLICY_LINES[i].key, POLICY_LINES[i].value, key, changed);
    }
    policy_text_line(&out, "budget", "budget", budget, key, changed);
    if (!known && strchr(key, '.') == NULL)
        policy_text_line(&out, key, key, changed, key, changed);
    writer_u8(&out, '}');
    writer_u8(&out, '\0');
    CHECK(!out.failed && !inner.failed);
    return (struct bytes){ out.data, out.len - 1 };
}

/* The policy of that document, which must be good. */
static inline void policy_with(struct policy *policy, const char *key, const char *changed)
{
    char text[4096];
    struct json document;
    struct fault why = { 0 };
    const struct bytes bytes = policy_text(text, sizeof text, key, changed);
    CHECK_ROW(key, json_read(bytes, &document, &why) && policy_read(document, policy, &why));
    if (why.code != FAULT_NONE)
        fprintf(stderr, "%s: %s\n", key, why.text);
}

static inline void policy_plain(struct policy *policy)
{
    policy_with(policy, "version", "1");
}

/* Whether a refusal's text begins as it should; says what it is when not. */
static inline bool text_begins(const struct fault *why, const char *beginning)
{
    const bool begins = strncmp(why->text, beginning, strlen(beginning)) == 0;
    if (!begins)
        fprintf(stderr, "got \"%s\", wanted \"%s\"\n", why->text, beginning);
    return begins;
}

#endif
