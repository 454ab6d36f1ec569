#include "image/assemble.h"

#include "core/codec/json.h"
#include "image/cpio.h"
#include "image/signature.h"

#include <stdlib.h>
#include <sys/stat.h>

enum {
    METADATA_MAX = 16384,
    CMDLINE_MAX = 2048, /* the kernel's COMMAND_LINE_SIZE on x86 */
    DIRECTORY = S_IFDIR | 0755,
    PROGRAM = S_IFREG | 0755,
    READ_ONLY = S_IFREG | 0444,
};

/* A buffer that the sections' views point into; freed as a whole. */
struct workroom {
    uint8_t *archive, *packed[2], metadata[METADATA_MAX], signature[EIF_SIGNATURE_MAX];
};

static void workroom_free(struct workroom *room)
{
    free(room->archive);
    free(room->packed[0]);
    free(room->packed[1]);
    free(room);
}

static bool make_ramdisk(struct workroom *room, size_t number, const struct cpio_entry *entries, size_t count,
                         struct bytes *ramdisk, struct fault *why)
{
    const size_t len = cpio_len(entries, count), most = gzip_bound(len);
    free(room->archive);
    room->archive = malloc(len);
    room->packed[number] = malloc(most);
    if (room->archive == NULL || room->packed[number] == NULL)
        return fault_set(why, FAULT_INTERNAL, "no memory for a ramdisk of %zu bytes", len);
    struct writer archive = writer_of(room->archive, len), packed = writer_of(room->packed[number], most);
    struct bytes contents;
    cpio_put(&archive, entries, count);
    must(writer_done(&archive, &contents));
    return gzip_put(&packed, contents, why) &&
           (writer_done(&packed, ramdisk) || fault_set(why, FAULT_INTERNAL, "gzip"));
}

static void put_input(struct json_writer *json, const char *name, struct bytes contents)
{
    struct hash32 hash = sha256(contents);
    json_key(json, name);
    json_begin_object(json);
    json_key(json, "bytes");
    json_put_uint(json, contents.len);
    json_key(json, "sha256");
    json_put_digest(json, BYTES_OF(hash.bytes));
    json_end_object(json);
}

/* nitro-cli's keys, and nothing that changes from one build to the next. Not measured. */
static struct bytes put_metadata(const struct image_parts *parts, struct writer *out)
{
    struct json_writer json = json_writer_of(out);
    struct bytes written;
    json_begin_object(&json);
    json_key(&json, "BuildMetadata");
    json_begin_object(&json);
    json_key(&json, "BuildTime");
    json_put_text(&json, "1970-01-01T00:00:00Z");
    json_key(&json, "BuildTool");
    json_put_text(&json, "ensign");
    json_key(&json, "BuildToolVersion");
    json_put_text(&json, parts->version);
    json_key(&json, "KernelVersion");
    json_put_text(&json, parts->kernel_info.len > 0 ? "see CustomMetadata.kernel" : "unknown");
    json_key(&json, "OperatingSystem");
    json_put_text(&json, "Linux");
    json_end_object(&json);
    json_key(&json, "CustomMetadata");
    json_begin_object(&json);
    if (parts->kernel_info.len > 0) {
        json_key(&json, "kernel");
        json_put_json(&json, (struct json){ parts->kernel_info });
    }
    put_input(&json, "ensignd", parts->ensignd);
    put_input(&json, "init", parts->init);
    put_input(&json, "settings", parts->settings);
    json_end_object(&json);
    json_key(&json, "DockerInfo");
    json_begin_object(&json);
    json_end_object(&json);
    json_key(&json, "ImageName");
    json_put_text(&json, "ensign");
    json_key(&json, "ImageVersion");
    json_put_text(&json, parts->version);
    json_end_object(&json);
    return writer_done(out, &written) ? written : (struct bytes){ 0 };
}

static bool check_parts(const struct image_parts *parts, struct fault *why)
{
    const struct {
        const char *name;
        struct bytes contents;
    } needed[] = { { "kernel", parts->kernel },
                   { "command line", parts->cmdline },
                   { "init", parts->init },
                   { "ensignd", parts->ensignd },
                   { "settings", parts->settings } };
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (needed[i].contents.len == 0)
            return fault_set(why, FAULT_INPUT, "the %s is empty", needed[i].name);
    if (parts->cmdline.len > CMDLINE_MAX)
        return fault_set(why, FAULT_INPUT, "the command line is %zu bytes, the kernel takes %d", parts->cmdline.len,
                         CMDLINE_MAX);
    for (size_t i = 0; i < parts->cmdline.len; i++)
        if (parts->cmdline.data[i] < ' ' || parts->cmdline.data[i] > '~')
            return fault_set(why, FAULT_INPUT, "the command line has a control character or a line end at %zu", i);
    if ((parts->certificate_pem.len == 0) != (parts->private_key_pem.len == 0))
        return fault_set(why, FAULT_INPUT, "signing needs both a certificate and its private key");
    return true;
}

static bool fill(const struct image_parts *parts, struct workroom *room, struct eif *eif, struct fault *why)
{
    const struct cpio_entry first[] = { { "dev", DIRECTORY, { 0 } },
                                        { "proc", DIRECTORY, { 0 } },
                                        { "init", PROGRAM, parts->init },
                                        { "nsm.ko", READ_ONLY, parts->nsm_module } };
    const struct cpio_entry second[] = { { "settings.json", READ_ONLY, parts->settings },
                                         { "ensignd", PROGRAM, parts->ensignd } };
    struct writer metadata = writer_of(room->metadata, sizeof room->metadata);
    struct bytes ramdisks[2];
    if (!make_ramdisk(room, 0, first, parts->nsm_module.len > 0 ? 4 : 3, &ramdisks[0], why) ||
        !make_ramdisk(room, 1, second, 2, &ramdisks[1], why))
        return false;
    *eif = (struct eif){
        .version = EIF_VERSION,
        .is_arm64 = parts->is_arm64,
        .section_count = 5,
        .sections = { { .type = EIF_KERNEL, .data = parts->kernel },
                      { .type = EIF_CMDLINE, .data = parts->cmdline },
                      { .type = EIF_METADATA, .data = put_metadata(parts, &metadata) },
                      { .type = EIF_RAMDISK, .data = ramdisks[0] },
                      { .type = EIF_RAMDISK, .data = ramdisks[1] } },
    };
    return eif->sections[2].data.len > 0 || fault_set(why, FAULT_LIMIT, "the metadata is over %d bytes", METADATA_MAX);
}

static bool sign(const struct image_parts *parts, struct workroom *room, struct eif *eif, struct fault *why)
{
    struct writer out = writer_of(room->signature, sizeof room->signature);
    const struct measurements measured = eif_measure(eif);
    struct bytes signature;
    if (parts->certificate_pem.len == 0)
        return true;
    if (!eif_signature_make(parts->certificate_pem, parts->private_key_pem, &measured.pcr0, &out, why))
        return false;
    if (!writer_done(&out, &signature))
        return fault_set(why, FAULT_LIMIT, "the signature does not fit its section");
    eif->sections[eif->section_count++] = (struct eif_section){ .type = EIF_SIGNATURE, .data = signature };
    return true;
}

bool image_assemble(const struct image_parts *parts, uint8_t **file, size_t *len, struct measurements *measured,
                    struct fault *why)
{
    struct eif eif;
    if (!check_parts(parts, why))
        return false;
    struct workroom *room = calloc(1, sizeof *room);
    if (room == NULL)
        return fault_set(why, FAULT_INTERNAL, "no memory");
    uint8_t *made = NULL;
    bool done = fill(parts, room, &eif, why) && sign(parts, room, &eif, why);
    if (done) {
        const size_t made_len = eif_len(&eif);
        made = malloc(made_len);
        struct writer out = writer_of(made, made == NULL ? 0 : made_len);
        eif_put(&out, &eif);
        /* What was written is read back as anybody will: it must be an image. */
        done = made == NULL ? fault_set(why, FAULT_INTERNAL, "no memory for an image of %zu bytes", made_len)
                            : eif_read((struct bytes){ made, out.len }, &eif, why);
        if (done) {
            *measured = eif_measure(&eif);
            *file = made;
            *len = made_len;
        } else {
            free(made);
        }
    }
    workroom_free(room);
    return done;
}
