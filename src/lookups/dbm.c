/* dbm, dbmnz and dbmjz (manual, 9.3): files of the Berkeley DB library. The three differ in what they make
 * of the key: dbm looks it up with a NUL behind it, dbmnz as it is, dbmjz takes it for a list whose items
 * are looked up with NULs between them. */
#include <db.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/strlist.h"
#include "lookups/types.h"
#include "lookups/version.h"

struct dbm {
    struct arena *arena;
    DB *db;
    struct file_version version;
    char said[256]; /* by the library, when something failed */
};

/* --- Opening */

static void keep_message(const DB_ENV *env, const char *prefix, const char *text)
{
    struct dbm *dbm = env->app_private;
    size_t n = strnlen(text, sizeof dbm->said - 1);

    (void)prefix;
    memcpy(dbm->said, text, n);
    dbm->said[n] = '\0';
}

/* What the library has said tells more than its error number, which it often makes up. */
static const char *reason(const struct dbm *dbm, int error)
{
    return dbm->said[0] ? dbm->said : db_strerror(error);
}

static int open_database(struct dbm *dbm, const char *name)
{
    int error = db_create(&dbm->db, NULL, 0);

    if (error != 0) {
        dbm->db = NULL;
        return error;
    }
    dbm->db->get_env(dbm->db)->app_private = dbm;
    dbm->db->set_errcall(dbm->db, keep_message);
    return dbm->db->open(dbm->db, NULL, name, NULL, DB_UNKNOWN, DB_RDONLY, 0);
}

static void dbm_close(void *handle)
{
    struct dbm *dbm = handle;

    if (dbm->db)
        dbm->db->close(dbm->db, 0);
    arena_free(dbm->arena);
}

static void open_error(struct error *err, struct str file, const char *why)
{
    error_set(err, "failed to open %.*s as a db (v4.1+) file: %s", STR_ARG(file), why);
}

static void *dbm_open(struct str file, struct error *err)
{
    struct stat status;

    if (file.n == 0 || file.s[0] != '/' || stat(file.s, &status) != 0) {
        open_error(err, file, strerror(file.n > 0 && file.s[0] == '/' ? errno : ENOENT));
        return NULL;
    }
    if (!S_ISREG(status.st_mode)) {
        open_error(err, file, S_ISDIR(status.st_mode) ? strerror(EISDIR) : "not a regular file");
        return NULL;
    }
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct dbm *dbm = ARENA_NEW(arena, struct dbm);
    *dbm = (struct dbm){.arena = arena, .version = file_version_of(&status)};
    int error = open_database(dbm, file.s);
    if (error == 0)
        return dbm;
    open_error(err, file, reason(dbm, error));
    dbm_close(dbm);
    return NULL;
}

static bool dbm_current(const void *handle, struct str file)
{
    return file_version_current(&((const struct dbm *)handle)->version, file);
}

/* --- Finding */

/* As Exim does, a NUL ends the data: dbm files usually have one there. */
static enum lookup_status find(struct dbm *dbm, struct arena *arena, const char *key, size_t n,
                               struct str *result, struct error *err)
{
    DBT wanted = {.data = (void *)(uintptr_t)key, .size = (u_int32_t)n}, found = {.data = NULL};
    int error;

    if (n > UINT32_MAX)
        return LOOKUP_NOT_FOUND;
    dbm->said[0] = '\0';
    error = dbm->db->get(dbm->db, NULL, &wanted, &found, 0);
    if (error == DB_NOTFOUND || error == DB_KEYEMPTY)
        return LOOKUP_NOT_FOUND;
    if (error != 0) {
        error_set(err, "dbm: %s", reason(dbm, error));
        return LOOKUP_DEFER;
    }
    *result = str_copy_n(arena, found.data, found.size > 0 ? strnlen(found.data, found.size) : 0, false);
    return LOOKUP_FOUND;
}

static enum lookup_status dbm_find(void *handle, const struct lookup_request *request, struct str *result,
                                   struct error *err)
{
    struct str key = str_copy(request->arena, request->key);

    return find(handle, request->arena, key.s, key.n + 1, result, err);
}

static enum lookup_status dbmnz_find(void *handle, const struct lookup_request *request, struct str *result,
                                     struct error *err)
{
    return find(handle, request->arena, request->key.s, request->key.n, result, err);
}

static enum lookup_status dbmjz_find(void *handle, const struct lookup_request *request, struct str *result,
                                     struct error *err)
{
    struct buffer key = BUFFER_IN(request->arena);
    struct strlist items;
    struct str item;
    bool first = true;

    strlist_begin(&items, request->key, ':');
    for (; strlist_next(&items, request->arena, &item); first = false) {
        if (!first)
            buffer_add_char(&key, '\0');
        buffer_add(&key, item);
    }
    return find(handle, request->arena, buffer_str(&key).s, key.n, result, err);
}

static void dbm_version_report(struct buffer *out)
{
    buffer_printf(out, "Library version: Berkeley DB: Compile: %d.%d.%d\n", DB_VERSION_MAJOR,
                  DB_VERSION_MINOR, DB_VERSION_PATCH);
    buffer_printf(out, "                              Runtime: %s\n", db_version(NULL, NULL, NULL));
}

const struct lookup_type lookup_dbm = {
    .name = "dbm",
    .single_key = true,
    .open = dbm_open,
    .current = dbm_current,
    .find = dbm_find,
    .close = dbm_close,
    .version_report = dbm_version_report,
};

const struct lookup_type lookup_dbmjz = {
    .name = "dbmjz",
    .single_key = true,
    .open = dbm_open,
    .current = dbm_current,
    .find = dbmjz_find,
    .close = dbm_close,
};

const struct lookup_type lookup_dbmnz = {
    .name = "dbmnz",
    .single_key = true,
    .open = dbm_open,
    .current = dbm_current,
    .find = dbmnz_find,
    .close = dbm_close,
};
LOOKUP_EXPORT(&lookup_dbm, &lookup_dbmjz, &lookup_dbmnz)
