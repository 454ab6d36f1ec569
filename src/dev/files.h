/* files: whole files, in and out. */
#ifndef DEV_FILES_H
#define DEV_FILES_H

#include "core/base/bytes.h"
#include "core/base/fault.h"

enum { FILE_PATH_MAX = 4096 };

/* folder/name, or FAULT_INPUT when it is too long. */
bool file_path(char path[static FILE_PATH_MAX], const char *folder, const char *name, struct fault *why) MUST_USE;

/* The whole file, on the heap (the caller frees *data), followed by a NUL that *len does not count. FAULT_STATE when
 * there is none, FAULT_LIMIT over `cap`. */
bool file_read(const char *path, size_t cap, uint8_t **data, size_t *len, struct fault *why) MUST_USE;

/* Puts the file in place whole or not at all: written beside it, synced, renamed. */
bool file_replace(const char *path, struct bytes content, unsigned mode, struct fault *why) MUST_USE;

bool folder_make(const char *path, struct fault *why) MUST_USE; /* mode 0700; one that is there is as well */

#endif
