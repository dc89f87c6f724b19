/* What the tests of expansions have in common: a scope with a process, a connection and a message, services
 * that do little, and the outcome of an expansion in one line. */
#ifndef UNIT_EXPAND_TESTING_H
#define UNIT_EXPAND_TESTING_H

#include "expand/expand.h"
#include "expand/scope.h"
#include "temp_files.h"

struct expand_testing {
    struct temp_files *files;
    struct arena *arena;
    struct scope_process process;
    struct scope_connection connection;
    struct scope_message message;
    struct scope_address address;
    struct scope_acl acl;
    struct scope scope;
};

/* Setup and teardown: *state is a struct expand_testing *. The peer is 10.1.2.3.4567, the sender
 * Joe@sender.test, the recipient x@dom.test (tainted); $acl_c_foo is CFOO, $acl_m_bar MBAR. */
int expand_testing_setup(void **state);
int expand_testing_teardown(void **state);

#define expand_test(f) cmocka_unit_test_setup_teardown(f, expand_testing_setup, expand_testing_teardown)

/* The value, or `Failed: text`, `Forced: text`, `Deferred: text`. */
struct str expand_outcome(struct expand_testing *t, struct str source);

/* Cases in a table. `~` in both becomes the test's directory. */
struct expand_case {
    struct str source, outcome;
};
#define CASE(source, outcome) \
    { \
        STR(source), STR(outcome) \
    }
#define check_cases(t, cases) \
    check_expand_cases(t, cases, sizeof(cases) / sizeof((cases)[0]), __FILE__, __LINE__)
void check_expand_cases(struct expand_testing *t, const struct expand_case *cases, size_t n, const char *file,
                        int line);

/* One case. */
#define assert_expands(t, source, outcome) \
    check_expand_cases(t, &(struct expand_case)CASE(source, outcome), 1, __FILE__, __LINE__)

#endif
