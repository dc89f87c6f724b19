/* Reading and changing the records of the hints store. */
#include "hints/hints.h"

#include <string.h>
#include <time.h>

#include "hints/store.h"

enum {
    CHANGES_BEFORE_TIDYING = 64,
    TIDY_AT_ONCE = 256, /* records, so that nobody waits for long */
};

/* What a piece of work makes of a database: SQLITE_OK or the error. It may be called a second time, with a
 * new database, when the first is damaged. */
struct work {
    int (*run)(struct hints_database *database, void *context);
    void *context;
    bool create;
};

/* HINTS_FOUND: done; HINTS_MISSING: there is no database; HINTS_FAILED: err. */
static enum hints_status with_database(struct hints *hints, enum hints_purpose purpose,
                                       const struct work *work, struct error *err)
{
    struct hints_database *database;
    int status;

    for (int attempt = 0; attempt < 2; attempt++) {
        err->text = STR_NULL;
        database = hints_open(hints, purpose, work->create, err);
        if (database == NULL)
            return str_is_null(err->text) ? HINTS_MISSING : HINTS_FAILED;
        status = work->run(database, work->context);
        if (status == SQLITE_OK) {
            err->text = STR_NULL;
            return HINTS_FOUND;
        }
        if (!hints_recover(hints, purpose, status, err))
            return HINTS_FAILED;
    }
    return HINTS_FAILED;
}

/* --- Statements */

static int run_plain(struct hints_database *database, enum hints_statement which)
{
    sqlite3_stmt *statement = database->statements[which];
    int status = sqlite3_step(statement);

    sqlite3_reset(statement);
    return status == SQLITE_DONE || status == SQLITE_ROW ? SQLITE_OK : status;
}

/* An empty string is an empty blob, which is something else than NULL. The octets must stay until the statement
 * is reset. */
static void bind(sqlite3_stmt *statement, int at, struct str value)
{
    sqlite3_bind_blob64(statement, at, value.s ? value.s : "", value.n, SQLITE_STATIC);
}

/* What is kept came from peers more often than not. */
static struct str column(sqlite3_stmt *statement, int at, struct arena *arena)
{
    const char *octets = sqlite3_column_blob(statement, at);

    return str_copy_n(arena, octets ? octets : "", (size_t)sqlite3_column_bytes(statement, at), true);
}

static void read_row(sqlite3_stmt *statement, struct arena *arena, struct hints_record *record)
{
    record->key = column(statement, 0, arena);
    record->value = column(statement, 1, arena);
    record->written = sqlite3_column_int64(statement, 2);
    record->expires = sqlite3_column_int64(statement, 3);
}

static int get(struct hints_database *database, struct str key, struct arena *arena,
               struct hints_record *record, bool *found)
{
    sqlite3_stmt *statement = database->statements[STATEMENT_GET];
    int status;

    bind(statement, 1, key);
    sqlite3_bind_int64(statement, 2, time(NULL));
    status = sqlite3_step(statement);
    *found = status == SQLITE_ROW;
    if (*found)
        read_row(statement, arena, record);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return status == SQLITE_ROW || status == SQLITE_DONE ? SQLITE_OK : status;
}

static int put(struct hints_database *database, const struct hints_record *record)
{
    sqlite3_stmt *statement = database->statements[STATEMENT_PUT];
    int status;

    bind(statement, 1, record->key);
    bind(statement, 2, record->value);
    sqlite3_bind_int64(statement, 3, time(NULL));
    sqlite3_bind_int64(statement, 4, record->expires);
    status = run_plain(database, STATEMENT_PUT);
    sqlite3_clear_bindings(statement);
    return status;
}

static int delete_key(struct hints_database *database, struct str key)
{
    sqlite3_stmt *statement = database->statements[STATEMENT_DELETE];
    int status;

    bind(statement, 1, key);
    status = run_plain(database, STATEMENT_DELETE);
    sqlite3_clear_bindings(statement);
    return status;
}

static int tidy(struct hints_database *database, int64_t most)
{
    sqlite3_bind_int64(database->statements[STATEMENT_TIDY], 1, time(NULL));
    sqlite3_bind_int64(database->statements[STATEMENT_TIDY], 2, most);
    return run_plain(database, STATEMENT_TIDY);
}

/* Counts a change: every so often, some of what has expired goes with it. */
static int changed(struct hints_database *database)
{
    if (++database->changes < CHANGES_BEFORE_TIDYING)
        return SQLITE_OK;
    database->changes = 0;
    return tidy(database, TIDY_AT_ONCE);
}

/* --- Reading one */

struct get_work {
    struct str key;
    struct arena *arena;
    struct hints_record *record;
    bool found;
};

static int run_get(struct hints_database *database, void *context)
{
    struct get_work *work = context;

    return get(database, work->key, work->arena, work->record, &work->found);
}

enum hints_status hints_get(struct hints *hints, enum hints_purpose purpose, struct str key,
                            struct arena *arena, struct hints_record *record, struct error *err)
{
    struct get_work context = {key, arena, record, false};
    const struct work work = {run_get, &context, false};
    enum hints_status status = with_database(hints, purpose, &work, err);

    return status == HINTS_FOUND && !context.found ? HINTS_MISSING : status;
}

/* --- Writing and removing one */

static int run_put(struct hints_database *database, void *context)
{
    int status = put(database, context);

    return status == SQLITE_OK ? changed(database) : status;
}

bool hints_put(struct hints *hints, enum hints_purpose purpose, const struct hints_record *record,
               struct error *err)
{
    struct hints_record copy = *record;
    const struct work work = {run_put, &copy, true};

    return with_database(hints, purpose, &work, err) == HINTS_FOUND;
}

static int run_delete(struct hints_database *database, void *context)
{
    const struct str *key = context;

    return delete_key(database, *key);
}

bool hints_delete(struct hints *hints, enum hints_purpose purpose, struct str key, struct error *err)
{
    const struct work work = {run_delete, &key, false};

    return with_database(hints, purpose, &work, err) != HINTS_FAILED;
}

/* --- Changing one */

struct update_work {
    struct str key;
    struct arena *arena;
    hints_decide decide;
    void *context;
};

static int apply(struct hints_database *database, enum hints_change change, struct str key,
                 struct hints_record *record)
{
    switch (change) {
    case HINTS_KEEP:
        break;
    case HINTS_WRITE:
        record->key = key;
        return run_put(database, record);
    case HINTS_DELETE:
        return delete_key(database, key);
    }
    return SQLITE_OK;
}

static int run_update(struct hints_database *database, void *context)
{
    const struct update_work *work = context;
    struct hints_record record = {.key = work->key};
    bool found = false;
    int status = run_plain(database, STATEMENT_BEGIN);

    if (status != SQLITE_OK)
        return status;
    status = get(database, work->key, work->arena, &record, &found);
    if (status == SQLITE_OK)
        status = apply(database, work->decide(work->context, found, &record), work->key, &record);
    if (status == SQLITE_OK)
        status = run_plain(database, STATEMENT_COMMIT);
    if (status != SQLITE_OK && !sqlite3_get_autocommit(database->db))
        run_plain(database, STATEMENT_ROLLBACK);
    return status;
}

bool hints_update(struct hints *hints, enum hints_purpose purpose, struct str key, struct arena *arena,
                  hints_decide decide, void *context, struct error *err)
{
    struct update_work update = {key, arena, decide, context};
    const struct work work = {run_update, &update, true};

    return with_database(hints, purpose, &work, err) == HINTS_FOUND;
}

/* --- Many */

struct list_work {
    struct str prefix;
    struct arena *arena;
    struct hints_record *records;
    size_t n, room;
};

static void add_record(struct list_work *work, sqlite3_stmt *statement)
{
    if (work->n == work->room) {
        size_t room = work->room ? 2 * work->room : 16;
        struct hints_record *records = ARENA_ARRAY(work->arena, struct hints_record, room);

        if (work->n > 0)
            memcpy(records, work->records, work->n * sizeof *records);
        work->records = records;
        work->room = room;
    }
    read_row(statement, work->arena, &work->records[work->n++]);
}

/* Keys are in order: the first that begins otherwise is behind all that begin so. */
static int run_list(struct hints_database *database, void *context)
{
    struct list_work *work = context;
    sqlite3_stmt *statement = database->statements[STATEMENT_LIST];
    int status;

    work->n = 0;
    bind(statement, 1, work->prefix);
    sqlite3_bind_int64(statement, 2, time(NULL));
    while ((status = sqlite3_step(statement)) == SQLITE_ROW) {
        const void *key = sqlite3_column_blob(statement, 0);

        if ((size_t)sqlite3_column_bytes(statement, 0) < work->prefix.n ||
            (work->prefix.n > 0 && memcmp(key, work->prefix.s, work->prefix.n) != 0)) {
            status = SQLITE_DONE;
            break;
        }
        add_record(work, statement);
    }
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return status == SQLITE_DONE ? SQLITE_OK : status;
}

bool hints_list(struct hints *hints, enum hints_purpose purpose, struct str prefix, struct arena *arena,
                struct hints_record **records, size_t *n, struct error *err)
{
    struct list_work list = {.prefix = prefix, .arena = arena};
    const struct work work = {run_list, &list, false};
    enum hints_status status = with_database(hints, purpose, &work, err);

    *records = list.records;
    *n = list.n;
    return status != HINTS_FAILED;
}

static int run_tidy(struct hints_database *database, void *context)
{
    (void)context;
    database->changes = 0;
    return tidy(database, INT64_MAX);
}

bool hints_tidy(struct hints *hints, enum hints_purpose purpose, struct error *err)
{
    const struct work work = {run_tidy, NULL, false};

    return with_database(hints, purpose, &work, err) != HINTS_FAILED;
}
