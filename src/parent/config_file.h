/* config_file: the configuration of a daemon, read against a table of flags. What would be `--name value` on a command
 * line is a line of it, and everything that reads arguments reads it as well:
 *
 *   # a comment, on a line of its own
 *   name = value          the blanks around both are not part of them
 *   switch = yes          or no, which is as if it did not stand there
 *
 * Who can write it chooses what the daemon does as root, so it is taken only from a regular file (no link) of the user
 * who runs this, that nobody else may read or write.
 */
#ifndef PARENT_CONFIG_FILE_H
#define PARENT_CONFIG_FILE_H

#include "parent/arguments.h"

enum { CONFIG_FILE_MAX = 65536 };

struct config_file {
    struct arguments arguments; /* views into `text` */
    char text[CONFIG_FILE_MAX + 1];
};

/* FAULT_INPUT, with the file's name and the line: not such a file, an unknown name (the known ones are listed), one
 * given twice that is wanted once, no value. */
bool config_file_read(const char *path, const struct flag_table *table, struct config_file *config,
                      struct fault *why) MUST_USE;

#endif
