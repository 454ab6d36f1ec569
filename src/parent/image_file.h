/* image_file: image parts and images, read whole into memory of their own, and written whole or not at all. */
#ifndef PARENT_IMAGE_FILE_H
#define PARENT_IMAGE_FILE_H

#include "core/base/bytes.h"
#include "core/base/fault.h"
#include "image/eif.h"

enum { IMAGE_FILE_MAX = 512 << 20 }; /* images of other people's can be large */

/* Freed with image_file_free. FAULT_INPUT with the file's name. */
bool image_file_read(const char *path, size_t cap, struct bytes *contents, struct fault *why) MUST_USE;
void image_file_free(struct bytes *contents); /* accepts an empty one */

/* Reads and parses an image, its signature section too when it has one; the fault names the file. The eif's views point
 * into *contents. */
bool image_open(const char *path, struct bytes *contents, struct eif *eif, struct fault *why) MUST_USE;

/* Puts a file of that name there, or replaces the one that is, at once. */
bool image_file_replace(const char *path, struct bytes contents, struct fault *why) MUST_USE;

#endif
