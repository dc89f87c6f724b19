/* dbm, dbmnz, dbmjz: what the three make of keys, kinds of database, files that are none. */
#include <db.h>
#include <stdio.h>

#include "lookup_testing.h"
#include "lookups/types.h"
#include "testing.h"

struct entry {
    struct str key, data;
};

static struct str make(struct temp_files *files, const char *name, DBTYPE type, const struct entry *entries,
                       size_t n)
{
    struct str path = temp_path(files, name);
    DB *db;

    assert_int_equal(db_create(&db, NULL, 0), 0);
    assert_int_equal(db->open(db, NULL, path.s, NULL, type, DB_CREATE | DB_TRUNCATE, 0600), 0);
    for (size_t i = 0; i < n; i++) {
        DBT key = {.data = (void *)(uintptr_t)entries[i].key.s, .size = (u_int32_t)entries[i].key.n};
        DBT data = {.data = (void *)(uintptr_t)entries[i].data.s, .size = (u_int32_t)entries[i].data.n};
        assert_int_equal(db->put(db, NULL, &key, &data, 0), 0);
    }
    assert_int_equal(db->close(db, 0), 0);
    return path;
}

static struct str make_usual(struct temp_files *files, DBTYPE type)
{
    const struct entry entries[] = {
        {STR("a\0"), STR("with zero\0")},
        {STR("a"), STR("without zero")},
        {STR("z\0"), STR("only dbm")},
        {STR("nz"), STR("only dbmnz")},
        {STR("user\0realm\0prop"), STR("sasl")},
        {STR("a\0\0b"), STR("empty between")},
        {STR("none\0"), STR("")},
        {STR("nul\0"), STR("before\0behind")},
    };

    return make(files, type == DB_HASH ? "hash" : "tree", type, entries, sizeof entries / sizeof *entries);
}

#define assert_dbm(type, file, key, expected) \
    assert_string_equal(look_up_type(*state, &lookup_##type, NULL, file, STR(key)), expected)

static void test_keys(void **state)
{
    const DBTYPE types[] = {DB_HASH, DB_BTREE};

    for (unsigned i = 0; i < 2; i++) {
        struct str f = make_usual(*state, types[i]);
        assert_dbm(dbm, f, "a", "=with zero");
        assert_dbm(dbmnz, f, "a", "=without zero");
        assert_dbm(dbm, f, "z", "=only dbm");
        assert_dbm(dbmnz, f, "z", "no");
        assert_dbm(dbm, f, "nz", "no");
        assert_dbm(dbmnz, f, "nz", "=only dbmnz");
        assert_dbm(dbm, f, "none", "=");
        assert_dbm(dbm, f, "nul", "=before");
        assert_dbm(dbm, f, "A", "no");
        assert_dbm(dbm, f, "", "no");
        search_close();
    }
}

static void test_joined_keys(void **state)
{
    struct str f = make_usual(*state, DB_HASH);

    assert_dbm(dbmjz, f, "user:realm:prop", "=sasl");
    assert_dbm(dbmjz, f, "<, user, realm, prop", "=sasl");
    assert_dbm(dbmjz, f, "<, user, realm, prop,", "=sasl");
    assert_dbm(dbmjz, f, "user:realm", "no");
    assert_dbm(dbmjz, f, " a ", "=without zero");
    assert_dbm(dbmjz, f, "a:", "=without zero");
    assert_dbm(dbmjz, f, "a: :b", "=empty between");
    assert_dbm(dbmjz, f, ":", "no");
    search_close();
}

static void test_replaced(void **state)
{
    const struct entry entries[] = {{STR("a\0"), STR("other")}};
    struct str f = make_usual(*state, DB_HASH);

    assert_dbm(dbm, f, "a", "=with zero");
    struct str other = make(*state, "new", DB_HASH, entries, 1);
    assert_int_equal(rename(other.s, f.s), 0);
    assert_dbm(dbm, f, "a", "=other");
    search_close();
}

static void test_not_to_be_opened(void **state)
{
    struct temp_files *files = *state;
    struct str none = temp_path(files, "none"), text = temp_file(files, "text", "not a database\n");
    struct str directory = str_of(files->directory);
    struct arena *arena = files->arena;
    assert_string_equal(look_up_type(files, &lookup_dbm, NULL, none, STR("k")),
                        str_printf(arena, "nofile failed to open %s as a db (v4.1+) file: %s", none.s,
                                   "No such file or directory").s);
    assert_string_equal(look_up_type(files, &lookup_dbm, NULL, directory, STR("k")),
                        str_printf(arena, "nofile failed to open %s as a db (v4.1+) file: Is a directory",
                                   directory.s).s);
    assert_dbm(dbm, STR("relative"), "k",
               "nofile failed to open relative as a db (v4.1+) file: No such file or directory");
    assert_non_null(strstr(look_up_type(files, &lookup_dbm, NULL, text, STR("k")), "unexpected file type"));
    search_close();
}

/* A database by record number has no keys of text. */
static void test_wrong_kind(void **state)
{
    const struct entry none[] = {{STR_NULL, STR_NULL}};
    struct str f = make(*state, "recno", DB_RECNO, none, 0);

    const char *outcome = look_up_type(*state, &lookup_dbm, NULL, f, STR("longer"));
    assert_int_equal(strncmp(outcome, "defer dbm: ", 11), 0);
    search_close();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        temp_files_test(test_keys),     temp_files_test(test_joined_keys),
        temp_files_test(test_replaced), temp_files_test(test_not_to_be_opened),
        temp_files_test(test_wrong_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
