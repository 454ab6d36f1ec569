/* image diff: what makes two images measure differently. */
#include "image/cpio.h"
#include "parent/command.h"
#include "parent/image_file.h"
#include "parent/image_report.h"
#include "parent/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool same_hash(const char *name, const struct hash48 *a, const struct hash48 *b)
{
    const bool same = memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
    (void)printf("%s %s\n", name, same ? "equal" : "differs");
    return same;
}

/* Its n-th ramdisk; an empty view when there are fewer. */
static struct bytes ramdisk(const struct eif *eif, size_t number)
{
    for (size_t i = 0; i < eif->section_count; i++)
        if (eif->sections[i].type == EIF_RAMDISK && number-- == 0)
            return eif->sections[i].data;
    return (struct bytes){ 0 };
}

/* The entry of that name in an archive. */
static bool find(struct bytes archive, struct bytes name, struct cpio_item *item)
{
    struct reader in = reader_of(archive);
    struct fault why;
    while (cpio_next(&in, item, &why))
        if (bytes_equal(item->name, name))
            return true;
    return false;
}

static void say_file(size_t number, struct bytes name, const char *what)
{
    (void)printf("  ramdisk %zu: %.*s %s\n", number, (int)(name.len < 200 ? name.len : 200), (const char *)name.data,
                 what);
}

/* How the files of one archive stand in another; with `both` false, only those that the other lacks. */
static size_t compare_files(size_t number, struct bytes from, struct bytes to, bool both)
{
    struct reader in = reader_of(from);
    struct cpio_item item, other;
    struct fault why;
    size_t said = 0;
    while (cpio_next(&in, &item, &why)) {
        const bool found = find(to, item.name, &other);
        const char *what = NULL;
        if (!found)
            what = both ? "is only in the first" : "is only in the second";
        else if (both && item.mode != other.mode)
            what = "has another mode";
        else if (both && !bytes_equal(item.data, other.data))
            what = "differs";
        if (what != NULL)
            say_file(number, item.name, what);
        said += what != NULL;
    }
    return said;
}

static void compare_ramdisk(size_t number, struct bytes a, struct bytes b)
{
    struct bytes archive_a, archive_b;
    uint8_t *unpacked_a = NULL, *unpacked_b = NULL;
    struct fault why;
    if (bytes_equal(a, b))
        return;
    if (a.len == 0 || b.len == 0)
        (void)printf("  ramdisk %zu: only in the %s\n", number, a.len == 0 ? "second" : "first");
    else if (!image_ramdisk_open(a, &archive_a, &unpacked_a, &why) ||
             !image_ramdisk_open(b, &archive_b, &unpacked_b, &why))
        (void)printf("  ramdisk %zu: differs, and cannot be listed: %s\n", number, why.text);
    else if (compare_files(number, archive_a, archive_b, true) + compare_files(number, archive_b, archive_a, false) ==
             0)
        (void)printf("  ramdisk %zu: the same files, but packed or ordered differently\n", number);
    free(unpacked_a);
    free(unpacked_b);
}

static void compare_section(enum eif_type type, const struct eif *a, const struct eif *b)
{
    const struct bytes one = eif_find(a, type)->data, two = eif_find(b, type)->data;
    if (bytes_equal(one, two))
        return;
    (void)printf("  %s differs (%zu and %zu bytes)\n", eif_type_name(type), one.len, two.len);
    if (type == EIF_CMDLINE)
        (void)printf("    first:  %.*s\n    second: %.*s\n", (int)(one.len < 2048 ? one.len : 2048),
                     (const char *)one.data, (int)(two.len < 2048 ? two.len : 2048), (const char *)two.data);
}

static bool compare(const struct eif *a, const struct eif *b)
{
    const struct measurements one = eif_measure(a), two = eif_measure(b);
    const bool same0 = same_hash("PCR0", &one.pcr0, &two.pcr0);
    const bool same1 = same_hash("PCR1", &one.pcr1, &two.pcr1);
    const bool same2 = same_hash("PCR2", &one.pcr2, &two.pcr2);
    const bool same8 = (!one.is_signed && !two.is_signed) || same_hash("PCR8", &one.pcr8, &two.pcr8);
    compare_section(EIF_KERNEL, a, b);
    compare_section(EIF_CMDLINE, a, b);
    for (size_t i = 0; i < EIF_SECTIONS_MAX; i++)
        compare_ramdisk(i, ramdisk(a, i), ramdisk(b, i));
    if (one.is_signed != two.is_signed)
        (void)printf("  only the %s is signed\n", one.is_signed ? "first" : "second");
    return same0 && same1 && same2 && same8;
}

static enum exit_code run(const struct arguments *arguments)
{
    struct bytes first = { 0 }, second = { 0 };
    struct eif a, b;
    struct fault why;
    if (!image_open(arguments->operands[0], &first, &a, &why))
        return command_failed(EXIT_CODE_INPUT, &why);
    if (!image_open(arguments->operands[1], &second, &b, &why)) {
        image_file_free(&first);
        return command_failed(EXIT_CODE_INPUT, &why);
    }
    const bool same = compare(&a, &b);
    image_file_free(&first);
    image_file_free(&second);
    return same ? EXIT_CODE_DONE : EXIT_CODE_REFUSED;
}

const struct command command_image_diff = {
    .name = "image diff",
    .operands = "FILE FILE",
    .operands_least = 2,
    .operands_most = 2,
    .summary = "what makes two images measure differently",
    .about = "Says which PCRs differ, and why: kernel, command line, and which files of which\n"
             "ramdisk. Exit code 0 when all PCRs are equal, 1 when one differs.",
    .examples = "  ensign image diff build/ensign.eif theirs.eif",
    .flags = { 0 },
    .run = run,
};
