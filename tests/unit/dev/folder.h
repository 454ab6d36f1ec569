/* folder: a temporary folder that is gone when the test ends. */
#ifndef TESTS_UNIT_DEV_FOLDER_H
#define TESTS_UNIT_DEV_FOLDER_H

#include "check.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

static char folder[] = "/tmp/ensign-test-XXXXXX";

static void folder_remove(void)
{
    DIR *all = opendir(folder);
    for (struct dirent *one; all != NULL && (one = readdir(all)) != NULL;) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", folder, one->d_name);
        if (strcmp(one->d_name, ".") != 0 && strcmp(one->d_name, "..") != 0)
            unlink(path);
    }
    if (all != NULL)
        closedir(all);
    rmdir(folder);
}

static inline void folder_begin(void)
{
    if (mkdtemp(folder) == NULL)
        abort();
    atexit(folder_remove);
}

#endif
