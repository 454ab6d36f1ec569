/* What a document must state of a signer: each demand fails alone, and the line names it. */
#include "verify/signer_judge.h"

#include "check.h"

#include <string.h>

#define ADDRESS "0x70997970c51812dc3a010c7d01b50e0d17dc79c8"
#define H1      "1111111111111111111111111111111111111111111111111111111111111111"
#define H2      "2222222222222222222222222222222222222222222222222222222222222222"
#define H3      "3333333333333333333333333333333333333333333333333333333333333333"
#define KEY     "arn:aws:kms:us-east-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
#define HELD(bound, origin) \
    ";policy-sha256=" H1 ";policy-bound=" bound ";key-origin=" origin ";kms-key=" KEY ";sealed-sha256=" H2 \
    ";journal=" H3
#define SIGNER "payments-signer:" ADDRESS
#define NOBODY "payments-signer:unprovisioned"

static struct judge_report report;

static const struct signer_demands wanted = { .address = BYTES_INIT(ADDRESS),
                                              .mode = USER_DATA_STRICT,
                                              .policy_sha256 = BYTES_INIT(H1),
                                              .kms_key = BYTES_INIT(KEY) };

/* As judge leaves a document of which nothing is wrong so far. */
static void begin(const char *user_data)
{
    report = (struct judge_report){ .believed = true, .genuine = true, .count = 6 };
    report.doc.user_data = (struct optional_bytes){ .present = user_data != NULL };
    if (user_data != NULL)
        report.doc.user_data.bytes = bytes_of_text(user_data);
    for (size_t i = 0; i < report.count; i++)
        report.checks[i].ok = true;
}

/* Exactly that line fails (NULL: none). */
static void expect(const char *name, const struct signer_demands *demands, const char *wrong)
{
    struct user_data data;
    const bool ok = signer_judge(demands, &report, &data);
    const struct judge_check *first = judge_first_failure(&report);
    size_t failed = 0;
    for (size_t i = 0; i < report.count; i++)
        failed += !report.checks[i].ok;
    CHECK_ROW(name, ok == (wrong == NULL) && report.believed == ok && failed == (ok ? 0U : 1U));
    CHECK_ROW(name, wrong == NULL ? first == NULL : first != NULL && strcmp(first->name, wrong) == 0);
}

static void each_demand_fails_alone(void)
{
    struct signer_demands demands = wanted;
    begin(SIGNER ";mode=strict" HELD("true", "imported"));
    expect("all as wanted", &wanted, NULL);
    CHECK(strcmp(report.checks[6].found, "absent") == 0);
    begin(SIGNER ";mode=strict" HELD("true", "imported"));
    report.count = 3; /* the fewest that judge leaves when it has not ended early */
    expect("all as wanted, of a short report", &wanted, NULL);
    begin(SIGNER ";mode=open" HELD("true", "imported"));
    expect("open", &wanted, "mode");
    begin(SIGNER ";mode=strict" HELD("false", "imported"));
    expect("unbound", &wanted, "bound");
    begin(SIGNER ";mode=strict" HELD("true", "imported") ";trust-roots=custom");
    expect("other roots", &wanted, "kms-roots");
    CHECK(strstr(judge_first_failure(&report)->found, "may have played KMS") != NULL);
    begin(SIGNER ";mode=strict;policy-sha256=" H1 ";policy-bound=true;key-origin=imported;journal=" H3 ";insecure");
    demands.kms_key = (struct bytes){ NULL, 0 };
    expect("a key from a file", &demands, "insecure");
    begin(SIGNER ";mode=strict" HELD("true", "imported"));
    report.doc.public_key.present = true;
    expect("made for KMS", &wanted, "public_key");
    begin(SIGNER ";mode=strict" HELD("true", "imported"));
    demands = wanted;
    demands.generated = true;
    expect("imported", &demands, "origin");
    begin(SIGNER ";mode=strict" HELD("true", "generated"));
    expect("generated", &demands, NULL);
    begin(SIGNER ";mode=strict" HELD("true", "imported"));
    demands = wanted;
    demands.policy_sha256 = BYTES_LIT(H3);
    expect("another policy", &demands, "policy");
    begin(SIGNER ";mode=strict" HELD("true", "imported"));
    demands = wanted;
    demands.kms_key = BYTES_LIT(H3);
    expect("another KMS key", &demands, "kms-key");
    CHECK(strcmp(judge_first_failure(&report)->found, KEY ", not what was demanded") == 0);
    begin(NOBODY ";mode=strict;policy-sha256=" H1 ";journal=" H3);
    demands = (struct signer_demands){ .mode = USER_DATA_STRICT, .policy_sha256 = BYTES_LIT(H1) };
    expect("unprovisioned, as wanted", &demands, NULL);
    begin(SIGNER ";mode=strict" HELD("true", "imported"));
    expect("a key where none should be", &demands, "address");
    begin(SIGNER ";mode=strict" HELD("true", "imported") "x");
    expect("grammar", &wanted, "user_data");
    CHECK(strstr(judge_first_failure(&report)->found, "journal is not") != NULL);
    begin(NULL);
    expect("no user_data", &wanted, "user_data");
}

static void without_a_policy_nothing_can_be_bound(void)
{
    static const char text[] = SIGNER ";mode=open;policy-bound=false;key-origin=imported;kms-key=" KEY
                                      ";sealed-sha256=" H2 ";journal=" H3 ";trust-roots=custom";
    struct signer_demands demands = {
        .address = BYTES_LIT(ADDRESS), .mode = USER_DATA_OPEN, .kms_key = BYTES_LIT(KEY), .allow_custom_roots = true
    };
    begin(text);
    expect("bound, to no policy", &demands, "bound");
    demands.unbound = true;
    begin(text);
    expect("unbound", &demands, NULL);
}

static void a_document_that_cannot_be_read_states_nothing(void)
{
    struct user_data data;
    begin(SIGNER ";mode=strict" HELD("true", "imported"));
    report.believed = report.genuine = false;
    report.count = 2;
    CHECK(!signer_judge(&wanted, &report, &data) && report.count == 2 && !report.believed);
}

int main(void)
{
    each_demand_fails_alone();
    without_a_policy_nothing_can_be_bound();
    a_document_that_cannot_be_read_states_nothing();
    return failures != 0;
}
