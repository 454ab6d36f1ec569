/* An NSM message that reads is written to one that reads as the same, and is then written to the same bytes. The first
 * byte says whether it is a request, or an answer to which operation; the rest is the message. */
#include "fuzz.h"

#include "core/nitro/nsm_api.h"

enum { WRITTEN_MAX = 1 << 16 };

static bool write_request(struct bytes cbor, uint8_t *room, struct bytes *written)
{
    struct nsm_request request;
    struct fault why;
    struct writer out = writer_of(room, WRITTEN_MAX);
    if (!nsm_read_request(cbor, &request, &why)) {
        must(why.code == FAULT_INPUT);
        return false;
    }
    nsm_put_request(&out, &request);
    return writer_done(&out, written);
}

static bool write_response(struct bytes cbor, enum nsm_operation operation, uint8_t *room, struct bytes *written)
{
    struct nsm_response response;
    struct fault why;
    struct writer out = writer_of(room, WRITTEN_MAX);
    if (!nsm_read_response(cbor, operation, &response, &why)) {
        must(why.code == FAULT_REMOTE);
        return false;
    }
    must(response.operation == operation && response.locked_count <= NSM_PCR_COUNT);
    nsm_put_response(&out, &response);
    must(writer_done(&out, written));
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static uint8_t first[WRITTEN_MAX], second[WRITTEN_MAX];
    if (len == 0)
        return 0;
    uint8_t *const input = exact_copy(data + 1, len - 1);
    const struct bytes message = { input, len - 1 };
    const unsigned which = data[0] % (NSM_ATTESTATION + 2);
    struct bytes once, twice;
    if (which > NSM_ATTESTATION) {
        if (write_request(message, first, &once))
            must(write_request(once, second, &twice) && bytes_equal(once, twice));
    } else {
        const enum nsm_operation operation = (enum nsm_operation)which;
        if (write_response(message, operation, first, &once))
            must(write_response(once, operation, second, &twice) && bytes_equal(once, twice));
    }
    free(input);
    return 0;
}
