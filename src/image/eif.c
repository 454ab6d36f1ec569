#include "image/eif.h"

#include <zlib.h>

enum {
    CRC_AT = 0x220,
    DEFAULT_MEMORY = 1 << 30,
    VERSION_LEAST = 2, /* older than metadata (4) and signatures (3), but of the same shape */
};

static const char *const type_names[] = {
    [EIF_KERNEL] = "kernel",       [EIF_CMDLINE] = "command line", [EIF_RAMDISK] = "ramdisk",
    [EIF_SIGNATURE] = "signature", [EIF_METADATA] = "metadata",
};

const char *eif_type_name(enum eif_type type)
{
    return type_names[type];
}

const struct eif_section *eif_find(const struct eif *eif, enum eif_type type)
{
    for (size_t i = 0; i < eif->section_count; i++)
        if (eif->sections[i].type == type)
            return &eif->sections[i];
    return NULL;
}

/* zlib takes lengths of 32 bits. */
static uint32_t crc_add(uint32_t crc, struct bytes bytes)
{
    while (bytes.len > 0) {
        size_t part = bytes.len < 1u << 30 ? bytes.len : 1u << 30;
        crc = (uint32_t)crc32(crc, bytes.data, (uInt)part);
        bytes = (struct bytes){ bytes.data + part, bytes.len - part };
    }
    return crc;
}

static uint32_t crc_of(struct bytes file)
{
    uint32_t crc = crc_add(0, (struct bytes){ file.data, CRC_AT });
    return crc_add(crc, (struct bytes){ file.data + EIF_HEADER, file.len - EIF_HEADER });
}

static size_t count(const struct eif *eif, enum eif_type type)
{
    size_t found = 0;
    for (size_t i = 0; i < eif->section_count; i++)
        found += eif->sections[i].type == type;
    return found;
}

/* What must be there, once, and in an order that the loader takes. */
static bool check_sections(const struct eif *eif, struct fault *why)
{
    bool kernel_seen = false;
    if (count(eif, EIF_KERNEL) != 1 || count(eif, EIF_CMDLINE) != 1)
        return fault_set(why, FAULT_INPUT, "found %zu kernel and %zu command line sections, wanted one of each",
                         count(eif, EIF_KERNEL), count(eif, EIF_CMDLINE));
    if (count(eif, EIF_RAMDISK) == 0)
        return fault_set(why, FAULT_INPUT, "found no ramdisk section, wanted at least one");
    if (count(eif, EIF_SIGNATURE) > 1 || count(eif, EIF_METADATA) > 1)
        return fault_set(why, FAULT_INPUT, "found %zu signature and %zu metadata sections, wanted at most one of each",
                         count(eif, EIF_SIGNATURE), count(eif, EIF_METADATA));
    if (eif->version >= 4 && count(eif, EIF_METADATA) == 0)
        return fault_set(why, FAULT_INPUT, "found no metadata section, which version 4 wants");
    for (size_t i = 0; i < eif->section_count; i++) {
        kernel_seen = kernel_seen || eif->sections[i].type == EIF_KERNEL;
        if (eif->sections[i].type == EIF_RAMDISK && !kernel_seen)
            return fault_set(why, FAULT_INPUT, "section %zu is a ramdisk before the kernel: wrong order", i);
    }
    const struct eif_section *signature = eif_find(eif, EIF_SIGNATURE);
    if (signature != NULL && signature->data.len > EIF_SIGNATURE_MAX)
        return fault_set(why, FAULT_INPUT, "the signature section is %zu bytes, at most %d are allowed",
                         signature->data.len, EIF_SIGNATURE_MAX);
    return true;
}

static bool read_section(struct reader *in, size_t index, uint64_t length, struct eif_section *section,
                         struct fault *why)
{
    uint64_t type = reader_be(in, 2), flags = reader_be(in, 2), own_length = reader_be(in, 8);
    if (in->failed)
        return fault_set(why, FAULT_INPUT, "section %zu: the file ends inside its header (truncated)", index);
    if (type < EIF_KERNEL || type > EIF_METADATA)
        return fault_set(why, FAULT_INPUT, "section %zu: unknown type %u", index, (unsigned)type);
    if (flags != 0)
        return fault_set(why, FAULT_INPUT, "section %zu (%s): flags %u, wanted 0", index, type_names[type],
                         (unsigned)flags);
    if (own_length != length)
        return fault_set(why, FAULT_INPUT, "section %zu (%s): %llu bytes by its own header, %llu by the file's", index,
                         type_names[type], (unsigned long long)own_length, (unsigned long long)length);
    if (length > in->rest.len)
        return fault_set(why, FAULT_INPUT, "section %zu (%s): %llu bytes, but the file has only %zu left (truncated)",
                         index, type_names[type], (unsigned long long)length, in->rest.len);
    section->type = (enum eif_type)type;
    section->data = reader_take(in, (size_t)length);
    return true;
}

bool eif_read(struct bytes file, struct eif *eif, struct fault *why)
{
    struct reader in = reader_of(file);
    uint64_t offsets[EIF_SECTIONS_MAX], lengths[EIF_SECTIONS_MAX];
    struct eif read = { 0 };

    if (file.len < EIF_HEADER)
        return fault_set(why, FAULT_INPUT, "%zu bytes, an image's header alone is %d (truncated, or no image)",
                         file.len, EIF_HEADER);
    if (!bytes_equal(reader_take(&in, 4), BYTES_LIT(".eif")))
        return fault_set(why, FAULT_INPUT, "does not begin with \".eif\": no enclave image");
    read.version = (unsigned)reader_be(&in, 2);
    uint64_t flags = reader_be(&in, 2);
    read.is_arm64 = (flags & 1) != 0;
    read.default_memory = reader_be(&in, 8);
    read.default_cpus = reader_be(&in, 8);
    uint64_t reserved = reader_be(&in, 2);
    read.section_count = (size_t)reader_be(&in, 2);
    for (size_t i = 0; i < EIF_SECTIONS_MAX; i++)
        offsets[i] = reader_be(&in, 8);
    for (size_t i = 0; i < EIF_SECTIONS_MAX; i++)
        lengths[i] = reader_be(&in, 8);
    reserved |= reader_be(&in, 4);
    read.crc = (uint32_t)reader_be(&in, 4);

    if (read.version < VERSION_LEAST || read.version > EIF_VERSION)
        return fault_set(why, FAULT_INPUT, "version %u, wanted %d to %d", read.version, VERSION_LEAST, EIF_VERSION);
    if ((flags & ~UINT64_C(1)) != 0 || reserved != 0)
        return fault_set(why, FAULT_INPUT, "reserved bits of the header are set");
    if (read.section_count < 3 || read.section_count > EIF_SECTIONS_MAX)
        return fault_set(why, FAULT_INPUT, "%zu sections, wanted 3 to %d", read.section_count, EIF_SECTIONS_MAX);
    for (size_t i = 0; i < read.section_count; i++) {
        size_t here = file.len - in.rest.len;
        if (offsets[i] != here)
            return fault_set(why, FAULT_INPUT, "section %zu begins at %llu, wanted %zu: sections %s", i,
                             (unsigned long long)offsets[i], here, offsets[i] < here ? "overlap" : "leave a gap");
        read.sections[i].offset = here;
        if (!read_section(&in, i, lengths[i], &read.sections[i], why))
            return false;
    }
    for (size_t i = read.section_count; i < EIF_SECTIONS_MAX; i++)
        if (offsets[i] != 0 || lengths[i] != 0)
            return fault_set(why, FAULT_INPUT, "the header lists a section %zu, beyond the %zu that it counts", i,
                             read.section_count);
    if (in.rest.len != 0)
        return fault_set(why, FAULT_INPUT, "%zu bytes after the last section (oversized)", in.rest.len);
    if (!check_sections(&read, why))
        return false;
    uint32_t crc = crc_of(file);
    if (crc != read.crc)
        return fault_set(why, FAULT_INPUT, "CRC-32 %08x, the header says %08x: the file is damaged", crc, read.crc);
    *eif = read;
    return true;
}

size_t eif_len(const struct eif *eif)
{
    size_t len = EIF_HEADER;
    for (size_t i = 0; i < eif->section_count; i++)
        len += EIF_SECTION_HEADER + eif->sections[i].data.len;
    return len;
}

static void put_header(struct writer *out, const struct eif *eif, uint32_t crc)
{
    writer_text(out, ".eif");
    writer_be(out, EIF_VERSION, 2);
    writer_be(out, eif->is_arm64, 2);
    writer_be(out, DEFAULT_MEMORY, 8);
    writer_be(out, 2, 8);
    writer_be(out, 0, 2);
    writer_be(out, eif->section_count, 2);
    size_t offset = EIF_HEADER;
    for (size_t i = 0; i < EIF_SECTIONS_MAX; i++) {
        writer_be(out, i < eif->section_count ? offset : 0, 8);
        if (i < eif->section_count)
            offset += EIF_SECTION_HEADER + eif->sections[i].data.len;
    }
    for (size_t i = 0; i < EIF_SECTIONS_MAX; i++)
        writer_be(out, i < eif->section_count ? eif->sections[i].data.len : 0, 8);
    writer_be(out, 0, 4);
    writer_be(out, crc, 4);
}

void eif_put(struct writer *out, const struct eif *eif)
{
    size_t began = out->len;
    must(eif->section_count <= EIF_SECTIONS_MAX);
    put_header(out, eif, 0);
    for (size_t i = 0; i < eif->section_count; i++) {
        writer_be(out, eif->sections[i].type, 2);
        writer_be(out, 0, 2);
        writer_be(out, eif->sections[i].data.len, 8);
        writer_put(out, eif->sections[i].data);
    }
    if (out->failed)
        return;
    struct writer crc = writer_of(out->data + began + CRC_AT, 4);
    writer_be(&crc, crc_of((struct bytes){ out->data + began, out->len - began }), 4);
}
