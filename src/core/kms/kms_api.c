#include "core/kms/kms_api.h"

#include "core/base/text.h"

#include <string.h>

/* Regions' prefixes and what they say of the partition; the last, empty one takes the rest. The dash at the end keeps
 * "us-iso-" and "us-isob-" apart. */
static const struct partition {
    struct bytes region_prefix, name;
    const char *suffix;
} partitions[] = {
    { BYTES_INIT("cn-"), BYTES_INIT("aws-cn"), "amazonaws.com.cn" },
    { BYTES_INIT("us-gov-"), BYTES_INIT("aws-us-gov"), "amazonaws.com" },
    { BYTES_INIT("us-iso-"), BYTES_INIT("aws-iso"), "c2s.ic.gov" },
    { BYTES_INIT("us-isob-"), BYTES_INIT("aws-iso-b"), "sc2s.sgov.gov" },
    { BYTES_INIT("us-isof-"), BYTES_INIT("aws-iso-f"), "csp.hci.ic.gov" },
    { BYTES_INIT("eu-isoe-"), BYTES_INIT("aws-iso-e"), "cloud.adc-e.uk" },
    { BYTES_INIT("eusc-"), BYTES_INIT("aws-eusc"), "amazonaws.eu" },
    { BYTES_INIT(""), BYTES_INIT("aws"), "amazonaws.com" },
};

static const struct partition *partition_of(struct bytes region)
{
    const struct partition *partition = partitions;
    while (!text_starts_with(region, partition->region_prefix))
        partition++;
    return partition;
}

static bool is_lower(uint8_t c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_alphanumeric(uint8_t c)
{
    return is_lower(c) || is_digit(c) || (c >= 'A' && c <= 'Z');
}

static bool is_lower_hex(uint8_t c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f');
}

/* 1 to max letters, digits or `others`. */
static bool consists_of(struct bytes text, size_t max, const char *others)
{
    if (text.len == 0 || text.len > max)
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (!is_alphanumeric(text.data[i]) && memchr(others, text.data[i], strlen(others)) == NULL)
            return false;
    return true;
}

static struct bytes take_while(struct reader *in, bool (*holds)(uint8_t))
{
    size_t len = 0;
    while (len < in->rest.len && holds(in->rest.data[len]))
        len++;
    return reader_take(in, len);
}

static void expect(struct reader *in, struct bytes literal)
{
    if (!bytes_equal(reader_take(in, literal.len), literal))
        reader_fail(in);
}

bool kms_region_ok(struct bytes region)
{
    if (region.len >= KMS_REGION_MAX)
        return false;
    struct reader in = reader_of(region);
    if (take_while(&in, is_lower).len < 2)
        reader_fail(&in);
    size_t words = 0;
    for (;;) {
        expect(&in, BYTES_LIT("-"));
        if (take_while(&in, is_lower).len == 0)
            break;
        words++;
    }
    return words > 0 && take_while(&in, is_digit).len > 0 && reader_done(&in);
}

void kms_host(struct bytes region, char host[static KMS_HOST_MAX])
{
    struct writer out = writer_of((uint8_t *)host, KMS_HOST_MAX);
    writer_text(&out, "kms.");
    writer_put(&out, region);
    writer_u8(&out, '.');
    writer_text(&out, partition_of(region)->suffix);
    writer_u8(&out, '\0');
    must(kms_region_ok(region) && !out.failed);
}

static struct bytes take_hex(struct reader *in, size_t len)
{
    struct bytes digits = take_while(in, is_lower_hex);
    if (digits.len != len)
        reader_fail(in);
    return digits;
}

static bool key_id_is_uuid(struct bytes id)
{
    static const size_t groups[] = { 8, 4, 4, 4, 12 };
    struct reader in = reader_of(id);
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        if (i > 0)
            expect(&in, BYTES_LIT("-"));
        take_hex(&in, groups[i]);
    }
    return reader_done(&in);
}

static bool key_id_is_multi_region(struct bytes id)
{
    struct reader in = reader_of(id);
    expect(&in, BYTES_LIT("mrk-"));
    take_hex(&in, 32);
    return reader_done(&in);
}

static bool is_within_an_arn_part(uint8_t c)
{
    return is_lower(c) || is_digit(c) || c == '-';
}

bool kms_key_arn_read(struct bytes text, struct kms_key_arn *arn)
{
    struct kms_key_arn read = { 0 };
    struct reader in = reader_of(text);
    expect(&in, BYTES_LIT("arn:"));
    read.partition = take_while(&in, is_within_an_arn_part);
    expect(&in, BYTES_LIT(":kms:"));
    read.region = take_while(&in, is_within_an_arn_part);
    expect(&in, BYTES_LIT(":"));
    read.account = take_while(&in, is_digit);
    expect(&in, BYTES_LIT(":key/"));
    read.id = take_while(&in, is_within_an_arn_part);
    read.multi_region = key_id_is_multi_region(read.id);
    if (!reader_done(&in) || !kms_region_ok(read.region) || read.account.len != 12 ||
        !bytes_equal(read.partition, partition_of(read.region)->name) ||
        !(read.multi_region || key_id_is_uuid(read.id)))
        return false;
    *arn = read;
    return true;
}

bool kms_key_id_ok(struct bytes text)
{
    return consists_of(text, KMS_KEY_ID_MAX, ":/_-");
}

static const char *const algorithm_names[] = {
    [KMS_SYMMETRIC_DEFAULT] = "SYMMETRIC_DEFAULT",
    [KMS_RSAES_OAEP_SHA_1] = "RSAES_OAEP_SHA_1",
    [KMS_RSAES_OAEP_SHA_256] = "RSAES_OAEP_SHA_256",
    [KMS_SM2PKE] = "SM2PKE",
};

const char *kms_algorithm_name(enum kms_algorithm algorithm)
{
    return algorithm_names[algorithm];
}

bool kms_algorithm_read(struct bytes text, enum kms_algorithm *algorithm)
{
    for (size_t i = 0; i < sizeof algorithm_names / sizeof *algorithm_names; i++)
        if (bytes_equal(text, bytes_of_text(algorithm_names[i]))) {
            *algorithm = (enum kms_algorithm)i;
            return true;
        }
    return false;
}

bool kms_access_key_id_ok(struct bytes text)
{
    return consists_of(text, AWS_ACCESS_KEY_ID_MAX, "_");
}

bool kms_session_token_ok(struct bytes text)
{
    return consists_of(text, SECRET_TEXT_MAX, "+/=_-.:%");
}

bool kms_secret_access_key_ok(struct bytes text)
{
    if (text.len == 0 || text.len > 128)
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < 0x21 || text.data[i] > 0x7e)
            return false;
    return true;
}

static bool has_control_character(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < 0x20 || text.data[i] == 0x7f)
            return true;
    return false;
}

static bool read_context_text(struct json value, struct arena *arena, struct bytes *text, struct fault *why)
{
    if (json_kind(value) != JSON_STRING)
        return fault_set(why, FAULT_INPUT, "encryption_context must map strings to strings (got %s)",
                         json_kind_name(json_kind(value)));
    struct writer out = arena_writer(arena);
    if (!json_string(value, &out) || !arena_keep(arena, &out, text))
        return fault_set(why, FAULT_LIMIT, "encryption_context is too long");
    if (has_control_character(*text))
        return fault_set(why, FAULT_INPUT, "encryption_context holds a control character");
    return true;
}

/* Without regard to case in Unicode's sense: long s (U+017F) and the i with and without a dot in the other case
 * (U+0130, U+0131) are s and i to whoever compares as Java does, and how KMS compares is not documented. */
static bool is_reserved(struct bytes name)
{
    const struct bytes prefix = BYTES_LIT("ensign-");
    struct reader in = reader_of(name);
    for (size_t i = 0; i < prefix.len; i++) {
        uint8_t c = reader_u8(&in);
        if (c == 0xc4 || c == 0xc5) {
            const uint8_t next = reader_u8(&in);
            c = c == 0xc5 && next == 0xbf ? 's' : c == 0xc4 && (next == 0xb0 || next == 0xb1) ? 'i' : 0;
        }
        if (!text_equal_nocase((struct bytes){ &c, 1 }, (struct bytes){ prefix.data + i, 1 }))
            return false;
    }
    return true;
}

bool kms_context_from_json(struct json object, struct arena *arena, struct kms_context *context, struct fault *why)
{
    if (json_kind(object) != JSON_OBJECT)
        return fault_set(why, FAULT_INPUT, "encryption_context must be an object of strings (got %s)",
                         json_kind_name(json_kind(object)));
    struct kms_context read = { 0 };
    struct json_cursor members = json_items(object);
    struct json key, member;
    size_t total = 0;
    while (json_next(&members, &key, &member)) {
        struct bytes name, value;
        if (!read_context_text(key, arena, &name, why) || !read_context_text(member, arena, &value, why))
            return false;
        if (name.len == 0)
            return fault_set(why, FAULT_INPUT, "encryption_context has an empty name");
        if (is_reserved(name))
            return fault_set(
                why, FAULT_INPUT,
                "encryption_context may not have a name that begins with ensign- (the enclave alone makes those)");
        total += name.len + value.len;
        if (total > KMS_CONTEXT_TEXT_MAX)
            return fault_set(why, FAULT_LIMIT, "encryption_context is longer than %d bytes", KMS_CONTEXT_TEXT_MAX);
        if (!kms_context_add(&read, name, value))
            return fault_set(why, FAULT_LIMIT, "encryption_context has more than %d pairs", KMS_CONTEXT_PAIRS_MAX);
    }
    *context = read;
    return true;
}

bool kms_context_add(struct kms_context *context, struct bytes name, struct bytes value)
{
    if (context->count == KMS_CONTEXT_PAIRS_MAX)
        return false;
    context->pairs[context->count].name = name;
    context->pairs[context->count].value = value;
    context->count++;
    return true;
}
