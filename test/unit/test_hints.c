/* The hints store: records, expiry, several processes at once, files that go away or are damaged. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "hints/fields.h"
#include "hints/hints.h"
#include "temp_files.h"
#include "testing.h"

enum { WRITERS = 4, ROUNDS = 200, MODE_BITS = 07777 };

static struct hints *hints_in(struct temp_files *files)
{
    return hints_new(files->arena, str_of(files->directory), getuid(), getgid());
}

static void put(struct hints *hints, struct arena *arena, struct str key, struct str value, int64_t expires)
{
    struct error err = ERROR_IN(arena);
    const struct hints_record record = {.key = key, .value = value, .expires = expires};

    assert_true(hints_put(hints, HINTS_SEEN, &record, &err));
}

static enum hints_status get(struct hints *hints, struct arena *arena, struct str key,
                             struct hints_record *record)
{
    struct error err = ERROR_IN(arena);

    return hints_get(hints, HINTS_SEEN, key, arena, record, &err);
}

static void keeps_records(void **state)
{
    struct temp_files *files = *state;
    struct hints *hints = hints_in(files);
    struct hints_record record;
    struct error err = ERROR_IN(files->arena);
    const int64_t now = time(NULL);

    put(hints, files->arena, STR("key"), STR("one"), 0);
    put(hints, files->arena, STR("a\0b"), STR("\0\xff'\""), 0);
    put(hints, files->arena, STR(""), STR(""), 0);
    put(hints, files->arena, STR("key"), STR("two"), now + 1000);
    assert_int_equal(get(hints, files->arena, STR("key"), &record), HINTS_FOUND);
    assert_str(record.key, "key");
    assert_str(record.value, "two");
    assert_true(record.value.tainted);
    assert_true(record.written >= now && record.written <= time(NULL));
    assert_int_equal(record.expires, now + 1000);
    assert_int_equal(get(hints, files->arena, STR("a\0b"), &record), HINTS_FOUND);
    assert_str(record.value, "\0\xff'\"");
    assert_int_equal(get(hints, files->arena, STR(""), &record), HINTS_FOUND);
    assert_str(record.value, "");
    assert_int_equal(get(hints, files->arena, STR("a"), &record), HINTS_MISSING);
    assert_int_equal(hints_get(hints, HINTS_MISC, STR("key"), files->arena, &record, &err), HINTS_MISSING);
    assert_true(hints_delete(hints, HINTS_SEEN, STR("key"), &err));
    assert_true(hints_delete(hints, HINTS_SEEN, STR("key"), &err));
    assert_int_equal(get(hints, files->arena, STR("key"), &record), HINTS_MISSING);
}

static void makes_files_only_to_write(void **state)
{
    struct temp_files *files = *state;
    struct hints *hints = hints_in(files);
    struct hints_record record, *records;
    struct error err = ERROR_IN(files->arena);
    struct stat st;
    size_t n;
    const mode_t mask = umask(077);

    assert_int_equal(get(hints, files->arena, STR("key"), &record), HINTS_MISSING);
    assert_true(hints_list(hints, HINTS_SEEN, STR(""), files->arena, &records, &n, &err));
    assert_int_equal(n, 0);
    assert_true(hints_delete(hints, HINTS_SEEN, STR("key"), &err));
    assert_true(hints_tidy(hints, HINTS_SEEN, &err));
    assert_int_equal(stat(temp_path(files, "db").s, &st), -1);
    put(hints, files->arena, STR("key"), STR("one"), 0);
    umask(mask);
    assert_int_equal(stat(temp_path(files, "db").s, &st), 0);
    assert_int_equal(st.st_mode & MODE_BITS, 0750);
    assert_int_equal(stat(temp_path(files, "db/seen.sqlite").s, &st), 0);
    assert_int_equal(st.st_mode & MODE_BITS, 0640);
}

static void forgets_what_has_expired(void **state)
{
    struct temp_files *files = *state;
    struct hints *hints = hints_in(files);
    struct hints_record record, *records;
    struct error err = ERROR_IN(files->arena);
    size_t n;

    put(hints, files->arena, STR("old"), STR("x"), time(NULL) - 1);
    put(hints, files->arena, STR("new"), STR("x"), time(NULL) + 1000);
    assert_int_equal(get(hints, files->arena, STR("old"), &record), HINTS_MISSING);
    assert_true(hints_list(hints, HINTS_SEEN, STR(""), files->arena, &records, &n, &err));
    assert_int_equal(n, 1);
    assert_str(records[0].key, "new");
    assert_true(hints_tidy(hints, HINTS_SEEN, &err));
    assert_int_equal(get(hints, files->arena, STR("new"), &record), HINTS_FOUND);
}

static void lists_by_prefix(void **state)
{
    struct temp_files *files = *state;
    struct hints *hints = hints_in(files);
    struct hints_record *records;
    struct error err = ERROR_IN(files->arena);
    size_t n;

    for (int i = 0; i < 50; i++)
        put(hints, files->arena, str_printf(files->arena, "b%02d", i), STR("v"), 0);
    put(hints, files->arena, STR("a"), STR("v"), 0);
    put(hints, files->arena, STR("b"), STR("w"), 0);
    put(hints, files->arena, STR("c"), STR("v"), 0);
    assert_true(hints_list(hints, HINTS_SEEN, STR("b"), files->arena, &records, &n, &err));
    assert_int_equal(n, 51);
    assert_str(records[0].key, "b");
    assert_str(records[0].value, "w");
    assert_str(records[50].key, "b49");
    assert_true(hints_list(hints, HINTS_SEEN, STR("d"), files->arena, &records, &n, &err));
    assert_int_equal(n, 0);
    assert_true(hints_list(hints, HINTS_SEEN, STR(""), files->arena, &records, &n, &err));
    assert_int_equal(n, 53);
}

/* Adds one to a counter. */
static enum hints_change count(void *context, bool found, struct hints_record *record)
{
    struct arena *arena = context;
    struct buffer out = BUFFER_IN(arena);
    struct fields fields;
    int64_t n = 0;

    if (found && fields_begin(&fields, record->value, 1))
        n = fields_int(&fields);
    fields_add_int(&out, 1);
    fields_add_int(&out, n + 1);
    record->value = buffer_str(&out);
    return HINTS_WRITE;
}

static int64_t counted(struct hints *hints, struct arena *arena)
{
    struct hints_record record;
    struct fields fields;

    assert_int_equal(get(hints, arena, STR("counter"), &record), HINTS_FOUND);
    assert_true(fields_begin(&fields, record.value, 1));
    return fields_int(&fields);
}

static void count_in_child(struct hints *hints)
{
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct error err = ERROR_IN(arena);
    bool fine = true;

    for (int i = 0; i < ROUNDS && fine; i++)
        fine = hints_update(hints, HINTS_SEEN, STR("counter"), arena, count, arena, &err);
    if (!fine)
        print_error("%s\n", err.text.s);
    _exit(fine ? 0 : 1);
}

/* The children inherit an open store, or make the database all at once. */
static void counts_in_processes(struct temp_files *files, bool open_before)
{
    struct hints *hints = hints_in(files);
    pid_t children[WRITERS];
    int status;

    if (open_before)
        put(hints, files->arena, STR("x"), STR("x"), 0);
    for (int i = 0; i < WRITERS; i++) {
        children[i] = fork();
        if (children[i] == 0)
            count_in_child(hints);
        assert_true(children[i] > 0);
    }
    for (int i = 0; i < WRITERS; i++) {
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    assert_int_equal(counted(hints, files->arena), WRITERS * ROUNDS);
}

static void counts_in_several_processes(void **state)
{
    counts_in_processes(*state, true);
}

static void is_made_by_several_processes_at_once(void **state)
{
    counts_in_processes(*state, false);
}

static bool has(struct temp_files *files, struct str key)
{
    struct hints_record record;

    return get(hints_in(files), files->arena, key, &record) == HINTS_FOUND;
}

/* What a child writes stays even where its parent closes the store first, and so could think that nobody else has it. */
static void outlives_the_parent(void **state)
{
    struct temp_files *files = *state;
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct hints *hints = hints_new(arena, str_of(files->directory), getuid(), getgid());
    int written[2], closed[2], status;
    char octet;
    pid_t child;

    assert_true(pipe(written) == 0 && pipe(closed) == 0);
    put(hints, arena, STR("parent, early"), STR("x"), 0);
    hints_release(hints);
    child = fork();
    if (child == 0) {
        close(closed[1]);
        put(hints, arena, STR("child, early"), STR("x"), 0);
        if (write(written[1], "x", 1) != 1 || read(closed[0], &octet, 1) != 0)
            _exit(1);
        put(hints, arena, STR("child, late"), STR("x"), 0);
        _exit(0);
    }
    assert_true(child > 0);
    put(hints, arena, STR("parent, late"), STR("x"), 0);
    assert_int_equal(read(written[0], &octet, 1), 1);
    arena_free(arena);
    close(closed[1]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_true(has(files, STR("parent, early")) && has(files, STR("parent, late")));
    assert_true(has(files, STR("child, early")) && has(files, STR("child, late")));
    close(closed[0]);
    close(written[0]);
    close(written[1]);
}

static enum hints_change keep(void *context, bool found, struct hints_record *record)
{
    bool *seen = context;

    *seen = found;
    record->value = STR("ignored");
    return HINTS_KEEP;
}

static enum hints_change discard(void *context, bool found, struct hints_record *record)
{
    (void)context;
    (void)found;
    (void)record;
    return HINTS_DELETE;
}

static void updates_as_decided(void **state)
{
    struct temp_files *files = *state;
    struct hints *hints = hints_in(files);
    struct hints_record record;
    struct error err = ERROR_IN(files->arena);
    bool found = true;

    assert_true(hints_update(hints, HINTS_SEEN, STR("k"), files->arena, keep, &found, &err));
    assert_false(found);
    assert_int_equal(get(hints, files->arena, STR("k"), &record), HINTS_MISSING);
    put(hints, files->arena, STR("k"), STR("v"), 0);
    assert_true(hints_update(hints, HINTS_SEEN, STR("k"), files->arena, keep, &found, &err));
    assert_true(found);
    assert_int_equal(get(hints, files->arena, STR("k"), &record), HINTS_FOUND);
    assert_str(record.value, "v");
    assert_true(hints_update(hints, HINTS_SEEN, STR("k"), files->arena, discard, NULL, &err));
    assert_int_equal(get(hints, files->arena, STR("k"), &record), HINTS_MISSING);
}

static void survives_a_removed_file(void **state)
{
    struct temp_files *files = *state;
    struct hints *hints = hints_in(files);
    struct hints_record record;

    put(hints, files->arena, STR("k"), STR("v"), 0);
    assert_int_equal(unlink(temp_path(files, "db/seen.sqlite").s), 0);
    assert_int_equal(get(hints, files->arena, STR("k"), &record), HINTS_MISSING);
    put(hints, files->arena, STR("k"), STR("w"), 0);
    assert_int_equal(get(hints, files->arena, STR("k"), &record), HINTS_FOUND);
    assert_str(record.value, "w");
}

static void damage(const char *path, off_t from)
{
    static const char junk[16384];
    struct stat st;
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &st), 0);
    for (off_t at = from; at < st.st_size; at += (off_t)sizeof junk)
        assert_int_equal(pwrite(fd, junk, sizeof junk, at), sizeof junk);
    assert_int_equal(close(fd), 0);
}

static void begins_anew_when_the_file_is_no_database(void **state)
{
    struct temp_files *files = *state;
    struct hints *hints = hints_in(files);
    struct hints_record record;
    struct stat st;

    assert_int_equal(mkdir(temp_path(files, "db").s, 0700), 0);
    temp_file(files, "db/seen.sqlite", "This is not an SQLite database, whatever its name says.\n");
    put(hints, files->arena, STR("k"), STR("v"), 0);
    assert_int_equal(get(hints, files->arena, STR("k"), &record), HINTS_FOUND);
    assert_int_equal(stat(temp_path(files, "db/seen.sqlite.damaged").s, &st), 0);
}

static void begins_anew_when_pages_are_damaged(void **state)
{
    struct temp_files *files = *state;
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct hints *hints = hints_new(arena, str_of(files->directory), getuid(), getgid());
    struct hints_record record;
    struct stat st;

    for (int i = 0; i < 500; i++)
        put(hints, files->arena, str_printf(files->arena, "key %d", i), STR("some value"), 0);
    arena_free(arena); /* everything goes to the file itself */
    damage(temp_path(files, "db/seen.sqlite").s, 4096);
    hints = hints_in(files);
    put(hints, files->arena, STR("k"), STR("v"), 0);
    assert_int_equal(get(hints, files->arena, STR("k"), &record), HINTS_FOUND);
    assert_str(record.value, "v");
    assert_int_equal(stat(temp_path(files, "db/seen.sqlite.damaged").s, &st), 0);
}

static void says_why_it_cannot(void **state)
{
    struct temp_files *files = *state;
    struct hints *hints = hints_in(files);
    struct hints_record record = {.key = STR("k"), .value = STR("v")};
    struct error err = ERROR_IN(files->arena);

    temp_file(files, "db", "no directory");
    assert_false(hints_put(hints, HINTS_SEEN, &record, &err));
    assert_true(str_ends(err.text, "/db/seen.sqlite: Not a directory"));
    assert_int_equal(hints_get(hints, HINTS_SEEN, STR("k"), files->arena, &record, &err), HINTS_FAILED);
}

static void packs_fields(void **state)
{
    struct buffer out = BUFFER_IN(*state);
    struct fields fields;

    fields_add_int(&out, 7);
    fields_add_int(&out, INT64_MIN);
    fields_add_double(&out, -0.125);
    fields_add_str(&out, STR("a\0b"));
    fields_add_str(&out, STR(""));
    assert_true(fields_begin(&fields, buffer_str(&out), 7));
    assert_true(fields_int(&fields) == INT64_MIN);
    assert_true(fields_double(&fields) == -0.125);
    assert_false(fields_end(&fields));
    assert_true(str_eq(fields_str(&fields), STR("a\0b")));
    assert_true(str_is_empty(fields_str(&fields)));
    assert_true(fields_end(&fields));
    assert_int_equal(fields_int(&fields), 0);
    assert_true(fields.bad);
    assert_false(fields_end(&fields));
    assert_false(fields_begin(&fields, buffer_str(&out), 8));
    assert_false(fields_begin(&fields, STR("short"), 7));
}

static void refuses_lengths_beyond_the_record(void **state)
{
    const int64_t lengths[] = {1, -1, INT64_MAX, INT64_MIN};

    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct buffer out = BUFFER_IN(*state);
        struct fields fields;

        fields_add_int(&out, 1);
        fields_add_int(&out, lengths[i]);
        assert_true(fields_begin(&fields, buffer_str(&out), 1));
        assert_true(str_is_empty(fields_str(&fields)));
        assert_true(fields.bad);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        temp_files_test(keeps_records),
        temp_files_test(makes_files_only_to_write),
        temp_files_test(forgets_what_has_expired),
        temp_files_test(lists_by_prefix),
        temp_files_test(counts_in_several_processes),
        temp_files_test(is_made_by_several_processes_at_once),
        temp_files_test(outlives_the_parent),
        temp_files_test(updates_as_decided),
        temp_files_test(survives_a_removed_file),
        temp_files_test(begins_anew_when_the_file_is_no_database),
        temp_files_test(begins_anew_when_pages_are_damaged),
        temp_files_test(says_why_it_cannot),
        arena_test(packs_fields),
        arena_test(refuses_lengths_beyond_the_record),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
