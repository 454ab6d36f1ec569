#include "core/nitro/nsm_fields.h"

#include "core/codec/cbor.h"

const struct nsm_operation_row nsm_operations[NSM_OPERATIONS] = {
    [NSM_DESCRIBE_NSM] = { .name = "DescribeNSM", .bare_request = true },
    [NSM_GET_RANDOM] = { .name = "GetRandom", .bare_request = true },
    [NSM_DESCRIBE_PCR] = { .name = "DescribePCR" },
    [NSM_EXTEND_PCR] = { .name = "ExtendPCR" },
    [NSM_LOCK_PCR] = { .name = "LockPCR", .bare_response = true },
    [NSM_LOCK_PCRS] = { .name = "LockPCRs", .bare_response = true },
    [NSM_ATTESTATION] = { .name = "Attestation" },
};

const char *nsm_operation_name(enum nsm_operation operation)
{
    return nsm_operations[operation].name;
}

bool nsm_name_is(struct bytes text, const char *name)
{
    return bytes_equal(text, bytes_of_text(name));
}

void nsm_put_name(struct writer *out, const char *name)
{
    cbor_put_text(out, bytes_of_text(name));
}

void nsm_put_named_uint(struct writer *out, const char *name, uint16_t value)
{
    nsm_put_name(out, name);
    cbor_put_uint(out, value);
}

void nsm_put_named_bytes(struct writer *out, const char *name, struct bytes bytes)
{
    nsm_put_name(out, name);
    cbor_put_bytes(out, bytes);
}

uint16_t nsm_read_u16(struct reader *in)
{
    uint64_t value = cbor_read_uint(in);
    if (value > UINT16_MAX)
        reader_fail(in);
    return (uint16_t)value;
}

bool nsm_first_time(struct reader *in, bool *seen)
{
    if (*seen)
        reader_fail(in);
    *seen = true;
    return !in->failed;
}
