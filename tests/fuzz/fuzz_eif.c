/* What is accepted as an image is written back to the same bytes: all that a file can say beyond what eif_put writes is
 * put into the header first. Whatever its ramdisks and its signature hold is walked without harm, and an archive or a
 * gzip member that is accepted reads the same a second time. */
#include "fuzz.h"

#include "image/cpio.h"
#include "image/eif.h"
#include "image/pcr.h"
#include "image/signature.h"

#include <zlib.h>

enum { VERSION_AT = 4, DEFAULTS_AT = 8, CRC_AT = 0x220, CRC_LEN = 4, UNPACKED_MAX = 1 << 16 };

/* The CRC that the bytes ask for: without it the fuzzer would guess 32 bits before it saw the reader at work. */
static void put_crc(uint8_t *file, size_t len)
{
    uLong crc = crc32(0, file, CRC_AT);
    crc = crc32(crc, file + EIF_HEADER, (uInt)(len - EIF_HEADER));
    struct writer out = writer_of(file + CRC_AT, CRC_LEN);
    writer_be(&out, crc, CRC_LEN);
}

/* eif_put writes version 4 and nitro-cli's default memory and CPUs, of which nothing depends. */
static void written_again(uint8_t *file, size_t len, const struct eif *eif)
{
    uint8_t *const again = malloc(eif_len(eif));
    must(again != NULL && eif_len(eif) == len);
    struct writer out = writer_of(again, len);
    struct eif second;
    struct fault why;
    eif_put(&out, eif);
    must(!out.failed && out.len == len);
    if (eif->version == EIF_VERSION)
        must(eif_read((struct bytes){ again, len }, &second, &why) && second.section_count == eif->section_count);
    memcpy(file + VERSION_AT, again + VERSION_AT, 2);
    memcpy(file + DEFAULTS_AT, again + DEFAULTS_AT, 16);
    put_crc(file, len);
    must(memcmp(file, again, len) == 0);
    free(again);
}

/* Entries lie one after the other inside the archive, and end with the trailer or with a fault. */
static void walk(struct bytes archive)
{
    struct reader in = reader_of(archive);
    struct cpio_item item;
    struct fault why = { 0 };
    size_t before = in.rest.len;
    while (cpio_next(&in, &item, &why)) {
        must(in.rest.len < before);
        must(item.name.data >= archive.data && item.name.len <= archive.len && item.data.len <= archive.len);
        before = in.rest.len;
    }
    must(why.code == FAULT_NONE || why.code == FAULT_INPUT);
}

static void unpack(struct bytes ramdisk)
{
    static uint8_t unpacked[UNPACKED_MAX], again[UNPACKED_MAX];
    size_t len, second_len;
    struct fault why;
    walk(ramdisk);
    if (!gzip_read(ramdisk, unpacked, sizeof unpacked, &len, &why))
        return;
    must(gzip_read(ramdisk, again, sizeof again, &second_len, &why) && len == second_len);
    must(memcmp(unpacked, again, len) == 0);
    must(!gzip_read((struct bytes){ ramdisk.data, ramdisk.len - 1 }, again, sizeof again, &second_len, &why));
    walk((struct bytes){ unpacked, len });
}

static void check_signature(struct bytes section, const struct measurements *measured)
{
    static struct eif_signature signature;
    struct fault why;
    const bool read = eif_signature_read(section, &signature, &why);
    must(read == measured->is_signed);
    if (read)
        (void)!eif_signature_check(&signature, &measured->pcr0, &why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    uint8_t *const file = exact_copy(data, len);
    const struct bytes whole = { file, len };
    struct eif eif;
    struct fault why = { 0 };
    if (len >= EIF_HEADER)
        put_crc(file, len);
    if (eif_read(whole, &eif, &why)) {
        const struct measurements measured = eif_measure(&eif);
        for (size_t i = 0; i < eif.section_count; i++) {
            must(eif.sections[i].data.data >= file && eif.sections[i].data.len <= len);
            if (eif.sections[i].type == EIF_RAMDISK)
                unpack(eif.sections[i].data);
            if (eif.sections[i].type == EIF_SIGNATURE)
                check_signature(eif.sections[i].data, &measured);
        }
        written_again(file, len, &eif);
    } else {
        must(why.code == FAULT_INPUT && why.text[0] != '\0');
    }
    free(file);
    return 0;
}
