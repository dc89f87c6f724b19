/* sqlite (manual, 9.26): SQL queries to a file of the SQLite library. */
#include <sqlite3.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "lookups/columns.h"
#include "lookups/types.h"

enum { MILLISECONDS = 1000, TIMEOUT_MAX = 24 * 60 * 60 /* seconds */ };

static void *sqlite_open(struct str file, struct error *err)
{
    sqlite3 *db = NULL;
    int timeout = lookup_settings()->sqlite_lock_timeout;

    if (sqlite3_open(file.s, &db) != SQLITE_OK) {
        error_set(err, "%s", db ? sqlite3_errmsg(db) : "out of memory");
        sqlite3_close(db);
        return NULL;
    }
    sqlite3_busy_timeout(db, (timeout > TIMEOUT_MAX ? TIMEOUT_MAX : timeout) * MILLISECONDS);
    return db;
}

static void sqlite_close(void *handle)
{
    sqlite3_close(handle);
}

struct rows {
    struct buffer out;
    size_t n;
};

static int add_row(void *ctx, int columns, char **values, char **names)
{
    struct rows *rows = ctx;

    columns_begin_row(&rows->out, rows->n++);
    for (int i = 0; i < columns; i++) {
        struct str value = str_of(values[i] ? values[i] : "<NULL>");
        if (columns > 1)
            columns_add(&rows->out, str_of(names[i]), value);
        else
            buffer_add(&rows->out, value);
    }
    return 0;
}

/* Whether it is the query that is wrong. To Exim that is nothing found; anything else that fails (a lock
 * that was not to be had in time, a disk, a damaged file) may be different when it is tried again (9.5). */
static bool is_fault_of_query(int error)
{
    switch (error & 0xff) {
    case SQLITE_ERROR:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_RANGE:
    case SQLITE_TOOBIG:
    case SQLITE_AUTH:
        return true;
    default:
        return false;
    }
}

static enum lookup_status sqlite_find(void *handle, const struct lookup_request *request, struct str *result,
                                      struct error *err)
{
    struct rows rows = {.out = BUFFER_IN(request->arena)};
    struct str query = request->key;
    int changes = sqlite3_total_changes(handle), error;

    if (memchr(query.s, '\0', query.n)) {
        error_set(err, "sqlite: NUL in the query");
        return LOOKUP_DEFER;
    }
    error = sqlite3_exec(handle, query.s, add_row, &rows, NULL);
    *request->changed = sqlite3_total_changes(handle) != changes || (error == SQLITE_OK && rows.n == 0);
    if (error != SQLITE_OK) {
        debug(DEBUG_lookup, "sqlite3_exec failed: %s", sqlite3_errmsg(handle));
        if (is_fault_of_query(error))
            return LOOKUP_NOT_FOUND;
        error_set(err, "sqlite: %s", sqlite3_errmsg(handle));
        return LOOKUP_DEFER;
    }
    *result = buffer_str(&rows.out);
    return rows.n > 0 ? LOOKUP_FOUND : LOOKUP_NOT_FOUND;
}

/* Single quotes are doubled. */
static struct str sqlite_quote(struct arena *arena, struct str text, struct str option)
{
    struct buffer out = BUFFER_IN(arena);

    if (!str_is_null(option))
        return STR_NULL;
    for (size_t i = 0; i < text.n; i++) {
        if (text.s[i] == '\'')
            buffer_add_char(&out, '\'');
        buffer_add_char(&out, text.s[i]);
    }
    out.tainted = text.tainted;
    return buffer_str(&out);
}

static struct str default_file(const struct lookup_settings *settings)
{
    return settings->sqlite_dbfile;
}

static void sqlite_version_report(struct buffer *out)
{
    buffer_printf(out, "Library version: SQLite: Compile: %s\n", SQLITE_VERSION);
    buffer_printf(out, "                         Runtime: %s\n", sqlite3_libversion());
}

const struct lookup_type lookup_sqlite = {
    .name = "sqlite",
    .default_file = default_file,
    .keep_results = true,
    .open = sqlite_open,
    .find = sqlite_find,
    .close = sqlite_close,
    .quote = sqlite_quote,
    .quoted = LOOKUP_QUOTED_SQLITE,
    .version_report = sqlite_version_report,
};
LOOKUP_EXPORT(&lookup_sqlite)
