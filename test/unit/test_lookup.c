/* Lookups: the series of keys, what files may look like, what goes wrong. Expected results are those of the
 * packaged Exim. */
#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "lookups/lookup.h"
#include "temp_files.h"
#include "testing.h"

/* The outcome of a lookup in one line: "=RESULT", with "|$1|$2" behind when those were set; "no";
 * "defer TEXT"; "nofile TEXT". */
static const char *outcome(struct temp_files *files, const char *style, struct str file, struct str key,
                           const struct lookup_services *services)
{
    struct arena *arena = files->arena;
    struct error err = ERROR_IN(arena);
    struct search_parts parts;
    struct search search;
    struct str result;

    if (!search_parse(arena, str_of(style), &search, &err))
        return err.text.s;
    switch (search_find(&search, arena, file, key, services, &parts, &result, &err)) {
    case LOOKUP_FOUND:
        assert_false(result.tainted);
        if (!parts.set)
            return str_printf(arena, "=%.*s", STR_ARG(result)).s;
        return str_printf(arena, "=%.*s|%.*s|%.*s", STR_ARG(result), STR_ARG(parts.wild),
                          STR_ARG(parts.fixed))
            .s;
    case LOOKUP_NOT_FOUND:
        return "no";
    case LOOKUP_DEFER:
        return str_printf(arena, "defer %.*s", STR_ARG(err.text)).s;
    case LOOKUP_NO_FILE:
        break;
    }
    return str_printf(arena, "nofile %.*s", STR_ARG(err.text)).s;
}

static const char *look_up(struct temp_files *files, const char *style, struct str file, const char *key)
{
    return outcome(files, style, file, str_taint(str_of(key)), NULL);
}

#define assert_lookup(style, file, key, expected) \
    assert_string_equal(look_up(*state, style, file, key), expected)

/* --- lsearch */

static void test_lines(void **state)
{
    struct str f = temp_file(*state, "f",
                             "# comment\n"
                             "key1: value one  \n"
                             "key2 value two\n"
                             "key3\n"
                             "Key4 : value : four\n"
                             "\n"
                             "empty:\n"
                             "key6:::fail:\n"
                             "key7  :  :blackhole:\n"
                             "key8:\tv8\t\n"
                             "key1: second\n"
                             "k13\"x\": q\n"
                             "k14#x: y\n"
                             ": no key\n"
                             "crlf: v\r\n"
                             "last: end\\");
    assert_lookup("lsearch", f, "key1", "=value one");
    assert_lookup("lsearch", f, "KEY1", "=value one");
    assert_lookup("lsearch", f, "key2", "=value two");
    assert_lookup("lsearch", f, "key3", "=");
    assert_lookup("lsearch", f, "key4", "=value : four");
    assert_lookup("lsearch", f, "empty", "=");
    assert_lookup("lsearch", f, "key6", "=::fail:");
    assert_lookup("lsearch", f, "key7", "=:blackhole:");
    assert_lookup("lsearch", f, "key8", "=v8");
    assert_lookup("lsearch", f, "k13\"x\"", "=q");
    assert_lookup("lsearch", f, "k13", "no");
    assert_lookup("lsearch", f, "k14#x", "=y");
    assert_lookup("lsearch", f, "crlf", "=v");
    assert_lookup("lsearch", f, "last", "=end\\");
    assert_lookup("lsearch", f, "", "no");
    assert_lookup("lsearch", f, "key", "no");
    assert_lookup("lsearch", f, "key1:", "no");
    assert_lookup("lsearch", f, "# comment", "no");
}

static void test_continuation(void **state)
{
    struct str f = temp_file(*state, "f",
                             " orphan: x\n"
                             "a1: line one\n  line two  \n\tline three\n"
                             "a2: v\n# comment\n more\n"
                             "a3: v\n\n more\n"
                             "a4:\n  only\n"
                             "a5: v\n \t\n more\n"
                             "a6: v\n  # data\n more: colon\n"
                             "a7:\n\n\n"
                             "a8: x\r\n y\r\n\r\n z\r\n"
                             "\"a9\n\tcont\n"
                             "a10: end\n  cont");
    assert_lookup("lsearch", f, "orphan", "no");
    assert_lookup("lsearch", f, "a1", "=line one line two line three");
    assert_lookup("lsearch", f, "a2", "=v");
    assert_lookup("lsearch", f, "a3", "=v");
    assert_lookup("lsearch", f, "a4", "= only");
    assert_lookup("lsearch", f, "a5", "=v");
    assert_lookup("lsearch", f, "a6", "=v # data more: colon");
    assert_lookup("lsearch", f, "a7", "=");
    assert_lookup("lsearch", f, "a8", "=x y");
    assert_lookup("lsearch", f, "a9", "= cont");
    assert_lookup("lsearch", f, "a10", "=end cont");
    assert_lookup("lsearch", f, "cont", "no");
    assert_lookup("lsearch", f, "more", "no");
}

static void test_quoted_keys(void **state)
{
    struct str f = temp_file(*state, "f",
                             "\"quoted key\": qv\n"
                             "\"q\\\"x\\x41\\t\\101\\\\\\q\": esc\n"
                             "\"unterminated rest\n"
                             "\"qq\"tail: x\n"
                             "\"k1\" v1\n"
                             "\"k3\"  :  : v3\n"
                             "\"a:b #c\": colon\n"
                             "\"\": empty\n"
                             "\"\\x\\");
    assert_lookup("lsearch", f, "quoted key", "=qv");
    assert_lookup("lsearch", f, "QUOTED Key", "=qv");
    assert_lookup("lsearch", f, "q\"xA\tA\\q", "=esc");
    assert_lookup("lsearch", f, "unterminated rest", "=");
    assert_lookup("lsearch", f, "qq", "=tail: x");
    assert_lookup("lsearch", f, "k1", "=v1");
    assert_lookup("lsearch", f, "k3", "=: v3");
    assert_lookup("lsearch", f, "a:b #c", "=colon");
    assert_lookup("lsearch", f, "\"quoted key\"", "no");
}

static void test_octets(void **state)
{
    struct temp_files *files = *state;
    static const char text[] = "nul\0key: a\0b\n\xc3\xa9: accent\n\xff: high\n";
    struct str f = temp_file_octets(files, "f", text, sizeof text - 1);
    struct error err = ERROR_IN(files->arena);
    struct search search;
    struct str result;

    assert_true(search_parse(files->arena, STR("lsearch"), &search, &err));
    assert_int_equal(search_find(&search, files->arena, f, STR("nul\0key"), NULL, NULL, &result, &err),
                     LOOKUP_FOUND);
    assert_octets(result, "a\0b", 3);
    assert_lookup("lsearch", f, "nul", "no");
    assert_lookup("lsearch", f, "\xc3\xa9", "=accent");
    assert_lookup("lsearch", f, "\xc3\x89", "no");
    assert_lookup("lsearch", f, "\xff", "=high");
    assert_lookup("lsearch", temp_file(files, "empty", ""), "x", "no");
    assert_lookup("lsearch", temp_file(files, "lf", "\n"), "x", "no");
    assert_lookup("lsearch", temp_file(files, "spaces", "  \n \t"), "x", "no");
    assert_lookup("lsearch", temp_file(files, "quote", "\""), "x", "no");
}

static void test_full_lines(void **state)
{
    struct str f = temp_file(
        *state, "f", "key1: value one \nkey2 v\nKey4 : v : 4\nkey5: a\n  b\n\"q k\": v\nempty:\nbare \n");
    assert_lookup("lsearch,ret=full", f, "KEY1", "=key1: value one");
    assert_lookup("lsearch,ret=full", f, "key2", "=key2 v");
    assert_lookup("lsearch,ret=full", f, "key4", "=Key4 : v : 4");
    assert_lookup("lsearch,ret=full", f, "key5", "=key5: a b");
    assert_lookup("lsearch,ret=full", f, "q k", "=q k: v");
    assert_lookup("lsearch,ret=full", f, "empty", "=empty:");
    assert_lookup("lsearch,ret=full", f, "bare", "=bare");
    assert_lookup("lsearch,ret=key", f, "KEY1", "=KEY1");
    assert_lookup("lsearch,ret=full,ret=key", f, "KEY1", "=KEY1");
}

/* Enough keys for the index to grow and collide, some twice. */
static void test_many_keys(void **state)
{
    struct temp_files *files = *state;
    struct buffer text = BUFFER_IN(files->arena);

    for (int i = 0; i < 5000; i++)
        buffer_printf(&text, "Key-%d: %d\nkey-%d: again\n", i, i, i / 2); /* a key that was there before */
    struct str f = temp_file(files, "f", buffer_str(&text).s);
    for (int i = 0; i < 5000; i += 37) {
        struct str key = str_printf(files->arena, "kEy-%d", i);
        assert_lookup("lsearch", f, key.s, str_printf(files->arena, "=%d", i).s);
    }
    assert_lookup("lsearch", f, "key-5000", "no");
    assert_lookup("lsearch", f, "key-", "no");
}

static void test_long_data(void **state)
{
    struct temp_files *files = *state;
    struct buffer text = BUFFER_IN(files->arena);

    buffer_add_cstr(&text, "long: ");
    for (int i = 0; i < 200000; i++)
        buffer_add_char(&text, 'x');
    buffer_add_cstr(&text, "\nafter: ok\n");
    struct str f = temp_file(files, "f", buffer_str(&text).s);
    assert_int_equal(strlen(look_up(files, "lsearch", f, "long")), 200001);
    assert_lookup("lsearch", f, "after", "=ok");
}

/* --- Series of keys */

static const char partial_text[] = "*.b.c: pbc\n*.z: pz\n*: star\n.: dot\n@: at\n@!: atbang\n*@d.e: atd\n"
                                   "*.c.d.e: cde\nc.d: cd\n.y.z: dotyz\n";

static void test_partial(void **state)
{
    struct str f = temp_file(*state, "f", partial_text);

    assert_lookup("partial-lsearch", f, "a.b.c", "=pbc|a|b.c");
    assert_lookup("partial-lsearch", f, "x.a.b.c", "=pbc|x.a|b.c");
    assert_lookup("partial-lsearch", f, "b.c", "=pbc||b.c");
    assert_lookup("partial-lsearch", f, "c.d", "=cd||c.d");
    assert_lookup("partial-lsearch", f, "z", "=pz||z");
    assert_lookup("partial-lsearch", f, "y.z", "no");
    assert_lookup("partial1-lsearch", f, "x.y.z", "=pz|x.y|z");
    assert_lookup("partial-lsearch", f, ".b.c", "=pbc||b.c");
    assert_lookup("partial-lsearch", f, "a..b", "no");
    assert_lookup("partial-lsearch", f, "", "no");
    assert_lookup("partial3-lsearch", f, "a.b.c.d.e", "=cde|a.b|c.d.e");
    assert_lookup("partial4-lsearch", f, "a.b.c.d.e", "no");
    assert_lookup("partial99999-lsearch", f, "a.b.c.d.e", "no");
    assert_lookup("partial(.)lsearch", f, "x.y.z", "=dotyz|x|y.z");
    assert_lookup("partial1()lsearch", f, "x.c.d", "=cd|x|c.d");
    assert_lookup("partial1()lsearch", f, "x.y", "no");
    assert_lookup("partial-lsearch,ret=key", f, "x.b.c", "=x.b.c|x|b.c");
}

static void test_partial_to_nothing(void **state)
{
    struct str f = temp_file(*state, "f", partial_text);

    assert_lookup("partial0-lsearch", f, "q.r.s", "=star|q.r.|");
    assert_lookup("partial0(.)lsearch", f, "x.b.w", "=dot|x.b.|");
    assert_lookup("partial0(@.)lsearch", f, "x.b.w", "=at|x.b.|");
    assert_lookup("partial0(@!)lsearch", f, "x.b.w", "=atbang|x.b.|");
    assert_lookup("partial0()lsearch", f, "x.b.w", "no");
    assert_lookup("partial0()lsearch*", f, "x.b.w", "=star|x.b.w|");
    assert_lookup("partial0-lsearch", f, "", "no");
}

static void test_defaults(void **state)
{
    struct str f = temp_file(*state, "f", partial_text);

    assert_lookup("lsearch*", f, "zork", "=star|zork|");
    assert_lookup("lsearch*", f, "c.d", "=cd");
    assert_lookup("lsearch*", f, "", "=star||");
    assert_lookup("lsearch*", f, "x@d.e", "=star|x@d.e|");
    assert_lookup("lsearch*@", f, "x@d.e", "=atd|x|");
    assert_lookup("lsearch*@", f, "x@y@d.e", "=atd|x@y|");
    assert_lookup("lsearch*@", f, "x@nowhere", "=star|x@nowhere|");
    assert_lookup("lsearch*@", f, "x", "=star|x|");
    assert_lookup("partial-lsearch*@", f, "q@x.b.c", "=pbc|q@x|b.c");
    assert_lookup("partial-lsearch*@", f, "q@d.e", "=atd|q|");
    assert_lookup("partial-lsearch*", f, "no.where", "=star|no.where|");
    assert_lookup("lsearch*,ret=key", f, "zork", "=zork|zork|");
    assert_lookup("lsearch*@", temp_file(*state, "g", "x: y\n"), "a@b", "no");
}

/* --- Files */

static void test_file_errors(void **state)
{
    struct temp_files *files = *state;
    struct str fifo = temp_path(files, "fifo");

    assert_int_equal(mkfifo(fifo.s, 0600), 0);
    assert_lookup("lsearch", STR("/no/such"), "x",
                  "nofile failed to open /no/such for linear search: No such file or directory");
    assert_lookup("wildlsearch", STR("/no/such"), "x",
                  "nofile failed to open /no/such for linear search: No such file or directory");
    assert_lookup("iplsearch", STR("/no/such"), "1.2.3.4",
                  "nofile failed to open /no/such for linear search: No such file or directory");
    assert_lookup("lsearch", STR("/etc/passwd/x"), "x",
                  "nofile failed to open /etc/passwd/x for linear search: Not a directory");
    assert_lookup("lsearch", STR("relative"), "x",
                  "nofile failed to open relative for linear search: No such file or directory");
    assert_lookup("lsearch", STR(""), "x",
                  "nofile failed to open  for linear search: No such file or directory");
    assert_string_equal(
        look_up(files, "lsearch", str_of(files->directory), "x"),
        str_printf(files->arena, "nofile %s is not a regular file (lsearch lookup)", files->directory).s);
    assert_string_equal(
        look_up(files, "lsearch", fifo, "x"),
        str_printf(files->arena, "nofile %s is not a regular file (lsearch lookup)", fifo.s).s);
    assert_lookup("lsearch", STR("/etc/pass\0wd"), "x", "nofile NUL in the name of a file for search");
}

static void test_taint(void **state)
{
    struct str f = str_taint(temp_file(*state, "f", "root: x\n"));
    const char *expected =
        str_printf(((struct temp_files *)*state)->arena, "nofile Tainted filename for search: '%s'", f.s).s;

    assert_lookup("lsearch", f, "root", expected);
    assert_lookup("dsearch", f, "root", expected);
    assert_lookup("passwd", str_taint(STR("/etc")), "root",
                  "nofile Tainted filename for search: '/etc'");
}

/* A changed file is read anew, at once, whatever its size and time stamps look like. */
static void test_changes(void **state)
{
    struct str f = temp_file(*state, "f", "key: one\n");
    assert_lookup("lsearch", f, "key", "=one");
    temp_file(*state, "f", "key: two\n");
    assert_lookup("lsearch", f, "key", "=two");
    usleep(50 * 1000); /* the file is old enough now for what is read of it to be kept */
    assert_lookup("lsearch", f, "key", "=two");
    assert_lookup("lsearch", f, "key", "=two");
    temp_file(*state, "f", "key: six\n");
    assert_lookup("lsearch", f, "key", "=six");
    struct str g = temp_file(*state, "g", "key: ten\n");
    assert_int_equal(rename(g.s, f.s), 0);
    assert_lookup("lsearch", f, "key", "=ten");
    unlink(f.s);
    assert_string_equal(look_up(*state, "lsearch", f, "key"),
                        str_printf(((struct temp_files *)*state)->arena,
                                   "nofile failed to open %s for linear search: No such file or directory",
                                   f.s)
                            .s);
    search_tidyup();
}

/* More files than are kept: the oldest go and come again. */
static void test_many_files(void **state)
{
    struct temp_files *files = *state;

    search_open_max(3);
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 8; i++) {
            struct str name = str_printf(files->arena, "f%d", i);
            struct str f = temp_file(files, name.s, str_printf(files->arena, "key: %d\n", i).s);
            assert_lookup("lsearch", f, "key", str_printf(files->arena, "=%d", i).s);
        }
    search_open_max(0);
    assert_lookup("lsearch", temp_file(files, "g", "key: g\n"), "key", "=g");
    search_open_max(25);
}

/* --- iplsearch */

static void test_iplsearch(void **state)
{
    struct str f = temp_file(*state, "f",
                             "1.2.3.4:           data for 1.2.3.4\n"
                             "192.168.0.0/16:    data for 192.168.0.0/16\n"
                             "192.168.5.5:       never\n"
                             "\"abcd::cdab\":      data for abcd::cdab\n"
                             "\"abcd:abcd::/32\"   data for abcd:abcd::/32\n"
                             "notanip: x\n"
                             "10.0.0.0/8x: x\n"
                             "*: all\n");
    assert_lookup("iplsearch", f, "1.2.3.4", "=data for 1.2.3.4");
    assert_lookup("iplsearch", f, "192.168.5.5", "=data for 192.168.0.0/16");
    assert_lookup("iplsearch", f, "ABCD::cdab", "=data for abcd::cdab");
    assert_lookup("iplsearch", f, "abcd:abcd::5", "=data for abcd:abcd::/32");
    assert_lookup("iplsearch", f, "::ffff:1.2.3.4", "=data for 1.2.3.4");
    assert_lookup("iplsearch", f, "9.9.9.9", "no");
    assert_lookup("iplsearch", f, "10.0.0.1", "no");
    assert_lookup("iplsearch*", f, "9.9.9.9", "=all|9.9.9.9|");
    assert_lookup("iplsearch", f, "", "no");
    assert_lookup("iplsearch,ret=full", f, "abcd::cdab", "=abcd::cdab:      data for abcd::cdab");
    assert_lookup("iplsearch,ret=key", f, "192.168.0.7", "=192.168.0.7");
    assert_lookup(
        "iplsearch", f, "foo",
        "defer \"foo\" is not a valid iplsearch key (an IP address, with optional CIDR mask, is wanted): in "
        "a host list, use net-iplsearch as the search type");
    assert_true(strncmp(look_up(*state, "iplsearch*", f, "9.9.9.9/24"), "defer \"9.9.9.9/24\" is not", 25) ==
                0);
}

/* --- wildlsearch */

struct patterns {
    unsigned calls;
    bool expand; /* as asked for last */
};

/* Patterns: the text itself; "defer"; anything that ends in the subject when it begins with *. */
static enum lookup_status match_pattern(void *ctx, struct str subject, struct str pattern, bool expand,
                                        struct error *err)
{
    struct patterns *patterns = ctx;

    patterns->calls++;
    patterns->expand = expand;
    if (str_is(pattern, "defer")) {
        error_set(err, "cannot tell");
        return LOOKUP_DEFER;
    }
    if (pattern.n > 0 && pattern.s[0] == '*')
        return str_ends(subject, pattern.s + 1) ? LOOKUP_FOUND : LOOKUP_NOT_FOUND;
    return str_eq_nocase(subject, pattern) ? LOOKUP_FOUND : LOOKUP_NOT_FOUND;
}

static void test_wildlsearch(void **state)
{
    struct patterns patterns = {0};
    const struct lookup_services services = {.match_pattern = match_pattern, .ctx = &patterns};
    struct str f = temp_file(*state, "f", "*.b.c: star\na.b.c: never\n\"x y\": quoted\ndefer\nz: z\n");

    usleep(50 * 1000);
    assert_string_equal(outcome(*state, "wildlsearch", f, STR("a.b.c"), &services), "=star");
    assert_true(patterns.expand);
    assert_string_equal(outcome(*state, "nwildlsearch", f, STR("X Y"), &services), "=quoted");
    assert_false(patterns.expand);
    assert_string_equal(outcome(*state, "nwildlsearch", f, STR("z"), &services), "defer cannot tell");
    /* A result is kept, and not asked for again unless that is wanted. */
    patterns.calls = 0;
    assert_string_equal(outcome(*state, "nwildlsearch", f, STR("X Y"), &services), "=quoted");
    assert_int_equal(patterns.calls, 0);
    assert_string_equal(outcome(*state, "nwildlsearch,ret=full", f, STR("X Y"), &services), "=x y: quoted");
    assert_int_equal(patterns.calls, 3);
    assert_string_equal(outcome(*state, "nwildlsearch,cache=no_rd", f, STR("X Y"), &services), "=quoted");
    assert_int_equal(patterns.calls, 6);
    search_tidyup();
    assert_string_equal(outcome(*state, "nwildlsearch", f, STR("X Y"), &services), "=quoted");
    assert_int_equal(patterns.calls, 9);
    assert_string_equal(outcome(*state, "nwildlsearch", f, STR("a"), NULL),
                        "defer patterns cannot be matched here");
}

struct nested {
    struct temp_files *files;
    struct str file;
    struct lookup_services services;
};

/* Every pattern looks the subject up in the same file again. */
static enum lookup_status match_by_lookup(void *ctx, struct str subject, struct str pattern, bool expand,
                                          struct error *err)
{
    struct nested *nested = ctx;
    struct search search;
    struct str result;

    (void)pattern, (void)expand;
    assert_true(search_parse(nested->files->arena, STR("nwildlsearch"), &search, err));
    return search_find(&search, nested->files->arena, nested->file, subject, &nested->services, NULL, &result,
                       err) == LOOKUP_FOUND
               ? LOOKUP_FOUND
               : LOOKUP_DEFER;
}

static void test_nesting(void **state)
{
    struct nested nested = {.files = *state, .file = temp_file(*state, "f", "a: b\n")};

    nested.services = (struct lookup_services){.match_pattern = match_by_lookup, .ctx = &nested};
    usleep(50 * 1000);
    assert_string_equal(
        outcome(*state, "nwildlsearch", nested.file, STR("x"), &nested.services),
        str_printf(nested.files->arena, "defer lookups in %s are nested too deeply", nested.file.s).s);
}

/* --- dsearch */

static void test_dsearch(void **state)
{
    struct temp_files *files = *state;
    struct str d = str_of(files->directory);

    temp_file(files, "file", "");
    assert_int_equal(mkdir(temp_path(files, "sub").s, 0700), 0);
    assert_int_equal(symlink("nowhere", temp_path(files, "link").s), 0);
    assert_lookup("dsearch", d, "file", "=file");
    assert_lookup("dsearch", d, "sub", "=sub");
    assert_lookup("dsearch", d, "link", "=link");
    assert_lookup("dsearch", d, ".", "=.");
    assert_lookup("dsearch", d, "..", "=..");
    assert_lookup("dsearch", d, "FILE", "no");
    assert_lookup("dsearch", d, "", "no");
    assert_lookup("dsearch", d, "a/b", "defer key for dsearch lookup contains a slash: a/b");
    assert_lookup("dsearch,ret=full", d, "file", str_printf(files->arena, "=%s/file", files->directory).s);
    assert_lookup("dsearch,ret=key", d, "file", "=file");
    assert_lookup("dsearch,filter=file", d, "file", "=file");
    assert_lookup("dsearch,filter=file", d, "sub", "no");
    assert_lookup("dsearch,filter=file", d, "link", "no");
    assert_lookup("dsearch,filter=dir", d, "sub", "=sub");
    assert_lookup("dsearch,filter=dir", d, ".", "=.");
    assert_lookup("dsearch,filter=dir", d, "file", "no");
    assert_lookup("dsearch,filter=subdir", d, "sub", "=sub");
    assert_lookup("dsearch,filter=subdir", d, ".", "no");
    assert_lookup("dsearch,filter=subdir", d, "..", "no");
    assert_lookup("dsearch,filter=bogus", d, "file", "=file");
    assert_lookup("dsearch*", d, "nofile", "no");
    assert_lookup("partial-dsearch", d, "a.b", "no");
}

static void test_dsearch_errors(void **state)
{
    struct temp_files *files = *state;
    struct str d = str_of(files->directory), f = temp_file(files, "file", "");
    char key[300];

    assert_lookup("dsearch", STR("/no/such/dir"), "x",
                  "nofile failed to open /no/such/dir for directory search: No such file or directory");
    assert_lookup("dsearch", STR("relative"), "x",
                  "nofile failed to open relative for directory search: No such file or directory");
    assert_lookup(
        "dsearch", f, "x",
        str_printf(files->arena, "nofile failed to open %s for directory search: Not a directory", f.s).s);
    memset(key, 'y', sizeof key - 1);
    key[sizeof key - 1] = '\0';
    assert_lookup(
        "dsearch", d, key,
        str_printf(files->arena, "defer %s/%s: lstat: File name too long", files->directory, key).s);
    assert_string_equal(outcome(files, "dsearch", d, STR("file\0x"), NULL), "no");
}

/* --- passwd */

static void test_passwd(void **state)
{
    struct temp_files *files = *state;
    const struct passwd *root = getpwnam("root");

    assert_non_null(root);
    assert_lookup("passwd", STR_NULL, "root",
                  str_printf(files->arena, "=*:%ld:%ld:%s:%s:%s", (long)root->pw_uid, (long)root->pw_gid,
                             root->pw_gecos, root->pw_dir, root->pw_shell).s);
    assert_lookup("passwd,ret=key", STR_NULL, "root", "=root");
    assert_lookup("passwd", STR_NULL, "no-such-user", "no");
    assert_lookup("passwd", STR_NULL, "", "no");
    assert_string_equal(outcome(*state, "passwd", STR_NULL, STR("root\0x"), NULL), "no");
}

static int close_all(void **state)
{
    (void)state;
    search_close();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        temp_files_test(test_lines),        temp_files_test(test_continuation),
        temp_files_test(test_quoted_keys),  temp_files_test(test_octets),
        temp_files_test(test_full_lines),   temp_files_test(test_many_keys),
        temp_files_test(test_long_data),    temp_files_test(test_partial),
        temp_files_test(test_partial_to_nothing), temp_files_test(test_defaults),
        temp_files_test(test_file_errors),  temp_files_test(test_taint),
        temp_files_test(test_changes),      temp_files_test(test_many_files),
        temp_files_test(test_iplsearch),    temp_files_test(test_wildlsearch),
        temp_files_test(test_nesting),      temp_files_test(test_dsearch),
        temp_files_test(test_dsearch_errors), temp_files_test(test_passwd),
    };
    return cmocka_run_group_tests(tests, NULL, close_all);
}
