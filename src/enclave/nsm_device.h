/* nsm_device: the way to the Nitro Security Module (FACTS A.1), or to what stands in for it.
 *
 *   /dev/nsm    the kernel's character device, one ioctl an exchange
 *   unix:PATH   4 bytes big-endian length and CBOR, both ways; a connection an exchange
 *
 * Any number of threads may use one device.
 */
#ifndef ENCLAVE_NSM_DEVICE_H
#define ENCLAVE_NSM_DEVICE_H

#include "core/base/bytes.h"
#include "core/base/fault.h"
#include "io/endpoint.h"

#define NSM_DEVICE_PATH "/dev/nsm"

enum nsm_device_kind { NSM_DEVICE_NONE, NSM_DEVICE_KERNEL, NSM_DEVICE_SOCKET };

struct nsm_device {
    enum nsm_device_kind kind;
    int fd;                   /* of the kernel's device */
    struct endpoint endpoint; /* of the socket */
};

/* `where` as above. FAULT_INPUT when it is neither or not there. */
bool nsm_device_open(struct nsm_device *device, const char *where, struct fault *why) MUST_USE;

/* One request of at most NSM_REQUEST_MAX bytes and its response of at most NSM_RESPONSE_MAX. FAULT_REMOTE. */
bool nsm_device_exchange(const struct nsm_device *device, struct bytes request, struct writer *response,
                         struct fault *why) MUST_USE;

#endif
