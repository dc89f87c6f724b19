/* Talking to password daemons: see daemon.h. */
#include "passwords/daemon.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/stream.h"
#include "passwords/password.h"

enum { TIMED_OUT = -2, PIECE = 512 };

static bool failure(const struct daemon *daemon, const char *what, const char *why, struct error *err)
{
    return error_set(err, "cannot %s %s daemon at %s: %s", what, daemon->name, daemon->socket, why);
}

/* A socket whose connecting takes no longer than allowed. -1: err says why not. */
static int connect_to(const struct daemon *daemon, struct error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval limit = {.tv_sec = password_settings()->timeout};
    size_t n = strlen(daemon->socket);
    int fd;

    if (n >= sizeof address.sun_path) {
        failure(daemon, "connect to", strerror(ENAMETOOLONG), err);
        return -1;
    }
    memcpy(address.sun_path, daemon->socket, n);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) == 0 &&
        connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    failure(daemon, "connect to", strerror(errno == EAGAIN ? ETIMEDOUT : errno), err);
    if (fd >= 0)
        close(fd);
    return -1;
}

/* Reads until the answer is complete, the daemon has closed or there is too much. */
static bool read_answer(const struct daemon *daemon, struct stream *stream, int64_t deadline, struct buffer *answer,
                        struct error *err)
{
    char piece[PIECE];
    ssize_t got = 1;

    while (got > 0 && answer->n < daemon->answer_limit &&
           !(daemon->complete && daemon->complete(buffer_str(answer)))) {
        size_t room = daemon->answer_limit - answer->n;

        got = stream_read(stream, piece, room < sizeof piece ? room : sizeof piece, deadline);
        if (got < 0)
            return failure(daemon, "read from", got == TIMED_OUT ? strerror(ETIMEDOUT) : strerror(errno), err);
        buffer_add_n(answer, piece, (size_t)got);
    }
    return true;
}

bool daemon_ask(const struct daemon *daemon, struct arena *arena, struct str question, struct str *answer,
                struct error *err)
{
    int64_t deadline = deadline_in(password_settings()->timeout);
    struct buffer buffer = BUFFER_IN(arena);
    struct fd_channel channel;
    struct stream stream;
    int fd = connect_to(daemon, err);
    bool ok;

    if (fd < 0)
        return false;
    fd_channel_init(&channel, fd, fd);
    stream_init(&stream, &channel.channel);
    stream_write(&stream, question, deadline);
    ok = stream_flush(&stream, deadline) || failure(daemon, "write to", strerror(errno), err);
    ok = ok && read_answer(daemon, &stream, deadline, &buffer, err);
    stream_free(&stream);
    close(fd);
    *answer = buffer_str(&buffer);
    return ok;
}
