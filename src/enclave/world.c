#include "enclave/world.h"

#include "enclave/entropy.h"
#include "io/stream.h"

#include <stdio.h>
#include <sys/socket.h>

static bool world_nsm(void *context, struct bytes request, struct writer *response, struct fault *why)
{
    const struct world *const world = context;
    return nsm_device_exchange(&world->nsm, request, response, why);
}

static bool world_https(void *context, const struct kms_call *call, struct bytes request, struct writer *response,
                        struct fault *why)
{
    const struct world *const world = context;
    struct endpoint stream = world->kms_stream;
    if (!world->has_kms_stream) {
        char text[48];
        snprintf(text, sizeof text, "vsock://%u:%u", world->parent_cid, call->proxy_port);
        must(endpoint_read(text, &stream, why));
    }
    const int fd = endpoint_connect(&stream, call->deadline_ms, why);
    if (fd < 0) {
        why->code = FAULT_REMOTE;
        return fault_prefix(why, "the stream to KMS (is the parent's proxy running?): ");
    }
    return tls_child_https(&world->tls, fd, call, request, response, why);
}

static uint64_t world_monotonic_ms(void *context)
{
    (void)context;
    return io_now_ms();
}

static void world_random(void *context, uint8_t *out, size_t len)
{
    const struct world *const world = context;
    entropy_fill(&world->nsm, out, len);
}

struct outside world_outside(struct world *world)
{
    return (struct outside){ .context = world,
                             .nsm = world_nsm,
                             .https = world_https,
                             .monotonic_ms = world_monotonic_ms,
                             .random = world_random };
}

struct sandbox_reach world_reach(const struct world *world)
{
    return (struct sandbox_reach){
        .nsm_family = world->nsm.kind == NSM_DEVICE_SOCKET ? world->nsm.endpoint.address.ss_family : AF_UNSPEC,
        .kms_family = world->has_kms_stream ? world->kms_stream.address.ss_family : AF_VSOCK,
        .nsm_device = world->nsm.kind == NSM_DEVICE_KERNEL,
    };
}
