/* Debugging output: selectors, prefixes, and the host checks of a test session. */
#include "testing.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"

/* Standard error goes to a file while a test runs. */
struct capture {
    struct arena *arena;
    int saved, file;
};

static int setup(void **state)
{
    struct capture *c = calloc(1, sizeof *c);
    char name[] = "/tmp/gatepost-debug-XXXXXX";

    if (c == NULL)
        return -1;
    c->arena = arena_new(ARENA_PLAIN);
    c->file = mkstemp(name);
    unlink(name);
    c->saved = dup(STDERR_FILENO);
    dup2(c->file, STDERR_FILENO);
    *state = c;
    return 0;
}

static int teardown(void **state)
{
    struct capture *c = *state;

    debug_host_checks(false);
    debug_select(STR("-all"), NULL);
    dup2(c->saved, STDERR_FILENO);
    close(c->saved);
    close(c->file);
    arena_free(c->arena);
    free(c);
    return 0;
}

/* What was written since the last call. */
static struct str written(struct capture *c)
{
    char text[4096];
    ssize_t n = pread(c->file, text, sizeof text, 0);

    assert_true(n >= 0);
    assert_int_equal(ftruncate(c->file, 0), 0);
    lseek(c->file, 0, SEEK_SET);
    return str_copy_n(c->arena, text, (size_t)n, false);
}

static void choose(struct capture *c, const char *text)
{
    struct error err = ERROR_IN(c->arena);

    if (!debug_select(str_of(text), &err))
        fail_msg("%s", err.text.s);
}

static void test_default_set(void **state)
{
    static const enum debug_selector off[] = {
        DEBUG_expand, DEBUG_filter,   DEBUG_interface, DEBUG_load,      DEBUG_local_scan,
        DEBUG_memory, DEBUG_noutf8, DEBUG_pid,       DEBUG_resolver, DEBUG_timestamp,
    };

    assert_false(debug_any());
    choose(*state, "");
    assert_true(debug_any());
    for (int i = 0; i < DEBUG_COUNT; i++) {
        bool expected = true;
        for (size_t at = 0; at < sizeof off / sizeof *off; at++)
            if ((int)off[at] == i)
                expected = false;
        assert_int_equal(debug_on((enum debug_selector)i), expected);
    }
}

static void test_selection(void **state)
{
    choose(*state, "+expand");
    assert_true(debug_on(DEBUG_expand));
    assert_true(debug_on(DEBUG_acl));
    choose(*state, "-all+auth");
    assert_true(debug_on(DEBUG_auth));
    assert_false(debug_on(DEBUG_expand)); /* each -d begins with the defaults */
    assert_false(debug_on(DEBUG_acl));
    choose(*state, "+all");
    assert_true(debug_on(DEBUG_local_scan));
    assert_true(debug_on(DEBUG_verify));
    assert_true(debug_on(DEBUG_timestamp));
    assert_false(debug_on(DEBUG_memory));
    assert_false(debug_on(DEBUG_noutf8));
    choose(*state, "+all+memory");
    assert_true(debug_on(DEBUG_memory));
    choose(*state, "+memory-all");
    assert_false(debug_any());
    choose(*state, "-all");
    assert_false(debug_any());
}

static void test_errors(void **state)
{
    static const struct {
        const char *text, *error;
    } v[] = {
        {"+foo", "unknown debug_selector setting: +foo"},
        {"acl", "malformed debug_selector setting: + or - expected but found \"acl\""},
        {"+acl-foo", "unknown debug_selector setting: -foo"},
        {"+acl+", "unknown debug_selector setting: +"},
        {"+ACL", "unknown debug_selector setting: +ACL"},
        {"++", "unknown debug_selector setting: +"},
        {"+acl auth", "malformed debug_selector setting: + or - expected but found \"auth\""},
        {"=auth", "malformed numeric debug_selector setting: =auth"},
    };
    struct capture *c = *state;

    choose(c, "-all+acl");
    for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
        struct error err = ERROR_IN(c->arena);
        assert_false(debug_select(str_of(v[i].text), &err));
        assert_octets(err.text, v[i].error, strlen(v[i].error));
    }
    assert_true(debug_on(DEBUG_acl)); /* as before */
    assert_false(debug_on(DEBUG_auth));
}

static void test_output(void **state)
{
    debug(DEBUG_acl, "off\n");
    assert_str(written(*state), "");
    choose(*state, "-all+acl");
    debug(DEBUG_auth, "other\n");
    debug(DEBUG_acl, "check %s = %d\n", "x", 7);
    debug(DEBUG_acl, "no newline");
    debug(DEBUG_acl, "two\nlines\n");
    debug(DEBUG_acl, "\n");
    debug(DEBUG_acl, "%s", "");
    debug(DEBUG_acl, "a\t\x1b]\xc3\xa4\r\n");
    assert_str(written(*state), "check x = 7\nno newline\ntwo\nlines\n\n\na\t\\033]\xc3\xa4\\r\n");
}

static void test_prefixes(void **state)
{
    struct capture *c = *state;
    int hour, minute, second, end = 0;
    long pid;

    choose(c, "-all+acl+pid");
    debug(DEBUG_acl, "a\nb\n");
    struct str expected = str_printf(c->arena, "%5ld a\n%5ld b\n", (long)getpid(), (long)getpid());
    assert_octets(written(c), expected.s, expected.n);
    choose(c, "-all+acl+pid+timestamp");
    debug(DEBUG_acl, "x");
    struct str got = written(c);
    assert_int_equal(sscanf(got.s, "%2d:%2d:%2d %ld x\n%n", &hour, &minute, &second, &pid, &end), 4);
    assert_int_equal(end, got.n);
    assert_int_equal(pid, getpid());
}

static void test_host_checks(void **state)
{
    debug_host_checks(true);
    assert_true(debug_on(DEBUG_acl));
    assert_false(debug_on(DEBUG_lookup));
    assert_false(debug_any());
    debug(DEBUG_lists, "host in x? no\n");
    debug(DEBUG_auth, "two\nlines\n");
    debug(DEBUG_lookup, "not shown\n");
    debug(DEBUG_expand, "not shown\n");
    debug_detail(DEBUG_acl, "not shown\n");
    assert_str(written(*state), ">>> host in x? no\n>>> two\n>>> lines\n");

    choose(*state, "-all+expand"); /* with -d no line is marked, and the checks are still there */
    debug(DEBUG_acl, "check\n");
    debug(DEBUG_expand, "expanding\n");
    assert_str(written(*state), "check\nexpanding\n");
    assert_false(debug_detail_on(DEBUG_acl));

    choose(*state, "-all+acl");
    debug_detail(DEBUG_acl, "detail\n");
    assert_true(debug_detail_on(DEBUG_acl));
    assert_str(written(*state), "detail\n");

    debug_host_checks(false);
    choose(*state, "-all");
    debug(DEBUG_acl, "over\n");
    assert_str(written(*state), "");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_default_set), TEST(test_selection), TEST(test_errors),
        TEST(test_output),      TEST(test_prefixes),  TEST(test_host_checks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
