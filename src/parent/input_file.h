/* input_file: whole files, and standard input under the name "-", into a caller's buffer. */
#ifndef PARENT_INPUT_FILE_H
#define PARENT_INPUT_FILE_H

#include "core/base/bytes.h"
#include "core/base/fault.h"

/* At most `cap` bytes; more is refused, not cut. FAULT_INPUT with the file's name and what the system said. The bytes
 * may be secret: nothing is kept outside `buffer`, and that is wiped on failure. */
bool input_file_read(const char *path, uint8_t *buffer, size_t cap, struct bytes *contents, struct fault *why) MUST_USE;

/* Writes a new file of that mode, whole or not at all; refuses one that exists. FAULT_INPUT. */
bool output_file_write(const char *path, unsigned mode, struct bytes contents, struct fault *why) MUST_USE;

/* True when others than the owner may read the file; false too when it cannot be looked at. */
bool file_is_open_to_others(const char *path) MUST_USE;

#endif
