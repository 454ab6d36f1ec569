/* nsm_sim: a Nitro Security Module in a process: the requests of FACTS A.2 with PCR locking and extension, answered as
 * AWS's own hardware test asserts (FACTS A.3), documents signed under a root of our own.
 *
 * One device per process, as /dev/nsm is one per enclave: what a client locks is locked for the next. The device is
 * safe to use from several threads.
 */
#ifndef DEV_NSM_SIM_H
#define DEV_NSM_SIM_H

#include "core/nitro/nsm_api.h"
#include "dev/nsm_document.h"
#include "dev/nsm_pki.h"

#include <pthread.h>

enum { NSM_BOOT_PCRS = 16 }; /* locked when the enclave starts */

struct nsm_plan {
    const char *folder;                        /* of the root */
    const char *region;                        /* in subjects */
    const char *module_id;                     /* i-<17 hex>-enc<16 hex>; NULL: a made-up one */
    const char *role_arn;                      /* goes into PCR3; NULL: none */
    struct optional_bytes pcrs[NSM_BOOT_PCRS]; /* 48 bytes each; absent: zero, or derived for PCR4 and PCR3 */
};

struct nsm_device {
    pthread_mutex_t mutex;
    char region[32], module_id[NSM_MODULE_ID_MAX + 1], instance_id[32];
    struct hash48 pcrs[NSM_PCR_COUNT];
    bool locked[NSM_PCR_COUNT];
    struct nsm_pki pki;
};

/* PCR of one measured content: SHA384(0^48 || SHA384(content)) (FACTS G.2); of a text as PCR3 and PCR4 have it:
 * SHA384(0^48 || text). */
struct hash48 nsm_pcr_of_content(struct bytes content) MUST_USE;
struct hash48 nsm_pcr_of_text(struct bytes text) MUST_USE;
struct hash48 nsm_pcr_extend(const struct hash48 *old, struct bytes data) MUST_USE;

bool nsm_device_open(const struct nsm_plan *plan, uint64_t utc_ms, struct nsm_device *device,
                     struct fault *why) MUST_USE;
void nsm_device_close(struct nsm_device *device);

/* One request, one response, both CBOR; a request that is not one gets an {"Error": name} as well. That there is an
 * error is what AWS's hardware test asserts; which name stands in it is unverified throughout. */
void nsm_device_answer(struct nsm_device *device, struct bytes request, uint64_t utc_ms, struct writer *response);

/* Serves one connection: 4-byte big-endian length and CBOR, both ways, until the peer closes. Blocks. */
void nsm_device_serve(struct nsm_device *device, int fd);

#endif
