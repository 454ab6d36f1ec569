/* vsock_allowlist: which services vsock-proxy may lead to, from its YAML file:
 *
 *   allowlist:
 *   - {address: kms.us-east-2.amazonaws.com, port: 443}
 *
 * One mapping with the one key `allowlist`: a list of mappings with exactly `address` and `port`. Other keys, a key
 * given twice, anchors, a second document and anything over the maxima are refused: a list that is misread must not let
 * more through than was meant.
 */
#ifndef PARENT_VSOCK_ALLOWLIST_H
#define PARENT_VSOCK_ALLOWLIST_H

#include "core/base/bytes.h"
#include "core/base/fault.h"

#define VSOCK_ALLOWLIST_PATH "/etc/nitro_enclaves/vsock-proxy.yaml"

enum {
    ALLOWLIST_SERVICES_MAX = 1024, /* AWS ships 78 */
    ALLOWLIST_ADDRESS_MAX = 254,   /* a name of DNS, with its NUL */
    ALLOWLIST_FILE_MAX = 1 << 18,
};

struct vsock_allowlist {
    size_t count;
    struct {
        char address[ALLOWLIST_ADDRESS_MAX];
        uint16_t port;
    } services[ALLOWLIST_SERVICES_MAX];
};

/* FAULT_INPUT with the line. *list is untouched on failure. */
bool vsock_allowlist_read(struct bytes yaml, struct vsock_allowlist *list, struct fault *why) MUST_USE;

/* The same port, and the same name (letters of either case, a final dot or none) or the same address. Names are not
 * looked up to be compared: whoever answers for DNS would add to the list. */
bool vsock_allowlist_has(const struct vsock_allowlist *list, const char *host, uint16_t port) MUST_USE;

/* Where there is no list: kms.REGION.amazonaws.com, kms-fips.REGION.amazonaws.com, with or without .cn, port 443. */
bool vsock_allowlist_is_kms(const char *host, uint16_t port) MUST_USE;

#endif
