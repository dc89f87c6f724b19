/* json: selectors, what elements look like as text, files that are not JSON. */
#include <stdio.h>

#include "lookup_testing.h"
#include "lookups/types.h"
#include "testing.h"

static const char document[] =
    "{ \"name\": \"va\\\"l\\u00fce\", \"n\": 42, \"f\": 0.1, \"big\": 1e300, \"yes\": true, \"no\": false,\n"
    "  \"nil\": null, \"empty\": \"\", \"7\": \"digits\", \"a:b\": \"colon\", \"\": \"no name\",\n"
    "  \"list\": [ \"zero\", {\"x\": [1, 2, {\"deep\": \"down\"}]}, [] ],\n"
    "  \"object\": {\"k\":\"v\",\"l\":[1,2]}, \"name\": \"last\" }\n";

#define assert_json(file, key, expected) \
    assert_string_equal(look_up_type(*state, &lookup_json, NULL, file, STR(key)), expected)

static void test_selectors(void **state)
{
    struct str f = temp_file(*state, "f", document);

    assert_json(f, "name", "=last");
    assert_json(f, "list:0", "=zero");
    assert_json(f, "list:1:x:1", "=2");
    assert_json(f, "list:1:x:2:deep", "=down");
    assert_json(f, "<, list, 1, x, 2, deep", "=down");
    assert_json(f, "<;a:b", "=colon");
    assert_json(f, "a::b", "=colon");
    assert_json(f, " list : 00 ", "=zero");
    assert_json(f, "list:3", "no");
    assert_json(f, "list:99999999999999999999", "no");
    assert_json(f, "list:-1", "no");
    assert_json(f, "list:x", "no");
    assert_json(f, "7", "no");
    assert_json(f, "name:x", "no");
    assert_json(f, "name:0", "no");
    assert_json(f, "NAME", "no");
    assert_json(f, "n\0", "no");
    assert_json(f, "", "no");
    search_close();
}

static void test_elements(void **state)
{
    struct str f = temp_file(*state, "f", document);

    assert_json(f, "n", "=42");
    assert_json(f, "f", "=0.1");
    assert_json(f, "yes", "=true");
    assert_json(f, "no", "=false");
    assert_json(f, "nil", "=null");
    assert_json(f, "empty", "=");
    assert_json(f, "list:2", "=[]");
    assert_json(f, "object", "={\"k\": \"v\", \"l\": [1, 2]}");
    assert_json(f, "list:1:x", "=[1, 2, {\"deep\": \"down\"}]");
    f = temp_file(*state, "g", "[\"quo\\\"te\\u00fc\\n\", \"a\\u0000b\"]");
    assert_json(f, "0", "=quo\"te\xc3\xbc\n");
    assert_json(f, "1", "=a");
    search_close();
}

static void test_changed(void **state)
{
    struct str f = temp_file(*state, "f", "{\"k\": 1}");

    assert_json(f, "k", "=1");
    f = temp_file(*state, "f", "{\"k\": 2}");
    assert_json(f, "k", "=2");
    search_close();
}

#define REFUSAL(file, why) \
    str_printf(arena, "nofile failed to open %s for json search: %s", (file).s, why).s

static void test_bad_files(void **state)
{
    struct temp_files *files = *state;
    struct str none = temp_path(files, "none"), directory = str_of(files->directory);
    struct str broken = temp_file(files, "broken", "{\n\"k\": }"), empty = temp_file(files, "empty", "");
    struct arena *arena = files->arena;

    assert_json(none, "k", REFUSAL(none, "No such file or directory"));
    assert_json(directory, "k", REFUSAL(directory, "Is a directory"));
    assert_json(broken, "k",
                str_printf(arena, "defer json: line 2 of %s: unexpected token near '}'", broken.s).s);
    const char *outcome = look_up_type(files, &lookup_json, NULL, empty, STR("k"));
    assert_int_equal(strncmp(outcome, "defer json: ", 12), 0);
    broken = temp_file(files, "octets", "{\"k\": \"\xff\"}");
    outcome = look_up_type(files, &lookup_json, NULL, broken, STR("k"));
    assert_int_equal(strncmp(outcome, "defer json: ", 12), 0);
    search_close();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        temp_files_test(test_selectors),
        temp_files_test(test_elements),
        temp_files_test(test_changed),
        temp_files_test(test_bad_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
