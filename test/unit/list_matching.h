/* What the tests of list matching have in common: a scope with files, named lists and logs, and the
 * outcome of a match in one line. */
#ifndef UNIT_LIST_MATCHING_H
#define UNIT_LIST_MATCHING_H

#include "expand/scope.h"
#include "match/list.h"
#include "temp_files.h"

struct list_matching {
    struct temp_files *files;
    struct arena *arena;
    struct scope_process process;
    struct scope scope;
    struct named_lists *lists;
    struct str main_log; /* file name */
};

/* Setup and teardown: *state is a struct list_matching *. */
int list_matching_setup(void **state);
int list_matching_teardown(void **state);

#define list_matching_test(f) cmocka_unit_test_setup_teardown(f, list_matching_setup, list_matching_teardown)

/* Compiles the list and matches the subject with it. The outcome: "no", "[VALUE]" for yes, with "[$0][$1]..."
 * for the captures behind, "defer TEXT", "error TEXT". Before each match there are no captures. */
const char *list_outcome(struct list_matching *t, enum list_kind kind, struct str subject, const char *list);

/* The same for a match that is already made. */
const char *match_outcome(struct list_matching *t, enum match_result result, struct str value,
                          struct error *err);

/* Defines a named list. */
void define_list(struct list_matching *t, enum list_kind kind, const char *name, const char *text);

/* What the main log has got since the last call, without time stamps, lines separated by LF. */
const char *logged(struct list_matching *t);

/* `~` in the text becomes the test's directory. */
const char *in_directory(struct list_matching *t, const char *text);

#endif
