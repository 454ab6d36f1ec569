#include "enclave/entropy.h"

#include "core/nitro/nsm_api.h"

#include <errno.h>
#include <openssl/rand.h>
#include <string.h>
#include <sys/random.h>

enum { NSM_RANDOM_MIN = 32, SEED = 64 }; /* bytes: the least that an answer must hold; twice a generator's strength */

static void fill_from_kernel(uint8_t *out, size_t len)
{
    for (size_t done = 0; done < len;) {
        const ssize_t got = getrandom(out + done, len - done, 0);
        must(got > 0 || (got < 0 && errno == EINTR));
        if (got > 0)
            done += (size_t)got;
    }
}

/* Combines up to `len` bytes of `out` with as many of the NSM's. */
static bool mix_from_nsm(const struct nsm_device *nsm, uint8_t *out, size_t len, size_t *mixed, struct fault *why)
{
    uint8_t request[64], buffer[NSM_RESPONSE_MAX];
    struct writer asking = writer_of(request, sizeof request), answer = writer_of(buffer, sizeof buffer);
    nsm_put_request(&asking, &(struct nsm_request){ .operation = NSM_GET_RANDOM });
    struct bytes asked, answered;
    must(writer_done(&asking, &asked));
    struct nsm_response response;
    bool done = nsm_device_exchange(nsm, asked, &answer, why) && writer_done(&answer, &answered) &&
                nsm_read_response(answered, NSM_GET_RANDOM, &response, why);
    if (done && response.data.len < NSM_RANDOM_MIN)
        done = fault_set(why, FAULT_REMOTE, "the NSM gave %zu random bytes, at least %d are wanted", response.data.len,
                         NSM_RANDOM_MIN);
    if (done) {
        *mixed = len < response.data.len ? len : response.data.len;
        for (size_t i = 0; i < *mixed; i++)
            out[i] ^= response.data.data[i];
    }
    explicit_bzero(buffer, sizeof buffer);
    return done;
}

bool entropy_start(const struct nsm_device *nsm, struct fault *why)
{
    uint8_t seed[SEED];
    fill_from_kernel(seed, sizeof seed);
    if (nsm->kind != NSM_DEVICE_NONE) {
        for (size_t done = 0, mixed = 0; done < sizeof seed; done += mixed) {
            if (!mix_from_nsm(nsm, seed + done, sizeof seed - done, &mixed, why)) {
                explicit_bzero(seed, sizeof seed);
                return fault_prefix(why, "the NSM's random numbers: ");
            }
        }
    }
    RAND_seed(seed, sizeof seed); /* besides its own seeding from the kernel */
    explicit_bzero(seed, sizeof seed);
    return true;
}

void entropy_fill(const struct nsm_device *nsm, uint8_t *out, size_t len)
{
    fill_from_kernel(out, len);
    struct fault unused;
    for (size_t done = 0, mixed = 0; nsm->kind != NSM_DEVICE_NONE && done < len; done += mixed) {
        if (!mix_from_nsm(nsm, out + done, len - done, &mixed, &unused))
            break;
    }
}
