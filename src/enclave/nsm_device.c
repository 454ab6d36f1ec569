#include "enclave/nsm_device.h"

#include "core/base/text.h"
#include "core/nitro/nsm_api.h"
#include "io/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ioctl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { SOCKET_MS = 10000 }; /* for one exchange with a stand-in; the kernel's own limit is 120 s */

/* The kernel's struct nsm_raw: two buffers, as addresses. The response's length is its room before and its size after,
 * so the structure is made anew for each call. */
struct nsm_raw {
    struct {
        uint64_t address, len;
    } request, response;
};
_Static_assert(sizeof(struct nsm_raw) == 32, "linux/nsm.h");
#define NSM_RAW _IOWR(0x0a, 0, struct nsm_raw)
_Static_assert(NSM_RAW == 0xc0200a00, "linux/nsm.h");

bool nsm_device_open(struct nsm_device *device, const char *where, struct fault *why)
{
    if (strcmp(where, NSM_DEVICE_PATH) == 0) {
        const int fd = open(NSM_DEVICE_PATH, O_RDWR | O_CLOEXEC);
        if (fd < 0)
            return fault_set(why, FAULT_INPUT,
                             "--nsm " NSM_DEVICE_PATH ": %s (it is there in a Nitro Enclave, and only for root)",
                             strerror(errno));
        *device = (struct nsm_device){ .kind = NSM_DEVICE_KERNEL, .fd = fd };
        return true;
    }
    struct endpoint endpoint;
    if (!text_starts_with(bytes_of_text(where), BYTES_LIT("unix:")) || !endpoint_read(where, &endpoint, why))
        return fault_set(why, FAULT_INPUT, "--nsm %.160s: wanted is " NSM_DEVICE_PATH " or unix:PATH", where);
    *device = (struct nsm_device){ .kind = NSM_DEVICE_SOCKET, .fd = -1, .endpoint = endpoint };
    return true;
}

static bool ask_kernel(int fd, struct bytes request, struct writer *response, struct fault *why)
{
    uint8_t buffer[NSM_RESPONSE_MAX]; /* always all of it: the kernel cuts silently what does not fit */
    struct nsm_raw raw = {
        .request = { (uint64_t)(uintptr_t)request.data, request.len },
        .response = { (uint64_t)(uintptr_t)buffer, sizeof buffer },
    };
    int result;
    do
        result = ioctl(fd, NSM_RAW, &raw);
    while (result != 0 && errno == EINTR);
    if (result != 0)
        return fault_set(why, FAULT_REMOTE, "the NSM gave no answer: %s", strerror(errno));
    if (raw.response.len > sizeof buffer)
        return fault_set(why, FAULT_REMOTE, "the NSM claims to have written more than it was given room for");
    writer_put(response, (struct bytes){ buffer, (size_t)raw.response.len });
    explicit_bzero(buffer, sizeof buffer); /* may be random numbers */
    return true;
}

static bool ask_socket(int fd, struct bytes request, struct writer *response, struct fault *why)
{
    const uint64_t deadline_ms = io_now_ms() + SOCKET_MS;
    uint8_t header[4];
    struct writer out = writer_of(header, sizeof header);
    writer_be(&out, request.len, sizeof header);
    if (!stream_write(fd, BYTES_OF(header), deadline_ms, why) || !stream_write(fd, request, deadline_ms, why) ||
        !stream_read(fd, header, sizeof header, deadline_ms, why))
        return false;
    struct reader in = reader_of(BYTES_OF(header));
    const size_t len = (size_t)reader_be(&in, sizeof header);
    if (len > NSM_RESPONSE_MAX)
        return fault_set(why, FAULT_REMOTE, "the NSM's response has %zu bytes, at most %d are defined", len,
                         NSM_RESPONSE_MAX);
    uint8_t buffer[NSM_RESPONSE_MAX];
    if (!stream_read(fd, buffer, len, deadline_ms, why))
        return false;
    writer_put(response, (struct bytes){ buffer, len });
    explicit_bzero(buffer, sizeof buffer);
    return true;
}

bool nsm_device_exchange(const struct nsm_device *device, struct bytes request, struct writer *response,
                         struct fault *why)
{
    if (request.len > NSM_REQUEST_MAX)
        return fault_set(why, FAULT_LIMIT, "the NSM takes requests of at most %d bytes, this one has %zu",
                         NSM_REQUEST_MAX, request.len);
    bool answered = false;
    switch (device->kind) {
    case NSM_DEVICE_NONE:
        return fault_set(why, FAULT_REMOTE, "there is no NSM here");
    case NSM_DEVICE_KERNEL:
        answered = ask_kernel(device->fd, request, response, why);
        break;
    case NSM_DEVICE_SOCKET: {
        const int fd = endpoint_connect(&device->endpoint, io_now_ms() + SOCKET_MS, why);
        if (fd < 0)
            break;
        answered = ask_socket(fd, request, response, why);
        close(fd);
        break;
    }
    }
    if (!answered) {
        why->code = FAULT_REMOTE;
        return device->kind == NSM_DEVICE_SOCKET && fault_prefix(why, "the NSM's socket: ");
    }
    if (response->failed)
        return fault_set(why, FAULT_LIMIT, "the NSM's response is larger than the room for it");
    return true;
}
