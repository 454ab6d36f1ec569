#include "core/nitro/nsm_fields.h"

#include "core/codec/cbor.h"

/* The names that the AWS library gives its errors. */
static const char *const error_names[] = {
    "InvalidArgument",  "InvalidIndex",   "InvalidResponse", "ReadOnlyIndex",
    "InvalidOperation", "BufferTooSmall", "InputTooLarge",   "InternalError",
};

void nsm_put_response(struct writer *out, const struct nsm_response *response)
{
    const char *name = nsm_operations[response->operation].name;
    if (nsm_operations[response->operation].bare_response) {
        nsm_put_name(out, name);
        return;
    }
    cbor_put_map(out, 1);
    nsm_put_name(out, name);
    switch (response->operation) {
    case NSM_DESCRIBE_NSM:
        must(response->locked_count <= NSM_PCR_COUNT);
        cbor_put_map(out, 7);
        nsm_put_named_uint(out, "version_major", response->version_major);
        nsm_put_named_uint(out, "version_minor", response->version_minor);
        nsm_put_named_uint(out, "version_patch", response->version_patch);
        nsm_put_name(out, "module_id");
        cbor_put_text(out, response->module_id);
        nsm_put_named_uint(out, "max_pcrs", response->max_pcrs);
        nsm_put_name(out, "locked_pcrs");
        cbor_put_array(out, response->locked_count);
        for (size_t i = 0; i < response->locked_count; i++)
            cbor_put_uint(out, response->locked_pcrs[i]);
        nsm_put_name(out, "digest");
        cbor_put_text(out, response->digest);
        break;
    case NSM_GET_RANDOM:
        cbor_put_map(out, 1);
        nsm_put_named_bytes(out, "random", response->data);
        break;
    case NSM_DESCRIBE_PCR:
        cbor_put_map(out, 2);
        nsm_put_name(out, "lock");
        cbor_put_bool(out, response->lock);
        nsm_put_named_bytes(out, "data", response->data);
        break;
    case NSM_EXTEND_PCR:
        cbor_put_map(out, 1);
        nsm_put_named_bytes(out, "data", response->data);
        break;
    case NSM_ATTESTATION:
        cbor_put_map(out, 1);
        nsm_put_named_bytes(out, "document", response->data);
        break;
    case NSM_LOCK_PCR:
    case NSM_LOCK_PCRS:
    default:
        must(false);
    }
}

void nsm_put_error(struct writer *out, const char *name)
{
    cbor_put_map(out, 1);
    nsm_put_name(out, "Error");
    nsm_put_name(out, name);
}

static bool length_is_of_a_pcr(size_t len)
{
    return len == 32 || len == 48 || len == NSM_PCR_MAX;
}

static void read_locked_pcrs(struct reader *in, struct nsm_response *response)
{
    struct cbor_items items = cbor_read_array(in);
    while (cbor_more(in, &items)) {
        uint16_t index = nsm_read_u16(in);
        if (response->locked_count == NSM_PCR_COUNT || index >= NSM_PCR_COUNT)
            reader_fail(in);
        else
            response->locked_pcrs[response->locked_count++] = index;
    }
}

/* The fields of DescribeNSM's map, by name. */
static void read_description(struct reader *in, struct nsm_response *response)
{
    bool major = false, minor = false, patch = false, module_id = false, max_pcrs = false, locked = false,
         digest = false;
    struct cbor_items fields = cbor_read_map(in);
    while (cbor_more(in, &fields)) {
        struct bytes key = cbor_read_text(in);
        if (nsm_name_is(key, "version_major") && nsm_first_time(in, &major))
            response->version_major = nsm_read_u16(in);
        else if (nsm_name_is(key, "version_minor") && nsm_first_time(in, &minor))
            response->version_minor = nsm_read_u16(in);
        else if (nsm_name_is(key, "version_patch") && nsm_first_time(in, &patch))
            response->version_patch = nsm_read_u16(in);
        else if (nsm_name_is(key, "module_id") && nsm_first_time(in, &module_id))
            response->module_id = cbor_read_text(in);
        else if (nsm_name_is(key, "max_pcrs") && nsm_first_time(in, &max_pcrs))
            response->max_pcrs = nsm_read_u16(in);
        else if (nsm_name_is(key, "locked_pcrs") && nsm_first_time(in, &locked))
            read_locked_pcrs(in, response);
        else if (nsm_name_is(key, "digest") && nsm_first_time(in, &digest))
            response->digest = cbor_read_text(in);
        else
            cbor_skip(in);
    }
    if (!(major && minor && patch && module_id && max_pcrs && locked && digest) || response->module_id.len == 0 ||
        response->module_id.len > NSM_MODULE_ID_MAX)
        reader_fail(in);
}

/* The one byte string of the other responses, and DescribePCR's lock. */
static void read_data(struct reader *in, struct nsm_response *response)
{
    const bool describes = response->operation == NSM_DESCRIBE_PCR, extends = response->operation == NSM_EXTEND_PCR;
    const char *name = describes || extends ? "data" : response->operation == NSM_ATTESTATION ? "document" : "random";
    bool lock = false, data = false;
    struct cbor_items fields = cbor_read_map(in);
    while (cbor_more(in, &fields)) {
        struct bytes key = cbor_read_text(in);
        if (nsm_name_is(key, name) && nsm_first_time(in, &data))
            response->data = cbor_read_bytes(in);
        else if (describes && nsm_name_is(key, "lock") && nsm_first_time(in, &lock))
            response->lock = cbor_read_bool(in);
        else
            cbor_skip(in);
    }
    const bool fits = describes || extends ? length_is_of_a_pcr(response->data.len) : response->data.len > 0;
    if (lock != describes || !fits)
        reader_fail(in);
}

static bool set_error(struct fault *why, const char *operation, struct bytes name)
{
    for (size_t i = 0; i < sizeof error_names / sizeof *error_names; i++)
        if (nsm_name_is(name, error_names[i]))
            return fault_set(why, FAULT_REMOTE, "NSM %s: %s", operation, error_names[i]);
    return fault_set(why, FAULT_REMOTE, "NSM %s: an unknown error", operation);
}

bool nsm_read_response(struct bytes cbor, enum nsm_operation operation, struct nsm_response *response,
                       struct fault *why)
{
    const struct nsm_operation_row *asked = &nsm_operations[operation];
    struct nsm_response read = { .operation = operation };
    struct reader in = reader_of(cbor);
    struct bytes error = { 0 };
    bool refused = false;
    if (asked->bare_response && cbor_peek(&in) == CBOR_TEXT) {
        if (!nsm_name_is(cbor_read_text(&in), asked->name))
            reader_fail(&in);
    } else {
        struct cbor_items one = cbor_read_map(&in);
        if (!cbor_more(&in, &one))
            reader_fail(&in);
        struct bytes name = cbor_read_text(&in);
        refused = nsm_name_is(name, "Error");
        if (refused)
            error = cbor_read_text(&in);
        else if (asked->bare_response || !nsm_name_is(name, asked->name))
            reader_fail(&in);
        else if (operation == NSM_DESCRIBE_NSM)
            read_description(&in, &read);
        else
            read_data(&in, &read);
        if (cbor_more(&in, &one))
            reader_fail(&in);
    }
    if (!reader_done(&in))
        return fault_set(why, FAULT_REMOTE, "NSM %s: malformed response", asked->name);
    if (refused)
        return set_error(why, asked->name, error);
    *response = read;
    return true;
}
