/* Opening and closing the databases of the hints store: where they are, whose they are, and what is done
 * about forks, removed files and damaged ones. */
#include "hints/store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

enum {
    FILE_MODE = 0640,
    DIRECTORY_MODE = 0750,
    BUSY_TIMEOUT = 30000, /* milliseconds: others hold a lock for moments only */
    LOCK_INTERVAL = 10,   /* milliseconds */
};

static const char *const names[HINTS_PURPOSES] = {
    [HINTS_RATELIMIT] = "ratelimit", [HINTS_SEEN] = "seen",       [HINTS_RETRY] = "retry",
    [HINTS_WAIT] = "wait",           [HINTS_CALLOUT] = "callout", [HINTS_AUTH] = "auth",
    [HINTS_MISC] = "misc",
};

struct hints {
    struct str directory; /* db in the spool directory */
    struct str paths[HINTS_PURPOSES];
    struct str lock; /* held while a database is made, opened or set aside */
    unsigned user, group;
    struct hints_database databases[HINTS_PURPOSES];
};

static void close_database(struct hints_database *database)
{
    for (int i = 0; i < STATEMENT_COUNT; i++)
        sqlite3_finalize(database->statements[i]);
    sqlite3_close(database->db);
    memset(database, 0, sizeof *database);
}

/* A connection to SQLite must not be used, nor closed, on the other side of a fork: the parent's is left
 * alone. */
static void leave_to_parent(struct hints_database *database)
{
    if (database->db != NULL && database->process != getpid())
        memset(database, 0, sizeof *database);
}

void hints_release(struct hints *hints)
{
    for (int i = 0; hints && i < HINTS_PURPOSES; i++) {
        leave_to_parent(&hints->databases[i]);
        close_database(&hints->databases[i]);
    }
}

static void close_all(void *p)
{
    hints_release(p);
}

struct hints *hints_new(struct arena *arena, struct str directory, unsigned user, unsigned group)
{
    struct hints *hints = ARENA_NEW(arena, struct hints);

    hints->directory = str_join(arena, directory, STR("/db"));
    hints->lock = str_join(arena, hints->directory, STR("/hints.lock"));
    for (int i = 0; i < HINTS_PURPOSES; i++)
        hints->paths[i] = str_printf(arena, "%.*s/%s.sqlite", STR_ARG(hints->directory), names[i]);
    hints->user = user;
    hints->group = group;
    arena_defer(arena, close_all, hints);
    return hints;
}

/* --- Files */

/* What root makes is for the processes that are not root. */
static bool give_away(const struct hints *hints, int fd)
{
    return geteuid() != 0 || fchown(fd, hints->user, hints->group) == 0;
}

static bool make_directory(const struct hints *hints, struct error *err)
{
    int fd;
    bool done;

    if (mkdir(hints->directory.s, DIRECTORY_MODE) < 0)
        return errno == EEXIST ||
               error_set(err, "cannot make directory %s: %s", hints->directory.s, strerror(errno));
    fd = open(hints->directory.s, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    done = fd >= 0 && fchmod(fd, DIRECTORY_MODE) == 0 && give_away(hints, fd);
    if (!done)
        error_set(err, "cannot make directory %s: %s", hints->directory.s, strerror(errno));
    if (fd >= 0)
        close(fd);
    return done;
}

/* An empty file is an empty database. It is made here, so that the mode and the owner are ours; those of the
 * files that SQLite makes beside it follow from it. */
static bool make_file(const struct hints *hints, const char *path, struct error *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
    bool done = fd >= 0 && fchmod(fd, FILE_MODE) == 0 && give_away(hints, fd);

    if (!done && !(fd < 0 && errno == EEXIST))
        return error_set(err, "cannot make %s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return true;
}

/* Waits for as long as it waits for SQLite's locks. */
static bool wait_for_lock(int fd)
{
    const int64_t until = clock_now_ms() + BUSY_TIMEOUT;

    while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        if ((errno != EWOULDBLOCK && errno != EINTR) || clock_now_ms() >= until)
            return false;
        poll(NULL, 0, LOCK_INTERVAL);
    }
    return true;
}

/* One process at a time makes, opens or removes databases: SQLite does not wait when two of them want to set
 * up the same one. Returns what unlock() takes, or -1: err. */
static int lock(const struct hints *hints, struct error *err)
{
    int fd;

    if (!make_directory(hints, err) || !make_file(hints, hints->lock.s, err))
        return -1;
    fd = open(hints->lock.s, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd >= 0 && wait_for_lock(fd))
        return fd;
    error_set(err, "cannot lock %s: %s", hints->lock.s, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

static void unlock(int fd)
{
    close(fd);
}

static bool stands_for(const struct hints_database *database, const struct stat *st)
{
    return database->device == st->st_dev && database->inode == st->st_ino;
}

/* --- Databases */

/* Without a sync for every change: after a power failure the last changes may be missing, but the database
 * is whole, which is enough for hints. */
static const char set_up[] =
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = NORMAL;"
    "PRAGMA cache_size = -512;"
    "PRAGMA journal_size_limit = 1048576;"
    "CREATE TABLE IF NOT EXISTS hints (key BLOB PRIMARY KEY NOT NULL, value BLOB NOT NULL,"
    " written INTEGER NOT NULL, expires INTEGER NOT NULL);"
    "CREATE INDEX IF NOT EXISTS expiry ON hints (expires) WHERE expires <> 0;";

static const char *const statement_texts[STATEMENT_COUNT] = {
    [STATEMENT_BEGIN] = "BEGIN IMMEDIATE",
    [STATEMENT_COMMIT] = "COMMIT",
    [STATEMENT_ROLLBACK] = "ROLLBACK",
    [STATEMENT_GET] = "SELECT key, value, written, expires FROM hints"
                      " WHERE key = ?1 AND (expires = 0 OR expires > ?2)",
    [STATEMENT_PUT] = "INSERT OR REPLACE INTO hints (key, value, written, expires) VALUES (?1, ?2, ?3, ?4)",
    [STATEMENT_DELETE] = "DELETE FROM hints WHERE key = ?1",
    [STATEMENT_LIST] = "SELECT key, value, written, expires FROM hints"
                       " WHERE key >= ?1 AND (expires = 0 OR expires > ?2) ORDER BY key",
    [STATEMENT_TIDY] = "DELETE FROM hints WHERE rowid IN"
                       " (SELECT rowid FROM hints WHERE expires <> 0 AND expires <= ?1 LIMIT ?2)",
};

static int prepare(struct hints_database *database)
{
    int status = sqlite3_exec(database->db, set_up, NULL, NULL, NULL);

    for (int i = 0; i < STATEMENT_COUNT && status == SQLITE_OK; i++)
        status = sqlite3_prepare_v3(database->db, statement_texts[i], -1, SQLITE_PREPARE_PERSISTENT,
                                    &database->statements[i], NULL);
    return status;
}

/* Opens the file that is there. False: err, unless *status says that it is damaged. */
static bool open_file(struct hints_database *database, const char *path, int *status, struct error *err)
{
    struct stat st;

    *status = sqlite3_open_v2(path, &database->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    database->process = getpid();
    if (*status == SQLITE_OK) {
        sqlite3_busy_timeout(database->db, BUSY_TIMEOUT);
        *status = prepare(database);
    }
    if (*status == SQLITE_OK && stat(path, &st) == 0) {
        database->device = st.st_dev;
        database->inode = st.st_ino;
        return true;
    }
    error_set(err, "cannot open %s: %s", path,
              *status == SQLITE_OK ? strerror(errno)
                                   : database->db ? sqlite3_errmsg(database->db) : sqlite3_errstr(*status));
    close_database(database);
    return false;
}

/* --- Damage */

static bool is_damage(int status)
{
    return (status & 0xff) == SQLITE_CORRUPT || (status & 0xff) == SQLITE_NOTADB;
}

/* Hints can be had again: a damaged database is renamed, to give way to a new one, unless another process has
 * just done that. The lock is held. */
static bool set_aside(const char *path, const struct hints_database *damaged, int status)
{
    char name[PATH_MAX];
    struct stat st;

    if (stat(path, &st) < 0 || !stands_for(damaged, &st))
        return true;
    if (snprintf(name, sizeof name, "%s.damaged", path) >= (int)sizeof name || rename(path, name) < 0)
        return false;
    snprintf(name, sizeof name, "%s-wal", path);
    unlink(name);
    snprintf(name, sizeof name, "%s-shm", path);
    unlink(name);
    log_write(LOG_MAIN | LOG_PANIC, "hints database %s is damaged (%s): begun anew", path,
              sqlite3_errstr(status));
    return true;
}

bool hints_recover(struct hints *hints, enum hints_purpose purpose, int status, struct error *err)
{
    struct hints_database *database = &hints->databases[purpose];
    const struct hints_database damaged = *database;
    const char *path = hints->paths[purpose].s;
    bool done = false;
    int locked;

    error_set(err, "%s: %s", path, sqlite3_errstr(status));
    if (!is_damage(status))
        return false;
    close_database(database);
    locked = lock(hints, err);
    if (locked >= 0) {
        done = set_aside(path, &damaged, status);
        unlock(locked);
    }
    return done;
}

/* --- Opening */

/* The lock is held. */
static bool make_and_open(struct hints *hints, struct hints_database *database, const char *path,
                          struct error *err)
{
    struct hints_database damaged = {.db = NULL};
    struct stat st;
    int status;

    if (!make_file(hints, path, err))
        return false;
    if (open_file(database, path, &status, err))
        return true;
    if (!is_damage(status) || stat(path, &st) < 0)
        return false;
    damaged.device = st.st_dev;
    damaged.inode = st.st_ino;
    return set_aside(path, &damaged, status) && make_file(hints, path, err) &&
           open_file(database, path, &status, err);
}

struct hints_database *hints_open(struct hints *hints, enum hints_purpose purpose, bool create,
                                  struct error *err)
{
    struct hints_database *database = &hints->databases[purpose];
    const char *path = hints->paths[purpose].s;
    bool there, open;
    struct stat st;
    int locked;

    leave_to_parent(database);
    there = stat(path, &st) == 0;
    if (there && database->db != NULL && stands_for(database, &st))
        return database;
    if (!there && errno != ENOENT) {
        error_set(err, "cannot open %s: %s", path, strerror(errno));
        return NULL;
    }
    close_database(database);
    if (!there && !create)
        return NULL;
    debug(DEBUG_hints_lookup, "opening hints file %s", path);
    locked = lock(hints, err);
    if (locked < 0)
        return NULL;
    open = make_and_open(hints, database, path, err);
    unlock(locked);
    return open ? database : NULL;
}
