/* Opening configuration files and reading them whole. */
#ifndef CONFIG_SOURCE_FILE_H
#define CONFIG_SOURCE_FILE_H

#include "base/error.h"

/* The first of the files that exists; its owner and mode are checked unless trusted (manual, 6).
 * file: its name; text: its octets, in the arena, which the caller may write to up to and including
 * text.s[text.n]. False: err. */
bool source_file_main(struct arena *arena, const char *const *files, bool trusted, struct str *file,
                      char **text, size_t *n, struct error *err);

enum source_file_result { SOURCE_FILE_READ, SOURCE_FILE_ABSENT, SOURCE_FILE_FAILED };

/* An included file. SOURCE_FILE_FAILED: errno says why. */
enum source_file_result source_file_read(struct arena *arena, const char *file, char **text, size_t *n);

#endif
