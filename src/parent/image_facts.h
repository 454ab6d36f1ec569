/* image_facts: what a verifier and a key policy take from an enclave image: its measurements and its settings. */
#ifndef PARENT_IMAGE_FACTS_H
#define PARENT_IMAGE_FACTS_H

#include "core/codec/json.h"
#include "image/pcr.h"

enum { IMAGE_SETTINGS_MAX = 2 << 20 };

struct image_facts {
    struct measurements measured;
    struct json settings; /* JSON_NONE: none, malformed, or more than one; the reason then stands in `no_settings` */
    char no_settings[200];
    uint8_t *room; /* that the settings live in */
};

/* FAULT_INPUT with the file's name. Freed with image_facts_free. */
bool image_facts_read(const char *path, struct image_facts *facts, struct fault *why) MUST_USE;
void image_facts_free(struct image_facts *facts);

#endif
