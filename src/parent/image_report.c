#include "parent/image_report.h"

#include "image/cpio.h"
#include "image/signature.h"

#include <stdlib.h>
#include <sys/stat.h>

static void put_hash48(struct json_writer *json, const char *name, const struct hash48 *hash)
{
    json_key(json, name);
    json_put_digest(json, BYTES_OF(hash->bytes));
}

void image_report_measurements(struct json_writer *json, const struct measurements *measured)
{
    json_key(json, "Measurements");
    json_begin_object(json);
    json_key(json, "HashAlgorithm");
    json_put_text(json, "Sha384 { ... }");
    put_hash48(json, "PCR0", &measured->pcr0);
    put_hash48(json, "PCR1", &measured->pcr1);
    put_hash48(json, "PCR2", &measured->pcr2);
    if (measured->is_signed)
        put_hash48(json, "PCR8", &measured->pcr8);
    json_end_object(json);
}

/* The size that a gzip member says it unpacks to stands in its last four bytes (RFC 1952 section 2.3.1), modulo 2^32.
 */
static size_t said_size(struct bytes member)
{
    const uint8_t *tail = member.data + member.len - 4;
    return (size_t)tail[0] | (size_t)tail[1] << 8 | (size_t)tail[2] << 16 | (size_t)tail[3] << 24;
}

bool image_ramdisk_open(struct bytes ramdisk, struct bytes *archive, uint8_t **unpacked, struct fault *why)
{
    *unpacked = NULL;
    if (ramdisk.len >= 6 && bytes_equal((struct bytes){ ramdisk.data, 6 }, BYTES_LIT("070701"))) {
        *archive = ramdisk;
        return true;
    }
    if (ramdisk.len < 18 || ramdisk.data[0] != 0x1f || ramdisk.data[1] != 0x8b)
        return fault_set(why, FAULT_INPUT, "neither a newc archive nor gzip");
    const size_t size = said_size(ramdisk);
    if (size == 0 || size > IMAGE_UNPACKED_MAX)
        return fault_set(why, FAULT_LIMIT, "says that it unpacks to %zu bytes", size);
    uint8_t *room = malloc(size);
    size_t len;
    if (room == NULL)
        return fault_set(why, FAULT_INTERNAL, "no memory for %zu bytes", size);
    if (!gzip_read(ramdisk, room, size, &len, why)) {
        free(room);
        return false;
    }
    *unpacked = room;
    *archive = (struct bytes){ room, len };
    return true;
}

static void put_entry(struct json_writer *json, const struct cpio_item *item)
{
    struct hash32 hash = sha256(item->data);
    json_begin_object(json);
    json_key(json, "mode");
    json_put_uint(json, item->mode);
    json_key(json, "name");
    json_put_string(json, item->name);
    if (S_ISREG(item->mode)) {
        json_key(json, "bytes");
        json_put_uint(json, item->data.len);
        json_key(json, "sha256");
        json_put_digest(json, BYTES_OF(hash.bytes));
    }
    json_end_object(json);
}

static void put_settings(struct json_writer *json, struct bytes text)
{
    struct json settings;
    struct fault why;
    struct bytes mode;
    const bool is_json = json_read(text, &settings, &why) && json_kind(settings) == JSON_OBJECT;
    json_key(json, "settings");
    if (is_json)
        json_put_json(json, settings);
    else
        json_put_text(json, "malformed: ensignd will not start");
    json_key(json, "mode");
    if (is_json && json_plain_string(json_member(settings, BYTES_LIT("mode")), &mode))
        json_put_string(json, mode);
    else
        json_put_text(json, "none: ensignd will not start");
}

static void put_ramdisk(struct json_writer *json, struct bytes ramdisk)
{
    struct bytes archive, settings = { 0 };
    uint8_t *unpacked = NULL;
    struct fault why = { 0 };
    struct cpio_item item;
    size_t count = 0;
    const bool opened = image_ramdisk_open(ramdisk, &archive, &unpacked, &why);
    if (opened) {
        struct reader in = reader_of(archive);
        json_key(json, "files");
        json_begin_array(json);
        while (cpio_next(&in, &item, &why)) {
            if (count++ < IMAGE_ENTRIES_MAX)
                put_entry(json, &item);
            if (bytes_equal(item.name, BYTES_LIT("settings.json")))
                settings = item.data;
        }
        json_end_array(json);
        json_key(json, "file_count");
        json_put_uint(json, count);
    }
    if (why.code != FAULT_NONE) {
        json_key(json, "malformed");
        json_put_text(json, why.text);
    }
    if (settings.data != NULL)
        put_settings(json, settings);
    free(unpacked);
}

static void put_signature(struct json_writer *json, struct bytes section, const struct hash48 *pcr0)
{
    static struct eif_signature signature;
    struct fault why;
    const bool good = eif_signature_read(section, &signature, &why) && eif_signature_check(&signature, pcr0, &why);
    json_key(json, "signature");
    json_put_text(json, good ? "made over this PCR0 with the certificate's key" : why.text);
}

static void put_text_section(struct json_writer *json, const struct eif_section *section, const struct hash48 *pcr0)
{
    struct json metadata;
    struct fault why;
    switch (section->type) {
    case EIF_CMDLINE:
        json_key(json, "text");
        json_put_string(json, section->data);
        break;
    case EIF_METADATA:
        if (!json_read(section->data, &metadata, &why))
            break;
        json_key(json, "metadata");
        json_put_json(json, metadata);
        break;
    case EIF_SIGNATURE:
        put_signature(json, section->data, pcr0);
        break;
    case EIF_RAMDISK:
        put_ramdisk(json, section->data);
        break;
    case EIF_KERNEL:
        break;
    }
}

void image_report_put(struct json_writer *json, const struct eif *eif)
{
    const struct measurements measured = eif_measure(eif);
    char crc[9];
    struct writer digits = writer_of((uint8_t *)crc, sizeof crc);
    image_report_measurements(json, &measured);
    json_key(json, "architecture");
    json_put_text(json, eif->is_arm64 ? "aarch64" : "x86_64");
    json_key(json, "crc32");
    writer_be(&digits, eif->crc, 4);
    json_put_digest(json, (struct bytes){ digits.data, digits.len });
    json_key(json, "eif_version");
    json_put_uint(json, eif->version);
    json_key(json, "sections");
    json_begin_array(json);
    for (size_t i = 0; i < eif->section_count; i++) {
        const struct eif_section *section = &eif->sections[i];
        struct hash32 hash = sha256(section->data);
        json_begin_object(json);
        json_key(json, "type");
        json_put_text(json, eif_type_name(section->type));
        json_key(json, "offset");
        json_put_uint(json, section->offset);
        json_key(json, "bytes");
        json_put_uint(json, section->data.len);
        json_key(json, "sha256");
        json_put_digest(json, BYTES_OF(hash.bytes));
        put_text_section(json, section, &measured.pcr0);
        json_end_object(json);
    }
    json_end_array(json);
}
