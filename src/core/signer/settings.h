/* settings: what is welded into the image (settings.json, measured in PCR0). Rules 1, 4 and 9 of docs/architecture.md.
 *
 * "mode" must be there, unknown keys are refused, and so is null. Strict implies a pinned kms_key; a policy (here or
 * provisioned) that is bound; a lease.
 */
#ifndef CORE_SIGNER_SETTINGS_H
#define CORE_SIGNER_SETTINGS_H

#include "core/kms/kms_api.h"
#include "core/policy/policy.h"

enum {
    SETTINGS_MAX = 1 << 20,
    SETTINGS_TRUST_ROOTS_MAX = 16384,  /* bytes of PEM */
    SETTINGS_LEASE_SECONDS = 86400,    /* unless set, in strict mode; in open mode 0 */
    SETTINGS_LEASE_MAX = 31536000,     /* a year */
    SETTINGS_KMS_KEY_MAX = 128,        /* characters of a key ARN: what attestation user_data of 512 bytes has room for;
                                          the longest that AWS makes today has 90 */
    SETTINGS_CONNECTIONS_MAX = 65536,  /* what a process can be given of descriptors */
    SETTINGS_BUFFERED_MAX = 1 << 30,   /* an enclave with more memory has no use for it here */
    SETTINGS_TIMEOUT_MAX_MS = 3600000, /* an hour */
    SETTINGS_FRAME_MIN = 4096,         /* less would not hold a provisioning */
};

enum mode { MODE_OPEN, MODE_STRICT };

struct server_limits {
    uint32_t frame_bytes, connections, buffered_bytes, first_byte_ms, request_ms, idle_ms;
};

struct settings {
    enum mode mode;
    char kms_key[KMS_KEY_ID_MAX + 1]; /* key ARN; empty: not pinned */
    bool has_policy;
    struct policy policy;
    uint64_t lease_seconds; /* 0: never ends */
    bool allow_reprovision;
    size_t trust_roots_len; /* 0: Amazon's */
    char trust_roots[SETTINGS_TRUST_ROOTS_MAX];
    struct server_limits limits;
};

extern const struct server_limits SERVER_LIMITS_DEFAULT;

/* FAULT_INPUT naming the key, what was found and what is wanted; *settings is then unspecified. Each of "limits" may be
 * left out and is then the default. */
bool settings_read(struct bytes text, struct settings *settings, struct fault *why) MUST_USE;

#endif
