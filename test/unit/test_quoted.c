/* Quoted strings of configurations (manual, 6.17). */
#include "testing.h"

#include "base/quoted.h"

/* Reads the quoted string that text begins with; what is left of text must be rest. */
static struct str read_text(struct arena *arena, const char *text, const char *rest)
{
    const char *p = text;
    struct str value = quoted_read(arena, &p, text + strlen(text));

    assert_string_equal(p, rest);
    return value;
}

static void test_quoted(void **state)
{
    assert_str(read_text(*state, "\"\"", ""), "");
    assert_str(read_text(*state, "\"a b\" c", " c"), "a b");
    assert_str(read_text(*state, "\"x\"y", "y"), "x");
    assert_str(read_text(*state, "\"open", ""), "open");
    assert_str(read_text(*state, "\"", ""), "");
    assert_str(read_text(*state, "\"end\\", ""), "end\\");
    assert_str(read_text(*state, "\"a\\\"b\\\\c\" d", " d"), "a\"b\\c");
}

static void test_escapes(void **state)
{
    assert_str(read_text(*state, "\"\\b\\f\\n\\r\\t\\v\"", ""), "\b\f\n\r\t\v");
    assert_str(read_text(*state, "\"\\q\\$\\N\\ \"", ""), "q$N ");
    assert_str(read_text(*state, "\"\\101\\1018\\60\\0\\400\"", ""), "A"
                                                                     "A8"
                                                                     "0"
                                                                     "\0"
                                                                     "\0");
    assert_str(read_text(*state, "\"\\x41\\x412\\x4g\\x\"", ""), "A"
                                                                 "A2"
                                                                 "\004g"
                                                                 "\0");
    assert_str(read_text(*state, "\"\\377\\xff\\\303\"", ""), "\377\377\303");
    assert_str(read_text(*state, "\"\\x4", ""), "\004");
    assert_str(read_text(*state, "\"\\7", ""), "\007");
}

int main(void)
{
    const struct CMUnitTest tests[] = {arena_test(test_quoted), arena_test(test_escapes)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
