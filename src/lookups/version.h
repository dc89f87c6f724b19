/* Which version of a file has been read: handles that are kept use it to see whether they still are
 * current. */
#ifndef LOOKUPS_VERSION_H
#define LOOKUPS_VERSION_H

#include <stdbool.h>
#include <sys/stat.h>
#include <time.h>

#include "base/error.h"
#include "base/str.h"

struct file_version {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec modified, changed;
    bool settled; /* it had not been written to for a moment when it was read */
};

/* The version a stat() has seen. */
struct file_version file_version_of(const struct stat *status);

/* Whether the file of that name is still that version. A file read in the very tick of its last
 * change never counts as current: another change in that tick would not show. */
bool file_version_current(const struct file_version *version, struct str file);

/* Sets err to `failed to open FILE for PURPOSE: REASON` for errno, as Exim words it. */
void file_open_error(struct error *err, struct str file, const char *purpose, int error_number);

#endif
