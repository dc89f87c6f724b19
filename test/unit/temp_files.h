/* A directory for a test's files, gone when the test is. */
#ifndef UNIT_TEMP_FILES_H
#define UNIT_TEMP_FILES_H

#include "base/str.h"

/* Setup and teardown: *state is a struct temp_files *. */
struct temp_files {
    struct arena *arena;
    char directory[64];
};
int temp_files_setup(void **state);
int temp_files_teardown(void **state);

#define temp_files_test(f) cmocka_unit_test_setup_teardown(f, temp_files_setup, temp_files_teardown)

/* The path of a file in the directory, and one that is written with those contents. */
struct str temp_path(struct temp_files *files, const char *name);
struct str temp_file(struct temp_files *files, const char *name, const char *contents);
struct str temp_file_octets(struct temp_files *files, const char *name, const char *contents, size_t n);

#endif
