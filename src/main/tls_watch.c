/* Certificates that change while the daemon runs: see tls_watch.h. */
#include "main/tls_watch.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"

enum { PATIENCE_MS = 300 };

/* A file's directory tells of it also when it is replaced by another of its name; a directory of certificates tells of
 * what is in it. Watching one directory twice is the same as once. */
static void watch_directory_of(void *ctx, const char *path)
{
    static const unsigned events = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO;
    const int *fd = ctx;
    const char *slash = strrchr(path, '/');
    char directory[PATH_MAX];

    if (slash == NULL)
        snprintf(directory, sizeof directory, ".");
    else
        snprintf(directory, sizeof directory, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    if (inotify_add_watch(*fd, directory, events) < 0)
        debug(DEBUG_tls, "cannot watch %s: %s\n", directory, strerror(errno));
    inotify_add_watch(*fd, path, events | IN_ONLYDIR);
}

static void count(void *ctx, const char *path)
{
    (void)path;
    ++*(size_t *)ctx;
}

static void watch_files(struct tls_watch *watch, const struct smtp_settings *settings)
{
    size_t files = 0;

    *watch = (struct tls_watch){.fd = -1, .due = DEADLINE_NONE};
    smtp_settings_tls_files(settings, count, &files);
    if (files == 0)
        return;
    watch->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (watch->fd >= 0)
        smtp_settings_tls_files(settings, watch_directory_of, &watch->fd);
    else
        log_write(LOG_MAIN, "changes of certificates will not be noticed: %s", strerror(errno));
}

/* False: logged. */
static bool read_files(const struct smtp_settings *settings, const char *consequence)
{
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct error err = ERROR_IN(arena);
    bool good = smtp_settings_prepare_tls(settings, &err);

    if (!good)
        log_write(LOG_MAIN, "TLS error in configuration%s %.*s", consequence, STR_ARG(err.text));
    arena_free(arena);
    return good;
}

void tls_watch_begin(struct tls_watch *watch, const struct smtp_settings *settings)
{
    read_files(settings, ":");
    watch_files(watch, settings);
}

void tls_watch_end(struct tls_watch *watch)
{
    if (watch->fd >= 0)
        close(watch->fd);
    *watch = (struct tls_watch){.fd = -1, .due = DEADLINE_NONE};
}

void tls_watch_notice(struct tls_watch *watch)
{
    char events[4096] __attribute__((aligned(8)));

    while (read(watch->fd, events, sizeof events) > 0)
        continue;
    watch->due = clock_now_ms() + PATIENCE_MS;
}

bool tls_watch_reload(struct tls_watch *watch, const struct smtp_settings *settings)
{
    bool good;

    if (clock_now_ms() < watch->due)
        return false;
    watch->due = DEADLINE_NONE;
    if (!smtp_settings_tls_is_stale(settings))
        return false;
    good = read_files(settings, " (certificates have changed; those read before stay in use):");
    tls_watch_end(watch);
    watch_files(watch, settings);
    return good;
}
