/* user_data's grammar: whole ones, and ones that are wrong in exactly one way. */
#include "verify/user_data.h"

#include "check.h"
#include "core/base/text.h"

#include <string.h>

#define ADDRESS "0x70997970c51812dc3a010c7d01b50e0d17dc79c8"
#define H1      "1111111111111111111111111111111111111111111111111111111111111111"
#define H2      "2222222222222222222222222222222222222222222222222222222222222222"
#define H3      "3333333333333333333333333333333333333333333333333333333333333333"
#define KEY     "arn:aws:kms:us-east-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
#define SIGNER  "payments-signer:" ADDRESS
#define NOBODY  "payments-signer:unprovisioned"
#define HELD    ";policy-bound=true;key-origin=imported;kms-key=" KEY ";sealed-sha256=" H2
#define JOURNAL ";journal=" H3

static struct user_data data;

static bool reads(const char *text, struct fault *why)
{
    return user_data_read(bytes_of_text(text), &data, why);
}

static void whole_ones_are_read(void)
{
    struct fault why;
    CHECK(reads(SIGNER, &why) && data.bare && bytes_equal(data.address, BYTES_LIT(ADDRESS)));
    CHECK(reads(NOBODY, &why) && data.bare && data.address.len == 0);
    CHECK(reads(SIGNER ";mode=strict;policy-sha256=" H1 HELD JOURNAL, &why));
    CHECK(!data.bare && data.mode == USER_DATA_STRICT && data.policy_bound && !data.generated && !data.custom_roots);
    CHECK(bytes_equal(data.policy_sha256, BYTES_LIT(H1)) && bytes_equal(data.kms_key, BYTES_LIT(KEY)));
    CHECK(bytes_equal(data.sealed_sha256, BYTES_LIT(H2)) && bytes_equal(data.journal, BYTES_LIT(H3)));
    CHECK(reads(NOBODY ";mode=strict" JOURNAL, &why) && data.policy_sha256.len == 0);
    CHECK(reads(SIGNER ";mode=open;policy-bound=false;key-origin=imported;kms-key=09azAZ:/_-;sealed-sha256=" H2 JOURNAL
                       ";trust-roots=custom",
                &why) &&
          bytes_equal(data.kms_key, BYTES_LIT("09azAZ:/_-")));
    CHECK(reads(SIGNER ";mode=open;policy-bound=false;key-origin=imported;kms-key=k;sealed-sha256=" H2 JOURNAL
                       ";trust-roots=custom",
                &why));
    CHECK(reads(NOBODY ";mode=open;policy-sha256=" H1 JOURNAL ";trust-roots=custom", &why) && data.custom_roots);
    CHECK(reads(SIGNER ";mode=open;policy-bound=false;key-origin=imported" JOURNAL ";insecure", &why) && data.insecure);
    CHECK(reads(SIGNER ";mode=open;policy-bound=false;key-origin=generated;kms-key=" KEY ";sealed-sha256=" H2 JOURNAL
                       ";trust-roots=custom",
                &why) &&
          data.generated);
}

static void one_fault_is_enough(void)
{
    static const struct {
        const char *name, *text, *fragment;
    } rows[] = {
        { "empty", "", "payments-signer" },
        { "another program's", "signer:" ADDRESS, "payments-signer" },
        { "upper-case address", "payments-signer:0x70997970C51812DC3A010C7D01B50E0D17DC79C8", "address" },
        { "short address", "payments-signer:0x70997970c51812dc3a010c7d01b50e0d17dc79c", "address" },
        { "no address", "payments-signer:", "address" },
        { "a line end", SIGNER "\n", "printable" },
        { "a semicolon too many", SIGNER ";", "mode" },
        { "mode unknown", SIGNER ";mode=loose;policy-sha256=" H1 HELD JOURNAL, "mode" },
        { "mode missing", SIGNER ";policy-sha256=" H1 HELD JOURNAL, "mode" },
        { "mode twice", SIGNER ";mode=strict;mode=strict;policy-sha256=" H1 HELD JOURNAL, "policy-bound" },
        { "digest short", SIGNER ";mode=strict;policy-sha256=11" HELD JOURNAL, "policy-sha256" },
        { "digest upper-case",
          SIGNER
          ";mode=strict;policy-sha256=A111111111111111111111111111111111111111111111111111111111111111" HELD JOURNAL,
          "policy-sha256" },
        { "policy twice", SIGNER ";mode=strict;policy-sha256=" H1 ";policy-sha256=" H1 HELD JOURNAL, "policy-bound" },
        { "bound neither",
          SIGNER ";mode=strict;policy-sha256=" H1 ";policy-bound=yes;key-origin=imported;kms-key=" KEY
                 ";sealed-sha256=" H2 JOURNAL,
          "policy-bound" },
        { "bound to nothing", SIGNER ";mode=strict" HELD JOURNAL, "without a policy" },
        { "bound without a key", NOBODY ";mode=strict;policy-sha256=" H1 ";policy-bound=true" JOURNAL, "journal" },
        { "origin missing",
          SIGNER ";mode=strict;policy-sha256=" H1 ";policy-bound=true;kms-key=" KEY ";sealed-sha256=" H2 JOURNAL,
          "key-origin" },
        { "origin unknown",
          SIGNER ";mode=strict;policy-sha256=" H1 ";policy-bound=true;key-origin=found;kms-key=" KEY
                 ";sealed-sha256=" H2 JOURNAL,
          "key-origin" },
        { "no KMS key", SIGNER ";mode=strict;policy-sha256=" H1 ";policy-bound=true;key-origin=imported" JOURNAL,
          "kms-key" },
        { "KMS key empty",
          SIGNER ";mode=strict;policy-sha256=" H1
                 ";policy-bound=true;key-origin=imported;kms-key=;sealed-sha256=" H2 JOURNAL,
          "kms-key" },
        { "KMS key with an equals sign first",
          SIGNER ";mode=strict;policy-sha256=" H1
                 ";policy-bound=true;key-origin=imported;kms-key==b;sealed-sha256=" H2 JOURNAL,
          "kms-key" },
        { "KMS key with an equals sign",
          SIGNER ";mode=strict;policy-sha256=" H1
                 ";policy-bound=true;key-origin=imported;kms-key=a=b;sealed-sha256=" H2 JOURNAL,
          "kms-key" },
        { "sealed missing",
          SIGNER ";mode=strict;policy-sha256=" H1 ";policy-bound=true;key-origin=imported;kms-key=" KEY JOURNAL,
          "sealed-sha256" },
        { "journal missing", SIGNER ";mode=strict;policy-sha256=" H1 HELD, "journal is missing" },
        { "journal twice", SIGNER ";mode=strict;policy-sha256=" H1 HELD JOURNAL JOURNAL, ";journal=" },
        { "order", SIGNER ";mode=strict" HELD ";policy-sha256=" H1 JOURNAL, "without a policy" },
        { "roots before journal", SIGNER ";mode=strict;policy-sha256=" H1 HELD ";trust-roots=custom" JOURNAL,
          "journal" },
        { "roots of another kind", SIGNER ";mode=strict;policy-sha256=" H1 HELD JOURNAL ";trust-roots=amazon",
          "trust-roots=amazon" },
        { "roots twice", SIGNER ";mode=strict;policy-sha256=" H1 HELD JOURNAL ";trust-roots=custom;trust-roots=custom",
          "trust-roots" },
        { "unknown field", SIGNER ";mode=strict;policy-sha256=" H1 HELD JOURNAL ";more=1", ";more=1" },
        { "something after", SIGNER ";mode=strict;policy-sha256=" H1 HELD JOURNAL ";insecurely", "place: ly" },
        { "insecure with a KMS key", SIGNER ";mode=strict;policy-sha256=" H1 HELD JOURNAL ";insecure", "insecure" },
        { "fields that open mode leaves out", NOBODY ";mode=open" JOURNAL, "address alone" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fault why = { 0 };
        const struct user_data before = data;
        CHECK_ROW(rows[i].name, !reads(rows[i].text, &why));
        CHECK_ROW(why.text, strstr(why.text, rows[i].fragment) != NULL && why.code == FAULT_REMOTE);
        CHECK_ROW(rows[i].name, memcmp(&before, &data, sizeof data) == 0);
    }
}

/* An unknown field is shown up to its 60th byte, and nothing of what stands behind the text. */
static void what_is_shown_ends_with_the_text(void)
{
    static const char text[] = SIGNER ";mode=strict;policy-sha256=" H1 HELD JOURNAL ";" H1;
    const size_t before = sizeof text - 1 - strlen(";" H1);
    for (size_t len = 1; len <= strlen(";" H1); len++) {
        struct fault why = { 0 };
        CHECK(!user_data_read((struct bytes){ (const uint8_t *)text, before + len }, &data, &why));
        const char *shown = strrchr(why.text, ';');
        CHECK(shown != NULL && strlen(shown) == (len < 60 ? len : 60));
    }
}

int main(void)
{
    whole_ones_are_read();
    one_fault_is_enough();
    what_is_shown_ends_with_the_text();
    return failures != 0;
}
