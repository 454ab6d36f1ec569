/* service: what the server serves. It knows frames, clients and threads, and nothing of what is in a frame; main binds
 * the signer to this, the tests something smaller. */
#ifndef ENCLAVE_SERVICE_H
#define ENCLAVE_SERVICE_H

#include "core/base/arena.h"
#include "core/base/fault.h"

enum service_turn {
    SERVICE_ANSWERED,
    SERVICE_WAITS,   /* nothing has happened yet: call again where others need not wait behind it */
    SERVICE_IS_SLOW, /* nothing has happened yet: call again from the thread for slow requests */
};

/* What the caller can spare. */
enum service_pace { SERVICE_QUICK, SERVICE_MAY_WAIT, SERVICE_MAY_BE_SLOW };

/* Any number of threads call `answer` at once, each with an arena and a writer of its own. */
struct service {
    void *context; /* passed back to every call */

    /* Answers the body of one frame. The arena comes back wiped; the request is wiped by the server. */
    enum service_turn (*answer)(void *context, struct bytes request, enum service_pace pace, struct arena *arena,
                                struct writer *answer);

    /* An answer that the server itself gives: too long, too slow. At most SERVICE_FAULT_MAX bytes. */
    void (*put_fault)(struct writer *answer, const struct fault *why);

    /* Work for idle moments: called by the slow thread at its start, about once a second, and after each request. */
    void (*tend)(void *context);

    /* True: the service has ended for good, and the server returns. Asked about once a second. */
    bool (*ended)(void *context);

    size_t arena_bytes; /* what one call of `answer` may need */
    size_t answer_max;  /* bytes of the longest answer; at most FRAME_MAX, or it could not leave */
};

enum { SERVICE_FAULT_MAX = 8192 }; /* a fault's 511 characters, each at worst \uXXXX, and the frame of JSON around */

#endif
