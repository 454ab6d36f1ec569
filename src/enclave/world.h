/* world: the four things that the core asks of the world (core/base/outside.h), answered with the NSM, the TLS process,
 * the kernel's clock and its random numbers. */
#ifndef ENCLAVE_WORLD_H
#define ENCLAVE_WORLD_H

#include "core/base/outside.h"
#include "enclave/nsm_device.h"
#include "enclave/sandbox_calls.h"
#include "enclave/tls_child.h"
#include "io/endpoint.h"

struct world {
    struct nsm_device nsm;
    struct tls_child tls;
    bool has_kms_stream;
    struct endpoint kms_stream; /* else vsock://parent_cid:<proxy_port of the call> */
    uint32_t parent_cid;
};

/* `world` must outlive what is returned. Any thread may use it. The clock is CLOCK_MONOTONIC: an enclave is never
 * suspended, so CLOCK_BOOTTIME would tell nothing more, and waits and deadlines here are on the same clock. */
struct outside world_outside(struct world *world) MUST_USE;

/* What the calls above will have to reach. */
struct sandbox_reach world_reach(const struct world *world) MUST_USE;

#endif
