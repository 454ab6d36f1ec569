#include "core/nitro/nsm_api.h"

#include "core/codec/cbor.h"

enum { OPERATIONS = NSM_ATTESTATION + 1 };

static const struct operation {
    const char *name;
    bool bare_request, bare_response;
} operations[OPERATIONS] = {
    [NSM_DESCRIBE_NSM] = { .name = "DescribeNSM", .bare_request = true },
    [NSM_GET_RANDOM] = { .name = "GetRandom", .bare_request = true },
    [NSM_DESCRIBE_PCR] = { .name = "DescribePCR" },
    [NSM_EXTEND_PCR] = { .name = "ExtendPCR" },
    [NSM_LOCK_PCR] = { .name = "LockPCR", .bare_response = true },
    [NSM_LOCK_PCRS] = { .name = "LockPCRs", .bare_response = true },
    [NSM_ATTESTATION] = { .name = "Attestation" },
};

/* The names that the AWS library gives its errors. */
static const char *const error_names[] = {
    "InvalidArgument",  "InvalidIndex",   "InvalidResponse", "ReadOnlyIndex",
    "InvalidOperation", "BufferTooSmall", "InputTooLarge",   "InternalError",
};

const char *nsm_operation_name(enum nsm_operation operation)
{
    return operations[operation].name;
}

static bool text_is(struct bytes text, const char *name)
{
    return bytes_equal(text, bytes_of_text(name));
}

static void put_name(struct writer *out, const char *name)
{
    cbor_put_text(out, bytes_of_text(name));
}

static void put_named_uint(struct writer *out, const char *name, uint16_t value)
{
    put_name(out, name);
    cbor_put_uint(out, value);
}

static void put_named_bytes(struct writer *out, const char *name, struct bytes bytes)
{
    put_name(out, name);
    cbor_put_bytes(out, bytes);
}

static void put_option(struct writer *out, const char *name, struct optional_bytes option, size_t max)
{
    if (!option.present) {
        put_name(out, name);
        cbor_put_null(out);
    } else if (option.bytes.len > max) {
        writer_fail(out);
    } else {
        put_named_bytes(out, name, option.bytes);
    }
}

void nsm_put_request(struct writer *out, const struct nsm_request *request)
{
    const char *name = operations[request->operation].name;
    if (operations[request->operation].bare_request) {
        put_name(out, name);
        return;
    }
    cbor_put_map(out, 1);
    put_name(out, name);
    switch (request->operation) {
    case NSM_DESCRIBE_PCR:
    case NSM_LOCK_PCR:
        cbor_put_map(out, 1);
        put_named_uint(out, "index", request->index);
        break;
    case NSM_LOCK_PCRS:
        cbor_put_map(out, 1);
        put_named_uint(out, "range", request->index);
        break;
    case NSM_EXTEND_PCR:
        cbor_put_map(out, 2);
        put_named_uint(out, "index", request->index);
        put_named_bytes(out, "data", request->data);
        break;
    case NSM_ATTESTATION:
        cbor_put_map(out, 3);
        put_option(out, "user_data", request->user_data, NSM_USER_DATA_MAX);
        put_option(out, "nonce", request->nonce, NSM_USER_DATA_MAX);
        put_option(out, "public_key", request->public_key, NSM_PUBLIC_KEY_MAX);
        break;
    case NSM_DESCRIBE_NSM:
    case NSM_GET_RANDOM:
    default:
        must(false);
    }
}

void nsm_put_response(struct writer *out, const struct nsm_response *response)
{
    const char *name = operations[response->operation].name;
    if (operations[response->operation].bare_response) {
        put_name(out, name);
        return;
    }
    cbor_put_map(out, 1);
    put_name(out, name);
    switch (response->operation) {
    case NSM_DESCRIBE_NSM:
        must(response->locked_count <= NSM_PCR_COUNT);
        cbor_put_map(out, 7);
        put_named_uint(out, "version_major", response->version_major);
        put_named_uint(out, "version_minor", response->version_minor);
        put_named_uint(out, "version_patch", response->version_patch);
        put_name(out, "module_id");
        cbor_put_text(out, response->module_id);
        put_named_uint(out, "max_pcrs", response->max_pcrs);
        put_name(out, "locked_pcrs");
        cbor_put_array(out, response->locked_count);
        for (size_t i = 0; i < response->locked_count; i++)
            cbor_put_uint(out, response->locked_pcrs[i]);
        put_name(out, "digest");
        cbor_put_text(out, response->digest);
        break;
    case NSM_GET_RANDOM:
        cbor_put_map(out, 1);
        put_named_bytes(out, "random", response->data);
        break;
    case NSM_DESCRIBE_PCR:
        cbor_put_map(out, 2);
        put_name(out, "lock");
        cbor_put_bool(out, response->lock);
        put_named_bytes(out, "data", response->data);
        break;
    case NSM_EXTEND_PCR:
        cbor_put_map(out, 1);
        put_named_bytes(out, "data", response->data);
        break;
    case NSM_ATTESTATION:
        cbor_put_map(out, 1);
        put_named_bytes(out, "document", response->data);
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
    put_name(out, "Error");
    put_name(out, name);
}

static uint16_t read_u16(struct reader *in)
{
    uint64_t value = cbor_read_uint(in);
    if (value > UINT16_MAX)
        reader_fail(in);
    return (uint16_t)value;
}

/* A field's name stands once: false means that it does not fit, and then the reader has failed. */
static bool first_time(struct reader *in, bool *seen)
{
    if (*seen)
        reader_fail(in);
    *seen = true;
    return !in->failed;
}

static void read_option(struct reader *in, struct optional_bytes *option)
{
    if (!cbor_read_null(in))
        *option = (struct optional_bytes){ true, cbor_read_bytes(in) };
}

/* The fields that a request's map may have; a missing option is null, the others must be there. */
static void read_request_fields(struct reader *in, struct nsm_request *request)
{
    bool index = false, data = false, user_data = false, nonce = false, public_key = false;
    const enum nsm_operation operation = request->operation;
    const bool attests = operation == NSM_ATTESTATION, extends = operation == NSM_EXTEND_PCR;
    struct cbor_items fields = cbor_read_map(in);
    while (cbor_more(in, &fields)) {
        struct bytes key = cbor_read_text(in);
        if (!attests && text_is(key, operation == NSM_LOCK_PCRS ? "range" : "index") && first_time(in, &index))
            request->index = read_u16(in);
        else if (extends && text_is(key, "data") && first_time(in, &data))
            request->data = cbor_read_bytes(in);
        else if (attests && text_is(key, "user_data") && first_time(in, &user_data))
            read_option(in, &request->user_data);
        else if (attests && text_is(key, "nonce") && first_time(in, &nonce))
            read_option(in, &request->nonce);
        else if (attests && text_is(key, "public_key") && first_time(in, &public_key))
            read_option(in, &request->public_key);
        else
            reader_fail(in);
    }
    if (index == attests || data != extends)
        reader_fail(in);
}

bool nsm_read_request(struct bytes cbor, struct nsm_request *request, struct fault *why)
{
    struct reader in = reader_of(cbor);
    const bool bare = cbor_peek(&in) == CBOR_TEXT;
    struct cbor_items one = { 0 };
    if (!bare) {
        one = cbor_read_map(&in);
        if (!cbor_more(&in, &one))
            reader_fail(&in);
    }
    struct bytes name = cbor_read_text(&in);
    struct nsm_request read = { 0 };
    size_t operation = 0;
    while (operation < OPERATIONS && !text_is(name, operations[operation].name))
        operation++;
    if (in.failed || operation == OPERATIONS || operations[operation].bare_request != bare)
        return fault_set(why, FAULT_INPUT, "NSM request: not one of the operations");

    read.operation = (enum nsm_operation)operation;
    if (!bare) {
        read_request_fields(&in, &read);
        if (cbor_more(&in, &one))
            reader_fail(&in);
    }
    if (!reader_done(&in))
        return fault_set(why, FAULT_INPUT, "NSM %s: malformed request", operations[operation].name);
    *request = read;
    return true;
}

static bool length_is_of_a_pcr(size_t len)
{
    return len == 32 || len == 48 || len == NSM_PCR_MAX;
}

static void read_locked_pcrs(struct reader *in, struct nsm_response *response)
{
    struct cbor_items items = cbor_read_array(in);
    while (cbor_more(in, &items)) {
        uint16_t index = read_u16(in);
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
        if (text_is(key, "version_major") && first_time(in, &major))
            response->version_major = read_u16(in);
        else if (text_is(key, "version_minor") && first_time(in, &minor))
            response->version_minor = read_u16(in);
        else if (text_is(key, "version_patch") && first_time(in, &patch))
            response->version_patch = read_u16(in);
        else if (text_is(key, "module_id") && first_time(in, &module_id))
            response->module_id = cbor_read_text(in);
        else if (text_is(key, "max_pcrs") && first_time(in, &max_pcrs))
            response->max_pcrs = read_u16(in);
        else if (text_is(key, "locked_pcrs") && first_time(in, &locked))
            read_locked_pcrs(in, response);
        else if (text_is(key, "digest") && first_time(in, &digest))
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
        if (text_is(key, name) && first_time(in, &data))
            response->data = cbor_read_bytes(in);
        else if (describes && text_is(key, "lock") && first_time(in, &lock))
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
        if (text_is(name, error_names[i]))
            return fault_set(why, FAULT_REMOTE, "NSM %s: %s", operation, error_names[i]);
    return fault_set(why, FAULT_REMOTE, "NSM %s: an unknown error", operation);
}

bool nsm_read_response(struct bytes cbor, enum nsm_operation operation, struct nsm_response *response,
                       struct fault *why)
{
    const struct operation *asked = &operations[operation];
    struct nsm_response read = { .operation = operation };
    struct reader in = reader_of(cbor);
    struct bytes error = { 0 };
    bool refused = false;
    if (asked->bare_response && cbor_peek(&in) == CBOR_TEXT) {
        if (!text_is(cbor_read_text(&in), asked->name))
            reader_fail(&in);
    } else {
        struct cbor_items one = cbor_read_map(&in);
        if (!cbor_more(&in, &one))
            reader_fail(&in);
        struct bytes name = cbor_read_text(&in);
        refused = text_is(name, "Error");
        if (refused)
            error = cbor_read_text(&in);
        else if (asked->bare_response || !text_is(name, asked->name))
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
