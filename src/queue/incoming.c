/* Putting a message into the queue: see incoming.h. The body goes to its file as it comes. When both files are on
 * the disk, and the directory that names them, the message is safe. A message without its -H file is none: what
 * a crash leaves of it was never answered with 250. */
#include "queue/incoming.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/log.h"
#include "mail/id.h"
#include "queue/envelope.h"

struct mail_incoming {
    const struct incoming_setup *setup;
    struct mail_message *message;
    struct str queue; /* where the -D file is */
    struct str path;  /* its name */
    int fd;
    char buffer[16384];
    size_t buffered;
};

static struct str path_of(const struct mail_incoming *incoming, struct str queue, const char *suffix)
{
    const struct spool *spool = &incoming->setup->spool;
    struct mail_message *message = incoming->message;

    return spool_path(message->arena, spool, queue, "input", spool_subdirectory(spool, message->id), message->id,
                      suffix);
}

/* An id that another process has taken at the same moment is left to it. */
static bool create(struct mail_incoming *incoming, struct error *err)
{
    enum { TRIES = 10 };
    struct mail_message *message = incoming->message;

    for (int i = 0; i < TRIES; i++) {
        message->id = mail_id_new(message->arena, incoming->setup->host_number);
        incoming->path = path_of(incoming, incoming->queue, "-D");
        incoming->fd = spool_create(&incoming->setup->spool, incoming->path, O_RDWR | O_EXCL, err);
        if (incoming->fd >= 0 || errno != EEXIST)
            break;
    }
    return incoming->fd >= 0;
}

struct mail_incoming *incoming_begin(const struct incoming_setup *setup, struct mail_message *message,
                                     struct error *err)
{
    struct mail_incoming *incoming = ARENA_NEW(message->arena, struct mail_incoming);

    incoming->setup = setup;
    message->login = setup->login;
    message->uid = setup->uid;
    message->gid = setup->gid;
    incoming->message = message;
    incoming->queue = str_copy(message->arena, message->handling.queue);
    if (!create(incoming, err))
        return NULL;
    incoming->buffered = (size_t)snprintf(incoming->buffer, sizeof incoming->buffer, "%.*s-D\n", STR_ARG(message->id));
    return incoming;
}

static bool flush(struct mail_incoming *incoming)
{
    bool ok = spool_write(incoming->fd, incoming->buffer, incoming->buffered);

    incoming->buffered = 0;
    return ok;
}

bool incoming_write(struct mail_incoming *incoming, const char *octets, size_t n)
{
    while (n > 0) {
        size_t room = sizeof incoming->buffer - incoming->buffered;
        size_t part = n < room ? n : room;

        memcpy(incoming->buffer + incoming->buffered, octets, part);
        incoming->buffered += part;
        octets += part;
        n -= part;
        if (incoming->buffered == sizeof incoming->buffer && !flush(incoming))
            return false;
    }
    return true;
}

static void close_body(struct mail_incoming *incoming)
{
    if (incoming->fd >= 0)
        close(incoming->fd);
    incoming->fd = -1;
}

/* An ACL may have chosen another queue since the body began to come. */
static bool move_body(struct mail_incoming *incoming, struct error *err)
{
    struct str queue = incoming->message->handling.queue, path;

    if (str_eq(queue, incoming->queue))
        return true;
    path = path_of(incoming, queue, "-D");
    if (!spool_make_directory(&incoming->setup->spool, path, err))
        return false;
    if (rename(incoming->path.s, path.s) != 0)
        return error_set(err, "Failed to rename spool file %.*s: %s", STR_ARG(incoming->path), strerror(errno));
    incoming->path = path;
    return true;
}

static bool write_body(struct mail_incoming *incoming, struct error *err)
{
    if (!flush(incoming))
        return error_set(err, "Error while writing spool file %.*s: %s", STR_ARG(incoming->path), strerror(errno));
    return spool_sync(&incoming->setup->spool, incoming->fd, err) && move_body(incoming, err);
}

void incoming_abandon(struct mail_incoming *incoming)
{
    close_body(incoming);
    unlink(incoming->path.s);
}

bool incoming_commit(struct mail_incoming *incoming, struct error *err)
{
    struct mail_message *message = incoming->message;
    struct str text;
    int error;

    if (write_body(incoming, err)) {
        text = envelope_write(message->arena, message, incoming->setup->primary_hostname);
        if (spool_replace(&incoming->setup->spool, path_of(incoming, message->handling.queue, "-H"), text, err)) {
            close_body(incoming);
            return true;
        }
        error = errno;
        unlink(path_of(incoming, message->handling.queue, "-H").s);
        errno = error;
    }
    error = errno;
    incoming_abandon(incoming);
    errno = error;
    return false;
}

void incoming_note(const struct incoming_setup *setup, const struct mail_message *message, struct str text)
{
    const struct spool *spool = &setup->spool;
    struct arena *arena;
    struct error err;
    struct str line;
    char stamp[32];
    time_t now = time(NULL);
    struct tm local;
    int fd;

    if (!setup->message_logs)
        return;
    arena = arena_new(ARENA_PLAIN);
    err = ERROR_IN(arena);
    strftime(stamp, sizeof stamp, "%Y-%m-%d %H:%M:%S", localtime_r(&now, &local));
    line = str_printf(arena, "%s %.*s\n", stamp, STR_ARG(text));
    fd = spool_create(spool, spool_path(arena, spool, message->handling.queue, "msglog",
                                        spool_subdirectory(spool, message->id), message->id, ""),
                      O_WRONLY | O_APPEND, &err);
    if (fd < 0 || !spool_write(fd, line.s, line.n))
        log_write(LOG_MAIN | LOG_PANIC, "message log: %s", strerror(errno));
    if (fd >= 0)
        close(fd);
    arena_free(arena);
}
