/* key_page: the one page of memory that the private key lives in.
 *
 * Locked in memory, left out of core dumps, absent from child processes, and with an inaccessible page on either side,
 * so that a read that runs over the end of something else faults instead of finding the key.
 */
#ifndef ENCLAVE_KEY_PAGE_H
#define ENCLAVE_KEY_PAGE_H

#include "core/base/fault.h"

#include <stddef.h>

struct key_page {
    void *page;
    size_t len;
};

/* FAULT_INTERNAL, saying which of these promises the kernel refuses: then there is no page. */
bool key_page_open(struct key_page *page, struct fault *why) __attribute__((warn_unused_result));

void key_page_close(struct key_page *page); /* wipes and unmaps; NULL pages too */

#endif
