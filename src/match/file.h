/* Files that stand for the items on their lines (manual, 10.3). */
#ifndef MATCH_FILE_H
#define MATCH_FILE_H

#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"
#include "base/str.h"
#include "match/list.h"

struct list_file {
    FILE *stream;
    char *line; /* getline()'s */
    size_t room;
};

/* Opens a file; false: errno says why. */
bool list_file_open(struct list_file *file, struct str name);
void list_file_close(struct list_file *file);

/* The next item: comments (which differ between kinds of list) and white space at both ends are gone,
 * empty lines skipped. False: no more. */
bool list_file_next(struct list_file *file, enum list_kind kind, struct arena *arena, struct str *item);

/* Exim's text for a file that could not be opened. */
void list_file_error(struct error *err, struct str name, struct str list, int error_number);

#endif
