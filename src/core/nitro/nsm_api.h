/* nsm_api: requests to the Nitro Security Module and its responses, in CBOR (AWS nsm-api's wire form). Both directions
 * are here: the enclave writes requests and reads responses, the stand-in the other way round.
 *
 *   "DescribeNSM"  "GetRandom"                                       a bare text
 *   {"DescribePCR": {"index": u16}}                                  a map of one
 *   {"ExtendPCR": {"index": u16, "data": bstr}}
 *   {"LockPCR": {"index": u16}}   {"LockPCRs": {"range": u16}}       the range is 0 up to, without, the number
 *   {"Attestation": {"user_data": …, "nonce": …, "public_key": …}}   absent options null
 *
 *   {"DescribeNSM": {"version_major": …, …}}   {"DescribePCR": {"lock": bool, "data": bstr}}
 *   {"ExtendPCR": {"data": bstr}}   "LockPCR"   "LockPCRs"   {"Attestation": {"document": bstr}}
 *   {"GetRandom": {"random": bstr}}            {"Error": "<name>"}
 *
 * Written in the AWS library's order and in shortest form; read in any order, with definite and indefinite maps.
 */
#ifndef CORE_NITRO_NSM_API_H
#define CORE_NITRO_NSM_API_H

#include "core/base/bytes.h"
#include "core/base/fault.h"

enum {
    NSM_REQUEST_MAX = 0x1000,
    NSM_RESPONSE_MAX = 0x3000, /* the kernel truncates silently: always offer this much */
    NSM_USER_DATA_MAX = 512,   /* the smallest of the three limits that sources give; of the nonce too */
    NSM_PUBLIC_KEY_MAX = 1024,
    NSM_PCR_COUNT = 32,
    NSM_PCR_MAX = 64,
    NSM_MODULE_ID_MAX = 128,
    NSM_RANDOM_MAX = 256, /* what one GetRandom gives at most */
};

enum nsm_operation {
    NSM_DESCRIBE_NSM,
    NSM_GET_RANDOM,
    NSM_DESCRIBE_PCR,
    NSM_EXTEND_PCR,
    NSM_LOCK_PCR,
    NSM_LOCK_PCRS,
    NSM_ATTESTATION,
};

const char *nsm_operation_name(enum nsm_operation operation) MUST_USE; /* as on the wire */

struct optional_bytes {
    bool present; /* false: null or absent. A present one may be empty */
    struct bytes bytes;
};

struct nsm_request {
    enum nsm_operation operation;
    uint16_t index;                                     /* DescribePCR, ExtendPCR, LockPCR; LockPCRs: the range */
    struct bytes data;                                  /* ExtendPCR */
    struct optional_bytes user_data, nonce, public_key; /* Attestation */
};

/* Fails the writer when user_data or nonce is longer than NSM_USER_DATA_MAX, or public_key than NSM_PUBLIC_KEY_MAX. */
void nsm_put_request(struct writer *out, const struct nsm_request *request);

/* Views point into `cbor`. FAULT_INPUT: not one request of the form above, a field twice, missing or unknown. The
 * lengths of the attestation's fields are the caller's question. */
bool nsm_read_request(struct bytes cbor, struct nsm_request *request, struct fault *why) MUST_USE;

struct nsm_response {
    enum nsm_operation operation;
    /* DescribeNSM */
    uint16_t version_major, version_minor, version_patch, max_pcrs;
    struct bytes module_id, digest;
    size_t locked_count;
    uint16_t locked_pcrs[NSM_PCR_COUNT];
    /* DescribePCR */
    bool lock;
    struct bytes data; /* DescribePCR, ExtendPCR: the value; GetRandom: the bytes; Attestation: the document */
};
void nsm_put_response(struct writer *out, const struct nsm_response *response);
void nsm_put_error(struct writer *out, const char *name);

/* Views point into `cbor`. An {"Error": name} gives FAULT_REMOTE "NSM <operation>: <name>" (names from the closed list,
 * else "an unknown error"); anything else that does not answer `operation` too. Unknown fields are skipped, a field
 * twice is refused, and so is what follows the response. PCR values have 32, 48 or 64 bytes; random bytes and the
 * document at least one. */
bool nsm_read_response(struct bytes cbor, enum nsm_operation operation, struct nsm_response *response,
                       struct fault *why) MUST_USE;

#endif
