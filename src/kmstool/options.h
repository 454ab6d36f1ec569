/* options: the command line of ensign-kmstool. Operations, flags and defaults are those of kmstool_enclave_cli of the
 * AWS Nitro Enclaves SDK for C; the rest is named in the help. */
#ifndef KMSTOOL_OPTIONS_H
#define KMSTOOL_OPTIONS_H

#include "core/kms/kms_api.h"
#include "io/endpoint.h"

enum kmstool_operation { KMSTOOL_HELP, KMSTOOL_VERSION, KMSTOOL_DECRYPT, KMSTOOL_GENKEY, KMSTOOL_GENRANDOM };

struct kmstool_options {
    enum kmstool_operation operation;
    struct bytes region; /* kms_region_ok */
    uint16_t proxy_port;
    char *access_key_id, *secret_access_key, *session_token; /* all three or none; into argv, to be overwritten */
    bool credentials_on_stdin;                               /* then the three are none */
    struct bytes ciphertext;                                 /* decrypt: 1 to KMS_CIPHERTEXT_MAX, in the arena */
    struct bytes key_id;                                     /* kms_key_id_ok; empty: not given */
    enum kms_algorithm algorithm;
    size_t wanted_len; /* genkey, genrandom */
    struct kms_context context;
    const char *nsm;         /* NULL: the kernel's device */
    const char *trust_roots; /* a file; NULL: Amazon's roots */
    bool has_kms_stream;
    struct endpoint kms_stream;
    uint32_t parent_cid;
    uint64_t timeout_ms;
};

extern const char KMSTOOL_HELP_TEXT[];

/* FAULT_INPUT, or FAULT_LIMIT from an encryption context that is too long. Never repeats the value of a credential. */
bool kmstool_options_read(int argc, char **argv, struct arena *arena, struct kmstool_options *options,
                          struct fault *why) MUST_USE;

#endif
