/* settings_file: reads the one file that ensignd reads. */
#ifndef ENCLAVE_SETTINGS_FILE_H
#define ENCLAVE_SETTINGS_FILE_H

#include "core/signer/settings.h"

#define SETTINGS_FILE_DEFAULT "/settings.json"

/* FAULT_INPUT, naming the file; *settings is then unspecified. */
bool settings_file_read(const char *path, struct settings *settings, struct fault *why) MUST_USE;

/* A whole file of at most `cap` bytes. FAULT_INPUT, without its name. */
bool settings_file_load(const char *path, uint8_t *into, size_t cap, size_t *len, struct fault *why) MUST_USE;

#endif
