#include "verify/user_data.h"

#include "core/base/text.h"

enum { DIGEST_DIGITS = 64, ADDRESS_TEXT = 42 };

static bool is_lower_hex(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        const uint8_t c = text.data[i];
        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
            return false;
    }
    return true;
}

static bool is_key_arn_text(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        const uint8_t c = text.data[i];
        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && c != ':' && c != '/' &&
            c != '_' && c != '-')
            return false;
    }
    return text.len > 0;
}

/* Takes the text when `in` goes on with it. */
static bool take(struct reader *in, struct bytes text)
{
    if (in->failed || !text_starts_with(in->rest, text))
        return false;
    (void)reader_take(in, text.len);
    return true;
}

/* All up to the next semicolon, or to the end. */
static struct bytes take_value(struct reader *in)
{
    size_t len = 0;
    while (len < in->rest.len && in->rest.data[len] != ';')
        len++;
    return reader_take(in, len);
}

static bool take_digest(struct reader *in, const char *field, struct bytes *digest, struct fault *why)
{
    *digest = take_value(in);
    return (digest->len == DIGEST_DIGITS && is_lower_hex(*digest)) ||
           fault_set(why, FAULT_REMOTE, "%s is not 64 lower-case hex digits", field);
}

/* One of two words; the first makes *truth true. */
static bool take_choice(struct reader *in, const char *field, struct bytes yes, struct bytes no, bool *truth,
                        struct fault *why)
{
    const struct bytes value = take_value(in);
    *truth = bytes_equal(value, yes);
    return *truth || bytes_equal(value, no) ||
           fault_set(why, FAULT_REMOTE, "%s is neither %.*s nor %.*s", field, (int)yes.len, (const char *)yes.data,
                     (int)no.len, (const char *)no.data);
}

static bool read_address(struct reader *in, struct user_data *data, struct fault *why)
{
    if (!take(in, BYTES_LIT("payments-signer:")))
        return fault_set(why, FAULT_REMOTE, "does not begin with payments-signer: (another program's document)");
    const struct bytes value = take_value(in);
    if (bytes_equal(value, BYTES_LIT("unprovisioned")))
        return true;
    data->address = value;
    return (value.len == ADDRESS_TEXT && text_starts_with(value, BYTES_LIT("0x")) &&
            is_lower_hex((struct bytes){ value.data + 2, value.len - 2 })) ||
           fault_set(why, FAULT_REMOTE,
                     "names neither unprovisioned nor an address of 0x and 40 lower-case hex digits");
}

static bool read_key_fields(struct reader *in, struct user_data *data, struct fault *why)
{
    if (!take(in, BYTES_LIT(";policy-bound=")))
        return fault_set(why, FAULT_REMOTE, "policy-bound is missing or out of its place");
    if (!take_choice(in, "policy-bound", BYTES_LIT("true"), BYTES_LIT("false"), &data->policy_bound, why))
        return false;
    if (data->policy_bound && data->policy_sha256.len == 0)
        return fault_set(why, FAULT_REMOTE, "policy-bound=true without a policy-sha256");
    if (!take(in, BYTES_LIT(";key-origin=")))
        return fault_set(why, FAULT_REMOTE, "key-origin is missing or out of its place");
    if (!take_choice(in, "key-origin", BYTES_LIT("generated"), BYTES_LIT("imported"), &data->generated, why))
        return false;
    if (!take(in, BYTES_LIT(";kms-key=")))
        return true;
    data->kms_key = take_value(in);
    if (!is_key_arn_text(data->kms_key))
        return fault_set(why, FAULT_REMOTE, "kms-key is no ARN");
    if (!take(in, BYTES_LIT(";sealed-sha256=")))
        return fault_set(why, FAULT_REMOTE, "sealed-sha256 is missing or out of its place");
    return take_digest(in, "sealed-sha256", &data->sealed_sha256, why);
}

static bool read_fields(struct reader *in, struct user_data *data, struct fault *why)
{
    bool strict = false;
    if (!take(in, BYTES_LIT(";mode=")))
        return fault_set(why, FAULT_REMOTE, "mode does not follow the address");
    if (!take_choice(in, "mode", BYTES_LIT("strict"), BYTES_LIT("open"), &strict, why))
        return false;
    data->mode = strict ? USER_DATA_STRICT : USER_DATA_OPEN;
    if (take(in, BYTES_LIT(";policy-sha256=")) && !take_digest(in, "policy-sha256", &data->policy_sha256, why))
        return false;
    if (data->address.len > 0 && !read_key_fields(in, data, why))
        return false;
    if (!take(in, BYTES_LIT(";journal=")))
        return fault_set(why, FAULT_REMOTE, "journal is missing, or something stands before it that may not");
    if (!take_digest(in, "journal", &data->journal, why))
        return false;
    data->custom_roots = take(in, BYTES_LIT(";trust-roots=custom"));
    data->insecure = take(in, BYTES_LIT(";insecure"));
    return true;
}

bool user_data_read(struct bytes text, struct user_data *data, struct fault *why)
{
    struct user_data found = { .mode = USER_DATA_OPEN };
    struct reader in = reader_of(text);
    if (!text_is_printable(text))
        return fault_set(why, FAULT_REMOTE, "is not printable ASCII");
    if (!read_address(&in, &found, why))
        return false;
    found.bare = in.rest.len == 0;
    if (!found.bare && !read_fields(&in, &found, why))
        return false;
    if (!reader_done(&in))
        return fault_set(why, FAULT_REMOTE, "has a field that is unknown, twice, or out of its place: %.*s",
                         (int)(in.rest.len < 60 ? in.rest.len : 60), (const char *)in.rest.data);
    /* The longest is bounded by the document's form; what belongs together is not. */
    if (!found.bare && found.address.len > 0 && found.insecure == (found.kms_key.len > 0))
        return fault_set(why, FAULT_REMOTE,
                         found.insecure ? "has a kms-key beside an insecure key"
                                        : "has no kms-key, and the key is not insecure");
    if (!found.bare && found.mode == USER_DATA_OPEN && found.policy_sha256.len == 0 && !found.custom_roots &&
        !found.insecure)
        return fault_set(why, FAULT_REMOTE, "has fields where open mode without a policy has the address alone");
    *data = found;
    return true;
}
