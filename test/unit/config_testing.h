/* Reading configurations from texts, for the tests of src/config. */
#ifndef UNIT_CONFIG_TESTING_H
#define UNIT_CONFIG_TESTING_H

#include "config/config.h"
#include "temp_files.h"
#include "testing.h"

/* A section of drivers, `things`, whose one driver, gadget, has an option of every type. */
extern const struct driver_class things_class;

/* A directory that texts are written to as files and read from. */
struct config_bench {
    struct temp_files *files;
    struct arena *arena;    /* of the files */
    const char *defines[8]; /* -D */
    bool admin, no_labels;  /* of show() */
};

int bench_setup(void **state);
int bench_teardown(void **state);

#define bench_test(f) cmocka_unit_test_setup_teardown(f, bench_setup, bench_teardown)

/* Writes a file into the directory and gives its whole name. "@DIR@" in the text stands for the directory. */
const char *bench_file(struct config_bench *bench, const char *name, const char *text);

/* Reads the text as the file "conf". NULL: error has "LINE: text" (the line of conf) or "FILE:LINE: text"
 * (of another file), or the text alone when it has no place. */
struct config *bench_read(struct config_bench *bench, const char *text, const char **error);

/* Reads the text, which must be right. */
struct config *bench_good(struct config_bench *bench, const char *text);

/* What -bP says about `what` (two words for forms such as "thing NAME"), or the error as above. */
const char *show(struct config_bench *bench, const char *text, const char *what);

/* A case of a table: what show() gives. */
struct config_case {
    const char *text, *what, *expected;
};

void check_cases(struct config_bench *bench, const struct config_case *cases, size_t count);

#define CHECK_CASES(bench, cases) check_cases((bench), (cases), sizeof(cases) / sizeof *(cases))

#endif
