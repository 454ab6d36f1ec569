#include "enclave/key_page.h"

#include "core/base/secret.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

bool key_page_open(struct key_page *page, struct fault *why)
{
    const size_t len = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *const guarded = mmap(NULL, 3 * len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (guarded == MAP_FAILED)
        return fault_set(why, FAULT_INTERNAL, "no memory for the key's page: %s", strerror(errno));
    void *const middle = guarded + len;
    const char *refused = NULL;
    if (mprotect(middle, len, PROT_READ | PROT_WRITE) != 0)
        refused = "be made writable";
    else if (mlock(middle, len) != 0)
        refused = "be locked (RLIMIT_MEMLOCK has to allow one page)";
    else if (madvise(middle, len, MADV_DONTDUMP) != 0)
        refused = "be left out of core dumps";
    else if (madvise(middle, len, MADV_DONTFORK) != 0)
        refused = "be kept from child processes";
    if (refused != NULL) {
        const int error = errno;
        munmap(guarded, 3 * len);
        return fault_set(why, FAULT_INTERNAL, "the key's page cannot %s: %s", refused, strerror(error));
    }
    *page = (struct key_page){ .page = middle, .len = len };
    return true;
}

void key_page_close(struct key_page *page)
{
    if (page->page == NULL)
        return;
    wipe(page->page, page->len);
    munmap((uint8_t *)page->page - page->len, 3 * page->len);
    *page = (struct key_page){ 0 };
}
