/* eif: AWS's enclave image file, version 4 (and 3 and 2 for reading): a header of 548 bytes, then sections, each with a
 * header of 12. All integers big endian.
 *
 *   0x000  4  magic ".eif"        0x018   2  reserved, 0            each section:
 *   0x004  2  version             0x01a   2  number of sections       u16 type, u16 flags 0, u64 length, data
 *   0x006  2  flags, bit 0: arm64 0x01c 256  32 offsets (of the section's header)
 *   0x008  8  default memory      0x11c 256  32 lengths (of the data)
 *   0x010  8  default CPUs        0x21c   4  reserved, 0
 *                                 0x220   4  CRC-32 of everything but itself
 */
#ifndef IMAGE_EIF_H
#define IMAGE_EIF_H

#include "core/base/bytes.h"
#include "core/base/fault.h"

enum {
    EIF_HEADER = 548,
    EIF_SECTION_HEADER = 12,
    EIF_SECTIONS_MAX = 32,
    EIF_SIGNATURE_MAX = 32768,
    EIF_VERSION = 4,
};

enum eif_type {
    EIF_KERNEL = 1,
    EIF_CMDLINE = 2,
    EIF_RAMDISK = 3,
    EIF_SIGNATURE = 4,
    EIF_METADATA = 5,
};

struct eif_section {
    enum eif_type type;
    struct bytes data;
    size_t offset; /* of the section's header in the file; filled in by eif_read */
};

struct eif {
    unsigned version;
    bool is_arm64;
    uint64_t default_memory, default_cpus; /* bytes; nitro-cli writes 1 GiB and 2; nothing reads them */
    size_t section_count;
    struct eif_section sections[EIF_SECTIONS_MAX];
    uint32_t crc;
};

/* Views point into `file`. FAULT_INPUT naming the section and what is wrong with it: lengths and offsets that overlap,
 * leave gaps or run past the end, sections of unknown type, missing, twice or in an order that does not boot, a wrong
 * CRC, anything after the last section. */
bool eif_read(struct bytes file, struct eif *eif, struct fault *why) MUST_USE;

/* Writes the file: offsets, lengths and CRC are worked out here. Needs eif_len bytes of room. */
void eif_put(struct writer *out, const struct eif *eif);
size_t eif_len(const struct eif *eif) MUST_USE;

/* The first section of that type; NULL when there is none. */
const struct eif_section *eif_find(const struct eif *eif, enum eif_type type) MUST_USE;
const char *eif_type_name(enum eif_type type) MUST_USE;

#endif
