/* image_report: what is in an image, as JSON. */
#ifndef PARENT_IMAGE_REPORT_H
#define PARENT_IMAGE_REPORT_H

#include "core/codec/json.h"
#include "image/pcr.h"

enum {
    IMAGE_REPORT_MAX = 4 << 20,
    IMAGE_ENTRIES_MAX = 4096,       /* files that are listed of one ramdisk; more are only counted */
    IMAGE_UNPACKED_MAX = 512 << 20, /* bytes of one ramdisk */
};

/* nitro-cli's shape: {"Measurements":{"HashAlgorithm":"Sha384 { ... }","PCR0":…,"PCR1":…,"PCR2":…[,"PCR8":…]}} */
void image_report_measurements(struct json_writer *json, const struct measurements *measured);

/* The members of an object that describes the whole image: header, sections, command line, metadata, signature, the
 * files of every ramdisk, and the settings with their mode. */
void image_report_put(struct json_writer *json, const struct eif *eif);

/* One ramdisk's archive, unpacked when it is gzip'd; *unpacked is to be freed. False: neither. */
bool image_ramdisk_open(struct bytes ramdisk, struct bytes *archive, uint8_t **unpacked, struct fault *why) MUST_USE;

#endif
