/* Names that come from outside, hosts of every partition, encryption contexts, and KMS's errors. */
#include "check.h"

#include "core/kms/kms_api.h"

#include <string.h>

static const struct {
    const char *region, *host;
} hosts[] = {
    /* kms in botocore's endpoints.json */
    { "us-east-2", "kms.us-east-2.amazonaws.com" },
    { "ap-southeast-7", "kms.ap-southeast-7.amazonaws.com" },
    { "us-gov-west-1", "kms.us-gov-west-1.amazonaws.com" },
    { "cn-north-1", "kms.cn-north-1.amazonaws.com.cn" },
    { "us-iso-east-1", "kms.us-iso-east-1.c2s.ic.gov" },
    { "us-isob-east-1", "kms.us-isob-east-1.sc2s.sgov.gov" },
    { "us-isof-south-1", "kms.us-isof-south-1.csp.hci.ic.gov" },
    { "eu-isoe-west-1", "kms.eu-isoe-west-1.cloud.adc-e.uk" },
    { "eusc-de-east-1", "kms.eusc-de-east-1.amazonaws.eu" },
};

static void every_partition_has_its_host(void)
{
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        char host[KMS_HOST_MAX];
        CHECK_ROW(hosts[i].region, kms_region_ok(bytes_of_text(hosts[i].region)));
        kms_host(bytes_of_text(hosts[i].region), host);
        CHECK_ROW(hosts[i].region, strcmp(host, hosts[i].host) == 0);
    }
    char host[KMS_HOST_MAX];
    const struct bytes longest = BYTES_LIT("us-isof-aaaaaaaaaaaaaaaaaaaaa-1");
    CHECK(longest.len == KMS_REGION_MAX - 1 && kms_region_ok(longest));
    kms_host(longest, host);
    CHECK(strlen(host) < KMS_HOST_MAX);
}

static const struct bytes bad_regions[] = {
    BYTES_INIT(""),
    BYTES_INIT("r"),
    BYTES_INIT("us"),
    BYTES_INIT("us-1"),
    BYTES_INIT("u-east-1"),
    BYTES_INIT("us-east-"),
    BYTES_INIT("us-east"),
    BYTES_INIT("us--east-1"),
    BYTES_INIT("-us-east-1"),
    BYTES_INIT("us-east-1-"),
    BYTES_INIT("us-east-1a"),
    BYTES_INIT("us-east1-1"),
    BYTES_INIT("US-EAST-1"),
    BYTES_INIT("us-east-1 "),
    BYTES_INIT("us-east-1\n"),
    BYTES_INIT("us-east-1\0"),
    BYTES_INIT("us_east_1"),
    BYTES_INIT("us.east-1"),
    BYTES_INIT("evil.example/us-east-1"),
    BYTES_INIT("us-east-1.evil.example"),
    BYTES_INIT("us-east-1#-1"),
    BYTES_INIT("us-east-1\r\nHost: evil-1"),
    BYTES_INIT("us-isof-aaaaaaaaaaaaaaaaaaaaaa-1"), /* one too long */
};

static void rule_03_a_region_cannot_steer_the_host(void)
{
    for (size_t i = 0; i < sizeof bad_regions / sizeof *bad_regions; i++)
        CHECK_ROW((const char *)bad_regions[i].data, !kms_region_ok(bad_regions[i]));
}

#define UUID "1234abcd-12ab-34cd-56ef-1234567890ab"

static const struct {
    const char *why;
    struct bytes text;
} bad_arns[] = {
    { "empty", BYTES_INIT("") },
    { "an id alone", BYTES_INIT(UUID) },
    { "an alias", BYTES_INIT("arn:aws:kms:us-east-2:111122223333:alias/signer") },
    { "another service", BYTES_INIT("arn:aws:iam:us-east-2:111122223333:key/" UUID) },
    { "another partition than the region's", BYTES_INIT("arn:aws-cn:kms:us-east-2:111122223333:key/" UUID) },
    { "an unknown partition", BYTES_INIT("arn:aws-x:kms:us-east-2:111122223333:key/" UUID) },
    { "no region", BYTES_INIT("arn:aws:kms::111122223333:key/" UUID) },
    { "a region that is none", BYTES_INIT("arn:aws:kms:us2:111122223333:key/" UUID) },
    { "an account of 11 digits", BYTES_INIT("arn:aws:kms:us-east-2:11112222333:key/" UUID) },
    { "an account of 13 digits", BYTES_INIT("arn:aws:kms:us-east-2:1111222233334:key/" UUID) },
    { "a letter in the account", BYTES_INIT("arn:aws:kms:us-east-2:11112222333a:key/" UUID) },
    { "no id", BYTES_INIT("arn:aws:kms:us-east-2:111122223333:key/") },
    { "a short id", BYTES_INIT("arn:aws:kms:us-east-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890a") },
    { "upper case", BYTES_INIT("arn:aws:kms:us-east-2:111122223333:key/1234ABCD-12ab-34cd-56ef-1234567890ab") },
    { "no dashes", BYTES_INIT("arn:aws:kms:us-east-2:111122223333:key/1234abcd12ab34cd56ef1234567890ab") },
    { "a multi-Region id of 31",
      BYTES_INIT("arn:aws:kms:us-east-2:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890a") },
    { "a space after it", BYTES_INIT("arn:aws:kms:us-east-2:111122223333:key/" UUID " ") },
    { "a NUL after it", BYTES_INIT("arn:aws:kms:us-east-2:111122223333:key/" UUID "\0") },
    { "a path after it", BYTES_INIT("arn:aws:kms:us-east-2:111122223333:key/" UUID "/x") },
    { "a quote inside", BYTES_INIT("arn:aws:kms:us-east-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890a\"") },
};

static void key_arns_are_taken_apart(void)
{
    struct kms_key_arn arn = { 0 };
    CHECK(kms_key_arn_read(BYTES_LIT("arn:aws-us-gov:kms:us-gov-east-1:111122223333:key/" UUID), &arn));
    CHECK(bytes_equal(arn.partition, BYTES_LIT("aws-us-gov")) && bytes_equal(arn.region, BYTES_LIT("us-gov-east-1")));
    CHECK(bytes_equal(arn.account, BYTES_LIT("111122223333")) && bytes_equal(arn.id, BYTES_LIT(UUID)));
    CHECK(!arn.multi_region);
    CHECK(kms_key_arn_read(BYTES_LIT("arn:aws:kms:us-east-2:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab"),
                           &arn));
    CHECK(arn.multi_region);
    for (size_t i = 0; i < sizeof bad_arns / sizeof *bad_arns; i++)
        CHECK_ROW(bad_arns[i].why, !kms_key_arn_read(bad_arns[i].text, &arn));
}

static void names_for_headers_and_json_have_strict_characters(void)
{
    CHECK(kms_key_id_ok(BYTES_LIT(UUID)) && kms_key_id_ok(BYTES_LIT("alias/my_key-1")));
    CHECK(kms_key_id_ok(BYTES_LIT("arn:aws:kms:us-east-2:111122223333:alias/aws/ebs")));
    CHECK(!kms_key_id_ok(BYTES_LIT("")) && !kms_key_id_ok(BYTES_LIT("a\"b")) && !kms_key_id_ok(BYTES_LIT("a b")));
    CHECK(!kms_key_id_ok(BYTES_LIT("a\\b")) && !kms_key_id_ok(BYTES_LIT("a\nb")) &&
          !kms_key_id_ok(BYTES_LIT("\xc3\xa4")));
    CHECK(!kms_key_id_ok(BYTES_LIT("a\0b")));
    static uint8_t many[SECRET_TEXT_MAX + 1];
    memset(many, 'a', sizeof many);
    CHECK(kms_key_id_ok((struct bytes){ many, KMS_KEY_ID_MAX }));
    CHECK(!kms_key_id_ok((struct bytes){ many, KMS_KEY_ID_MAX + 1 }));

    CHECK(kms_access_key_id_ok(BYTES_LIT("ASIAIOSFODNN7EXAMPLE")) && kms_access_key_id_ok((struct bytes){ many, 128 }));
    CHECK(!kms_access_key_id_ok(BYTES_LIT("")) && !kms_access_key_id_ok((struct bytes){ many, 129 }));
    CHECK(!kms_access_key_id_ok(BYTES_LIT("ASIA/20261122")) && !kms_access_key_id_ok(BYTES_LIT("ASIA, Signature=0")));
    CHECK(!kms_access_key_id_ok(BYTES_LIT("ASIA\r\nX: y")));

    CHECK(kms_session_token_ok(BYTES_LIT("IQoJb3JpZ2luX2VjE+/abc==")));
    CHECK(kms_session_token_ok((struct bytes){ many, SECRET_TEXT_MAX }));
    CHECK(!kms_session_token_ok((struct bytes){ many, SECRET_TEXT_MAX + 1 }) && !kms_session_token_ok(BYTES_LIT("")));
    CHECK(!kms_session_token_ok(BYTES_LIT("a\r\nHost: evil")) && !kms_session_token_ok(BYTES_LIT("a b")));

    CHECK(kms_secret_access_key_ok(BYTES_LIT("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")));
    CHECK(!kms_secret_access_key_ok(BYTES_LIT("")) && !kms_secret_access_key_ok(BYTES_LIT("a b")));
    CHECK(!kms_secret_access_key_ok((struct bytes){ many, 129 }));

    enum kms_algorithm algorithm = KMS_SYMMETRIC_DEFAULT;
    CHECK(kms_algorithm_read(BYTES_LIT("RSAES_OAEP_SHA_256"), &algorithm) && algorithm == KMS_RSAES_OAEP_SHA_256);
    CHECK(!kms_algorithm_read(BYTES_LIT("symmetric_default"), &algorithm) &&
          !kms_algorithm_read(BYTES_LIT(""), &algorithm));
    CHECK(strcmp(kms_algorithm_name(KMS_SM2PKE), "SM2PKE") == 0);
}

static bool context_of(const char *text, struct kms_context *context, struct fault *why)
{
    static uint8_t room[16384];
    struct arena arena = arena_of(room, sizeof room);
    struct json object;
    CHECK_ROW(text, json_read(bytes_of_text(text), &object, why));
    return kms_context_from_json(object, &arena, context, why);
}

static const struct {
    const char *json, *says;
} bad_contexts[] = {
    { "[]", "an object" },
    { "\"a=b\"", "an object" },
    { "{\"a\": 1}", "strings" },
    { "{\"a\": null}", "strings" },
    { "{\"a\": {\"b\": \"c\"}}", "strings" },
    { "{\"\": \"b\"}", "empty name" },
    { "{\"a\": \"b\\nc\"}", "control" },
    { "{\"a\\u0000\": \"b\"}", "control" },
    { "{\"a\": \"b\\u007f\"}", "control" },
    { "{\"ensign-policy-sha256\": \"00\"}", "ensign-" },
    { "{\"ENSIGN-Policy-SHA256\": \"00\"}", "ensign-" },
    { "{\"\\u0065nsign-policy-sha256\": \"00\"}", "ensign-" },
    { "{\"ensign-\": \"\"}", "ensign-" },
    { "{\"en\\u017fign-policy-sha256\": \"00\"}", "ensign-" }, /* long s: its upper case is S */
    { "{\"ENS\\u0131GN-policy-sha256\": \"00\"}", "ensign-" }, /* i without a dot: its upper case is I */
    { "{\"ens\\u0130gn-\": \"00\"}", "ensign-" },              /* I with a dot: its lower case is i */
};

static void rule_03_contexts_are_strings_and_never_ours(void)
{
    struct kms_context context = { .count = 7 };
    struct fault why = { 0 };
    for (size_t i = 0; i < sizeof bad_contexts / sizeof *bad_contexts; i++) {
        why = (struct fault){ 0 };
        CHECK_ROW(bad_contexts[i].json, !context_of(bad_contexts[i].json, &context, &why));
        CHECK_ROW(bad_contexts[i].json, why.code == FAULT_INPUT && strstr(why.text, bad_contexts[i].says) != NULL);
    }
    CHECK(context.count == 7);
    CHECK(context_of("{}", &context, &why) && context.count == 0);
    CHECK(context_of("{\"b\": \"\\u20ac \\\"q\\\"\", \"ensig\": \"\", \"a\": \"x\"}", &context, &why));
    CHECK(context.count == 3 && bytes_equal(context.pairs[0].name, BYTES_LIT("b")));
    CHECK(bytes_equal(context.pairs[0].value, BYTES_LIT("\xe2\x82\xac \"q\"")));
    CHECK(bytes_equal(context.pairs[2].name, BYTES_LIT("a")) && bytes_equal(context.pairs[2].value, BYTES_LIT("x")));
}

static void contexts_have_maxima(void)
{
    struct kms_context context = { 0 };
    struct fault why = { 0 };
    static char text[16384];
    size_t at = (size_t)snprintf(text, sizeof text, "{");
    for (int i = 0; i < KMS_CONTEXT_PAIRS_MAX; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%s\"n%d\": \"v\"", i == 0 ? "" : ",", i);
    snprintf(text + at, sizeof text - at, "}");
    CHECK(context_of(text, &context, &why) && context.count == KMS_CONTEXT_PAIRS_MAX);
    CHECK(!kms_context_add(&context, KMS_POLICY_CONTEXT, BYTES_LIT("")));
    snprintf(text + at, sizeof text - at, ",\"more\": \"\"}");
    CHECK(!context_of(text, &context, &why) && why.code == FAULT_LIMIT);

    snprintf(text, sizeof text, "{\"n\": \"%0*d\"}", KMS_CONTEXT_TEXT_MAX - 1, 0);
    CHECK(context_of(text, &context, &why) && context.pairs[0].value.len == KMS_CONTEXT_TEXT_MAX - 1);
    snprintf(text, sizeof text, "{\"n\": \"%0*d\"}", KMS_CONTEXT_TEXT_MAX, 0);
    CHECK(!context_of(text, &context, &why) && why.code == FAULT_LIMIT);
}

static const struct {
    unsigned status;
    const char *body, *name;
} errors[] = {
    { 400, "{\"__type\":\"InvalidCiphertextException\"}", "InvalidCiphertextException" },
    { 400, "{\"__type\":\"AccessDeniedException\",\"Message\":\"User: …\"}", "AccessDeniedException" },
    { 400, "{\"__type\":\"com.amazonaws.kms#ValidationException\",\"message\":\"x\"}", "ValidationException" },
    { 400, "{\"__type\":\"DisabledException:http://internal.amazon.com/coral/\"}", "DisabledException" },
    { 400, "{\"__type\":\"a#b#NotFoundException:x#y\"}", "NotFoundException" },
    { 500, "{\"__type\":\"KMSInternalException\"}", "KMSInternalException" },
    { 400, "{\"__type\":\"SomethingNewException\"}", "UnknownError" },
    { 400, "{\"__type\":\"accessdeniedexception\"}", "UnknownError" },
    { 400, "{\"__type\":\"\"}", "UnknownError" },
    { 400, "{\"__type\":5}", "UnknownError" },
    { 400, "{\"message\":\"AccessDeniedException\"}", "UnknownError" },
    { 400, "[\"AccessDeniedException\"]", "UnknownError" },
    { 400, "{\"__type\":\"AccessDeniedException\",\"__type\":\"DisabledException\"}", "UnknownError" },
    { 502, "<html>bad gateway</html>", "UnknownError" },
    { 503, "", "UnknownError" },
};

static void errors_are_told_by_their_names_alone(void)
{
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        const struct kms_error error = kms_error_read(errors[i].status, bytes_of_text(errors[i].body));
        CHECK_ROW(errors[i].body, strcmp(error.name, errors[i].name) == 0 && strlen(error.hint) > 10);
    }
    /* what is not on the list is told apart by whose trouble it is */
    CHECK(strcmp(kms_error_read(400, BYTES_LIT("")).hint, kms_error_read(502, BYTES_LIT("")).hint) != 0);
}

static void every_error_has_a_sentence_that_fits_a_fault(void)
{
    for (size_t i = 0; kms_error_at(i) != NULL; i++) {
        const struct kms_error *error = kms_error_at(i);
        struct fault why;
        CHECK_ROW(error->name,
                  strlen(error->hint) > 10 && strlen(error->name) + strlen(error->hint) < sizeof why.text - 64);
        for (size_t j = 0; j < i; j++)
            CHECK_ROW(error->name, strcmp(error->name, kms_error_at(j)->name) != 0);
    }
}

/* What the documentation's table does not explain, nobody can look up. */
static void every_error_is_explained_in_the_documentation(void)
{
    static char page[65536];
    FILE *file = fopen(OUR_VECTORS "/../../docs/kms.md", "r");
    CHECK(file != NULL);
    if (file == NULL)
        return;
    page[fread(page, 1, sizeof page - 1, file)] = '\0';
    fclose(file);
    for (size_t i = 0; kms_error_at(i) != NULL; i++) {
        char quoted[64];
        snprintf(quoted, sizeof quoted, "`%s`", kms_error_at(i)->name);
        CHECK_ROW(quoted, strstr(page, quoted) != NULL);
    }
}

int main(void)
{
    every_partition_has_its_host();
    rule_03_a_region_cannot_steer_the_host();
    key_arns_are_taken_apart();
    names_for_headers_and_json_have_strict_characters();
    rule_03_contexts_are_strings_and_never_ours();
    contexts_have_maxima();
    errors_are_told_by_their_names_alone();
    every_error_has_a_sentence_that_fits_a_fault();
    every_error_is_explained_in_the_documentation();
    return failures != 0;
}
