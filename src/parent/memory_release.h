/* memory_release: gives the pages of a buffer whose content is done with back to the kernel. The buffer stays, and what
 * was in those pages reads as zeros. */
#ifndef PARENT_MEMORY_RELEASE_H
#define PARENT_MEMORY_RELEASE_H

#include <stddef.h>

enum { MEMORY_LARGE = 256 * 1024 }; /* less than so much is not worth the page faults that follow */

void memory_release(void *data, size_t len);

#endif
