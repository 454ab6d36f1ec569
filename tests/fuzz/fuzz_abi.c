/* What is read canonically is written back as the same bytes. The input's first bytes choose what is expected. */
#include "fuzz.h"

#include "core/codec/abi.h"

enum { STEPS_MAX = 8, WRITTEN_MAX = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static uint8_t buffer[WRITTEN_MAX];
    if (len < STEPS_MAX)
        return 0;
    uint8_t *const input = exact_copy(data + STEPS_MAX, len - STEPS_MAX);
    struct reader in = reader_of((struct bytes){ input, len - STEPS_MAX });
    struct writer out = writer_of(buffer, sizeof buffer);
    struct bytes written;
    for (size_t step = 0; step < STEPS_MAX && !in.failed && in.rest.len > 0; step++) {
        const struct reader before = in;
        uint8_t address[20];
        switch (data[step] % 5) {
        case 0: {
            const struct u256 word = abi_read_word(&in);
            abi_put_word(&out, &word);
            break;
        }
        case 1:
            abi_read_address(&in, address);
            abi_put_address(&out, BYTES_OF(address));
            break;
        case 2:
            abi_put_bytes_tail(&out, abi_read_bytes_tail(&in));
            break;
        case 3: {
            const size_t count = abi_read_length(&in);
            must(in.failed || count <= in.rest.len);
            abi_put_uint(&out, count);
            break;
        }
        default:
            abi_expect_offset(&in, data[step]);
            abi_put_uint(&out, data[step]);
            break;
        }
        if (in.failed) {
            must(in.rest.len == 0);
            break;
        }
        must(writer_done(&out, &written));
        const size_t used = (size_t)(in.rest.data - input);
        must(used == written.len && in.rest.len < before.rest.len && memcmp(written.data, input, used) == 0);
    }
    free(input);
    return 0;
}
