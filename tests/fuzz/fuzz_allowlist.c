/* A list that is read consists of services that it then has, and written out plainly it is read as the same; a list
 * that is refused leaves nothing. */
#include "fuzz.h"

#include "parent/vsock_allowlist.h"

#include <stdio.h>

enum { PLAIN_MAX = 1 << 19 };

static bool is_plain(const char *address)
{
    return address[strspn(address, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-")] == '\0' &&
           address[0] != '-' && address[0] != '.';
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct vsock_allowlist list, again;
    static char plain[PLAIN_MAX];
    struct fault why = { 0 };
    uint8_t *const copy = exact_copy(data, len);
    list.count = again.count = 0;
    if (!vsock_allowlist_read((struct bytes){ copy, len }, &list, &why)) {
        must(list.count == 0 && why.code == FAULT_INPUT);
        free(copy);
        return 0;
    }
    free(copy);
    must(list.count <= ALLOWLIST_SERVICES_MAX);
    size_t written = (size_t)snprintf(plain, sizeof plain, "allowlist: [\n");
    size_t kept = 0;
    for (size_t i = 0; i < list.count; i++) {
        must(list.services[i].port != 0 && strlen(list.services[i].address) > 0);
        must(vsock_allowlist_has(&list, list.services[i].address, list.services[i].port));
        if (!is_plain(list.services[i].address))
            continue;
        written += (size_t)snprintf(plain + written, sizeof plain - written, "{address: \"%s\", port: %u},\n",
                                    list.services[i].address, list.services[i].port);
        kept++;
    }
    written += (size_t)snprintf(plain + written, sizeof plain - written, "]\n");
    must(vsock_allowlist_read((struct bytes){ (const uint8_t *)plain, written }, &again, &why) && again.count == kept);
    return 0;
}
