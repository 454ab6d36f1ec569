#include "parent/image_facts.h"

#include "image/cpio.h"
#include "parent/image_file.h"
#include "parent/image_report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_settings(struct bytes name)
{
    return bytes_equal(name, BYTES_LIT("settings.json")) || bytes_equal(name, BYTES_LIT("./settings.json")) ||
           bytes_equal(name, BYTES_LIT("/settings.json"));
}

/* Counts the settings files of one ramdisk and keeps the text of the last. */
static bool look_in(struct bytes ramdisk, struct image_facts *facts, struct bytes *kept, size_t *count,
                    struct fault *why)
{
    struct bytes archive;
    uint8_t *unpacked = NULL;
    struct cpio_item item;
    if (!image_ramdisk_open(ramdisk, &archive, &unpacked, why))
        return false;
    struct reader in = reader_of(archive);
    why->code = FAULT_NONE;
    while (cpio_next(&in, &item, why)) {
        if (!is_settings(item.name) || item.data.len > IMAGE_SETTINGS_MAX)
            continue;
        memcpy(facts->room, item.data.data, item.data.len);
        *kept = (struct bytes){ facts->room, item.data.len };
        ++*count;
    }
    free(unpacked);
    return why->code == FAULT_NONE;
}

static void find_settings(const struct eif *eif, struct image_facts *facts)
{
    struct bytes kept = { NULL, 0 };
    struct fault why = { 0 };
    size_t count = 0;
    bool readable = true;
    for (size_t i = 0; i < eif->section_count && readable; i++) {
        if (eif->sections[i].type == EIF_RAMDISK)
            readable = look_in(eif->sections[i].data, facts, &kept, &count, &why);
    }
    if (!readable)
        (void)snprintf(facts->no_settings, sizeof facts->no_settings, "a ramdisk cannot be read: %.150s", why.text);
    else if (count != 1)
        (void)snprintf(facts->no_settings, sizeof facts->no_settings, "%zu files /settings.json (want exactly one)",
                       count);
    else if (!json_read(kept, &facts->settings, &why) || json_kind(facts->settings) != JSON_OBJECT)
        (void)snprintf(facts->no_settings, sizeof facts->no_settings, "malformed: ensignd will not start");
    if (facts->no_settings[0] != '\0')
        facts->settings = (struct json){ { NULL, 0 } };
}

bool image_facts_read(const char *path, struct image_facts *facts, struct fault *why)
{
    struct bytes contents;
    struct eif eif;
    *facts = (struct image_facts){ .no_settings = "" };
    if (!image_open(path, &contents, &eif, why))
        return false;
    facts->measured = eif_measure(&eif);
    facts->room = malloc(IMAGE_SETTINGS_MAX);
    must(facts->room != NULL);
    find_settings(&eif, facts);
    image_file_free(&contents);
    return true;
}

void image_facts_free(struct image_facts *facts)
{
    free(facts->room);
    *facts = (struct image_facts){ .no_settings = "" };
}
