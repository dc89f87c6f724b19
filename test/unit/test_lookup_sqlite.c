/* sqlite: results, which file a query goes to, what is kept, errors, quoting. Expected results are those of
 * the packaged Exim, but for errors that may pass. */
#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "lookup_testing.h"
#include "lookups/types.h"
#include "testing.h"

static void execute(struct str file, const char *sql)
{
    sqlite3 *db;

    assert_int_equal(sqlite3_open(file.s, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

/* The file that queries go to when they name none. */
static struct str make(struct temp_files *files, int timeout)
{
    struct str file = temp_path(files, "db");

    execute(file, "create table u(id text, home text, n integer, nul text);"
                  "insert into u values('a', '/home/a', 1, null), ('b', '/home/b b', 2, '')");
    lookup_configure(&(struct lookup_settings){.sqlite_dbfile = file, .sqlite_lock_timeout = timeout});
    return file;
}

static const char *ask(struct temp_files *files, const char *options, struct str query)
{
    return look_up_type(files, &lookup_sqlite, options, STR_NULL, query);
}

#define assert_sqlite(query, expected) assert_string_equal(ask(*state, NULL, STR(query)), expected)

static void test_rows(void **state)
{
    make(*state, 1);
    assert_sqlite("select home from u where id='a'", "=/home/a");
    assert_sqlite("select id from u", "=a\nb");
    assert_sqlite("select id from u where 0", "no");
    assert_sqlite("select * from u", "=id=a home=/home/a n=1 nul=<NULL> \n"
                                     "id=b home=\"/home/b b\" n=2 nul=\"\" ");
    assert_sqlite("select nul from u", "=<NULL>\n");
    assert_sqlite("select '' union select ''", "=");
    assert_sqlite("select 1 as a, 2 as b; select 3 as c", "=a=1 b=2 \n3");
    assert_sqlite("select x'6100620a'", "=a");
    assert_sqlite("select char(9) as t, char(10) as n, char(13) as r, ' ' as s",
                  "=t=\"\t\" n=\"\n\" r=\"\r\" s=\" \" ");
    assert_sqlite("select '\"x' as a, 'x\"' as b, 'a\\b c\"d' as c, '=' as d, '\\' as e",
                  "=a=\"\\\"x\" b=x\" c=\"a\\\\b c\\\"d\" d== e=\\ ");
    search_close();
}

static void test_which_file(void **state)
{
    struct temp_files *files = *state;
    struct str other = temp_path(files, "other");
    struct arena *arena = files->arena;
    struct str option = str_printf(arena, "file=%s", other.s);
    struct str two = str_printf(arena, "ret=x,file=%s,file=/nowhere/else", other.s);

    make(files, 1);
    execute(other, "create table o(x); insert into o values('from the other')");
    assert_string_equal(ask(files, option.s, STR("select x from o")), "=from the other");
    assert_string_equal(ask(files, two.s, STR("select x from o")), "=from the other");
    assert_string_equal(ask(files, NULL, str_printf(arena, " %s  select x from o", other.s)),
                        "=from the other");
    assert_string_equal(ask(files, NULL, other), "no");
    assert_string_equal(ask(files, option.s, str_printf(arena, "%s select x from o", other.s)), "no");
    assert_string_equal(ask(files, "file=relative", STR("select 1")),
                        "nofile absolute file name expected for \"sqlite\" lookup");
    assert_string_equal(ask(files, "file=/nowhere/db", STR("select 1")),
                        "nofile unable to open database file");
    struct str query = str_printf(arena, "%s select x from o", other.s);
    assert_string_equal(ask(files, NULL, str_taint(query)),
                        str_printf(arena, "nofile Tainted filename for search: '%s'", other.s).s);
    lookup_configure(&(struct lookup_settings){.sqlite_lock_timeout = 1});
    assert_sqlite("select 1", "nofile absolute file name expected for \"sqlite\" lookup");
    search_close();
}

static void test_kept_results(void **state)
{
    struct str file = make(*state, 1);

    assert_sqlite("select n from u where id='a'", "=1");
    execute(file, "update u set n=10 where id='a'");
    assert_sqlite("select n from u where id='a'", "=1");
    assert_string_equal(ask(*state, "cache=x", STR("select n from u where id='a'")), "=10");
    assert_sqlite("update u set n=11 where id='a'", "no");
    assert_sqlite("select n from u where id='a'", "=11");
    assert_sqlite("update u set n=n+1 where id='a' returning n", "=12");
    assert_sqlite("update u set n=n+1 where id='a' returning n", "=13");
    assert_sqlite("select n from u where id='a'", "=13");
    execute(file, "update u set n=20 where id='a'");
    search_tidyup();
    assert_sqlite("select n from u where id='a'", "=20");
    search_close();
}

static void test_errors(void **state)
{
    struct temp_files *files = *state;
    struct str file = make(files, 0), text = temp_file(files, "text", "This is no database.");
    sqlite3 *db;

    assert_sqlite("select bogus from u", "no");
    assert_sqlite("", "no");
    assert_sqlite("select 1; bogus", "no");
    assert_sqlite("select 1\0", "defer sqlite: NUL in the query");
    assert_string_equal(ask(files, str_printf(files->arena, "file=%s", text.s).s, STR("select 1 from x")),
                        "defer sqlite: file is not a database");
    assert_int_equal(sqlite3_open(file.s, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "begin exclusive", NULL, NULL, NULL), SQLITE_OK);
    assert_sqlite("select id from u", "defer sqlite: database is locked");
    sqlite3_close(db);
    assert_sqlite("select id from u", "=a\nb");
    search_close();
}

static void test_quoting(void **state)
{
    struct arena *arena = ((struct temp_files *)*state)->arena;
    struct str quoted = lookup_sqlite.quote(arena, str_taint(STR("a'b\\c\"''\0'")), STR_NULL);

    assert_str(quoted, "a''b\\c\"''''\0''");
    assert_true(quoted.tainted);
    assert_str(lookup_sqlite.quote(arena, STR(""), STR_NULL), "");
    assert_true(str_is_null(lookup_sqlite.quote(arena, STR("x"), STR("option"))));
}

/* Text from outside that is not quoted for SQLite is told of, in both logs, and looked up nonetheless. */
static const char *said(struct temp_files *files, uint16_t taint, const struct lookup_services *services)
{
    struct str main_log = temp_path(files, "log");
    struct error err = ERROR_IN(files->arena);
    struct search search = {.type = &lookup_sqlite, .partial = -1};
    struct str query = {"select 1", 8, taint}, result;
    static char line[512];
    FILE *file;
    size_t n = 0;

    unlink(main_log.s);
    log_configure(&(struct log_settings){.main_path = main_log, .owner = getuid(), .group = getgid()});
    assert_int_equal(search_find(&search, files->arena, STR_NULL, query, services, NULL, &result, &err),
                     LOOKUP_FOUND);
    assert_str(result, "1");
    search_close();
    log_close();
    if ((file = fopen(main_log.s, "r")) != NULL) {
        n = fread(line, 1, sizeof line - 1, file);
        fclose(file);
    }
    line[n] = '\0';
    return n > 20 ? line + 20 : line;
}

static struct str place(void *ctx, struct arena *arena)
{
    (void)arena;
    return *(const struct str *)ctx;
}

static void test_unquoted(void **state)
{
    struct str where = STR("ACL warn, /file 1");
    struct lookup_services services = {.place = place, .ctx = &where};

    make(*state, 1);
    assert_string_equal(said(*state, 0, &services), "");
    assert_string_equal(said(*state, LOOKUP_QUOTED_SQLITE, &services), "");
    assert_string_equal(said(*state, 1, NULL), "tainted search query is not properly quoted: select 1\n");
    assert_string_equal(said(*state, LOOKUP_QUOTED_SQLITE | 1, &services),
                        "tainted search query is not properly quoted (ACL warn, /file 1): select 1\n");
    assert_string_equal(said(*state, LOOKUP_QUOTED_REDIS, &services),
                        "tainted search query is not properly quoted (ACL warn, /file 1): select 1\n");
    services.secret = true;
    where = STR_NULL;
    assert_string_equal(said(*state, 1, &services),
                        "tainted search query is not properly quoted: "
                        "(not shown: there may be a password in it)\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        temp_files_test(test_rows),   temp_files_test(test_which_file), temp_files_test(test_kept_results),
        temp_files_test(test_errors), temp_files_test(test_quoting),    temp_files_test(test_unquoted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
