/* cdb: files as the format's description has them, larger ones, and broken ones. */
#include <stdio.h>
#include <sys/stat.h>

#include "base/buffer.h"
#include "lookup_testing.h"
#include "lookups/types.h"
#include "testing.h"

enum { TABLES = 256, ENTRIES_MAX = 2000 };

/* Makes a cdb file of what is added to it. */
struct maker {
    struct buffer out;
    uint32_t hashes[ENTRIES_MAX], places[ENTRIES_MAX];
    size_t n;
};

static void add_number(struct buffer *out, uint32_t n)
{
    for (unsigned shift = 0; shift < 32; shift += 8)
        buffer_add_char(out, (char)(n >> shift & 0xff));
}

static void begin(struct maker *m, struct arena *arena)
{
    *m = (struct maker){.out = BUFFER_IN(arena)};
    for (unsigned i = 0; i < 2 * TABLES; i++)
        add_number(&m->out, 0);
}

static void add(struct maker *m, struct str key, struct str data)
{
    uint32_t hash = 5381;

    for (size_t i = 0; i < key.n; i++)
        hash = (hash * 33) ^ (unsigned char)key.s[i];
    m->hashes[m->n] = hash;
    m->places[m->n++] = (uint32_t)m->out.n;
    add_number(&m->out, (uint32_t)key.n);
    add_number(&m->out, (uint32_t)data.n);
    buffer_add(&m->out, key);
    buffer_add(&m->out, data);
}

static void put_number(struct buffer *out, size_t at, uint32_t n)
{
    for (unsigned i = 0; i < 4; i++)
        out->s[at + i] = (char)(n >> 8 * i & 0xff);
}

/* One table: twice as many slots as entries, each entry in the first free one from its own on. */
static void add_table(struct maker *m, uint32_t table)
{
    uint32_t slots = 0;
    size_t at = m->out.n;

    for (size_t i = 0; i < m->n; i++)
        slots += 2 * (m->hashes[i] % TABLES == table);
    put_number(&m->out, table * 8, (uint32_t)at);
    put_number(&m->out, table * 8 + 4, slots);
    for (uint32_t i = 0; i < 2 * slots; i++)
        add_number(&m->out, 0);
    for (size_t i = 0; i < m->n; i++) {
        if (m->hashes[i] % TABLES != table)
            continue;
        uint32_t slot = (m->hashes[i] >> 8) % slots;
        while (m->out.s[at + slot * 8 + 4] || m->out.s[at + slot * 8 + 5])
            slot = (slot + 1) % slots;
        put_number(&m->out, at + slot * 8, m->hashes[i]);
        put_number(&m->out, at + slot * 8 + 4, m->places[i]);
    }
}

static struct str finish(struct maker *m, struct temp_files *files, const char *name)
{
    for (uint32_t i = 0; i < TABLES; i++)
        add_table(m, i);
    return temp_file_octets(files, name, m->out.s, m->out.n);
}

static struct str small(struct temp_files *files, struct maker *m, const char *name)
{
    begin(m, files->arena);
    add(m, STR("one"), STR("Hello"));
    add(m, STR("two"), STR("Wor\0ld"));
    add(m, STR("one"), STR("second"));
    add(m, STR("none"), STR(""));
    add(m, STR("KEY"), STR("upper"));
    add(m, STR("a\0b"), STR("NUL in the key"));
    add(m, STR("*"), STR("default"));
    return finish(m, files, name);
}

#define assert_cdb(file, key, expected) \
    assert_string_equal(look_up_type(*state, &lookup_cdb, NULL, file, key), expected)

static void test_found(void **state)
{
    struct maker *m = ARENA_NEW(((struct temp_files *)*state)->arena, struct maker);
    struct str f = small(*state, m, "f");

    assert_cdb(f, STR("one"), "=Hello");
    assert_cdb(f, STR("two"), "=Wor");
    assert_cdb(f, STR("none"), "=");
    assert_cdb(f, STR("KEY"), "=upper");
    assert_cdb(f, STR("key"), "no");
    assert_cdb(f, STR("a\0b"), "=NUL in the key");
    assert_cdb(f, STR("a"), "no");
    assert_cdb(f, STR("on"), "no");
    assert_cdb(f, STR("one\0"), "no");
    assert_cdb(f, STR(""), "no");
    search_close();
}

static void test_many(void **state)
{
    struct temp_files *files = *state;
    struct maker *m = ARENA_NEW(files->arena, struct maker);

    begin(m, files->arena);
    for (unsigned i = 0; i < ENTRIES_MAX; i++)
        add(m, str_printf(files->arena, "key%u", i), str_printf(files->arena, "value %u", i * i));
    struct str f = finish(m, files, "many");
    for (unsigned i = 0; i < ENTRIES_MAX; i++)
        assert_cdb(f, str_printf(files->arena, "key%u", i), str_printf(files->arena, "=value %u", i * i).s);
    for (unsigned i = 0; i < ENTRIES_MAX; i++)
        assert_cdb(f, str_printf(files->arena, "nokey%u", i), "no");
    search_close();
}

static void test_rebuilt(void **state)
{
    struct temp_files *files = *state;
    struct maker *m = ARENA_NEW(files->arena, struct maker);
    struct str f = small(files, m, "f");

    assert_cdb(f, STR("one"), "=Hello");
    begin(m, files->arena);
    add(m, STR("one"), STR("rebuilt"));
    struct str other = finish(m, files, "new");
    assert_int_equal(rename(other.s, f.s), 0);
    assert_cdb(f, STR("one"), "=rebuilt");
    assert_cdb(f, STR("two"), "no");
    search_close();
}

#define REFUSAL(file, why) \
    str_printf(arena, "nofile failed to open %s for cdb lookup: %s", (file).s, why).s

static void test_not_to_be_opened(void **state)
{
    struct temp_files *files = *state;
    struct str none = temp_path(files, "none"), empty = temp_file(files, "empty", "");
    struct str directory = str_of(files->directory), pipe = temp_path(files, "pipe");
    struct arena *arena = files->arena;


    assert_cdb(none, STR("k"), REFUSAL(none, "No such file or directory"));
    assert_cdb(empty, STR("k"), REFUSAL(empty, "too short for a cdb file"));
    assert_cdb(directory, STR("k"), REFUSAL(directory, "Is a directory"));
    assert_int_equal(mkfifo(pipe.s, 0600), 0);
    assert_int_equal(strncmp(look_up_type(files, &lookup_cdb, NULL, pipe, STR("k")), "nofile ", 7), 0);
    search_close();
}

/* Cut short anywhere, or with any octet changed, the file gives some answer and no more. */
static void test_broken(void **state)
{
    struct temp_files *files = *state;
    struct maker *m = ARENA_NEW(files->arena, struct maker);
    struct str whole = small(files, m, "whole");
    unsigned deferred = 0;

    (void)whole;
    for (size_t n = TABLES * 8; n < m->out.n; n++) {
        struct str f = temp_file_octets(files, "cut", m->out.s, n);
        const char *outcome = look_up_type(files, &lookup_cdb, NULL, f, STR("one"));
        assert_int_not_equal(strncmp(outcome, "nofile", 6), 0);
        deferred += strncmp(outcome, "defer cdb: corrupt cdb file ", 28) == 0;
    }
    assert_true(deferred > 50);
    for (size_t i = 0; i < m->out.n; i++) {
        m->out.s[i] ^= (char)0xff;
        struct str f = temp_file_octets(files, "changed", m->out.s, m->out.n);
        look_up_type(files, &lookup_cdb, NULL, f, STR("one"));
        look_up_type(files, &lookup_cdb, NULL, f, STR("a\0b"));
        m->out.s[i] ^= (char)0xff;
    }
    search_close();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        temp_files_test(test_found),  temp_files_test(test_many),
        temp_files_test(test_rebuilt), temp_files_test(test_not_to_be_opened),
        temp_files_test(test_broken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
