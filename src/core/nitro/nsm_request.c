#include "core/nitro/nsm_fields.h"

#include "core/codec/cbor.h"

static void put_option(struct writer *out, const char *name, struct optional_bytes option, size_t max)
{
    if (!option.present) {
        nsm_put_name(out, name);
        cbor_put_null(out);
    } else if (option.bytes.len > max) {
        writer_fail(out);
    } else {
        nsm_put_named_bytes(out, name, option.bytes);
    }
}

void nsm_put_request(struct writer *out, const struct nsm_request *request)
{
    const char *name = nsm_operations[request->operation].name;
    if (nsm_operations[request->operation].bare_request) {
        nsm_put_name(out, name);
        return;
    }
    cbor_put_map(out, 1);
    nsm_put_name(out, name);
    switch (request->operation) {
    case NSM_DESCRIBE_PCR:
    case NSM_LOCK_PCR:
        cbor_put_map(out, 1);
        nsm_put_named_uint(out, "index", request->index);
        break;
    case NSM_LOCK_PCRS:
        cbor_put_map(out, 1);
        nsm_put_named_uint(out, "range", request->index);
        break;
    case NSM_EXTEND_PCR:
        cbor_put_map(out, 2);
        nsm_put_named_uint(out, "index", request->index);
        nsm_put_named_bytes(out, "data", request->data);
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
        if (!attests && nsm_name_is(key, operation == NSM_LOCK_PCRS ? "range" : "index") && nsm_first_time(in, &index))
            request->index = nsm_read_u16(in);
        else if (extends && nsm_name_is(key, "data") && nsm_first_time(in, &data))
            request->data = cbor_read_bytes(in);
        else if (attests && nsm_name_is(key, "user_data") && nsm_first_time(in, &user_data))
            read_option(in, &request->user_data);
        else if (attests && nsm_name_is(key, "nonce") && nsm_first_time(in, &nonce))
            read_option(in, &request->nonce);
        else if (attests && nsm_name_is(key, "public_key") && nsm_first_time(in, &public_key))
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
    while (operation < NSM_OPERATIONS && !nsm_name_is(name, nsm_operations[operation].name))
        operation++;
    if (in.failed || operation == NSM_OPERATIONS || nsm_operations[operation].bare_request != bare)
        return fault_set(why, FAULT_INPUT, "NSM request: not one of the operations");

    read.operation = (enum nsm_operation)operation;
    if (!bare) {
        read_request_fields(&in, &read);
        if (cbor_more(&in, &one))
            reader_fail(&in);
    }
    if (!reader_done(&in))
        return fault_set(why, FAULT_INPUT, "NSM %s: malformed request", nsm_operations[operation].name);
    *request = read;
    return true;
}
