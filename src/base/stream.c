/* Buffered lines with limits and deadlines: see stream.h. */
#include "base/stream.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/secret.h"

enum {
    IN_CAPACITY = 4096,
    OUT_CAPACITY = 4096,
};

enum {
    CHANNEL_ERROR = -1,
    CHANNEL_TIMEOUT = -2,
};

/* --- Descriptors */

/* Waits until fd is ready for the events: 1, CHANNEL_TIMEOUT or CHANNEL_ERROR. */
static int wait_ready(int fd, short events, int64_t deadline)
{
    struct pollfd pollfd = {.fd = fd, .events = events};

    for (;;) {
        int left = deadline_left_ms(deadline);
        int n = poll(&pollfd, 1, left);
        if (n > 0)
            return 1;
        if (n == 0 && left < INT_MAX)
            return CHANNEL_TIMEOUT;
        if (n < 0 && errno != EINTR)
            return CHANNEL_ERROR;
    }
}

/* Whether a failed call is worth another wait. */
static bool is_transient(int error)
{
    return error == EINTR || error == EAGAIN || error == EWOULDBLOCK;
}

static ssize_t fd_read(struct channel *channel, void *p, size_t n, int64_t deadline)
{
    const struct fd_channel *c = (const struct fd_channel *)channel;

    for (;;) {
        int ready = wait_ready(c->in, POLLIN, deadline);
        if (ready != 1)
            return ready;
        ssize_t got = read(c->in, p, n);
        if (got >= 0 || !is_transient(errno))
            return got;
    }
}

/* A write that does not wait, or at most for a pipe's reader to take what a pipe holds at once. */
static ssize_t write_now(const struct fd_channel *c, const void *p, size_t n)
{
    if (c->out_is_socket)
        return send(c->out, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
    return write(c->out, p, n < PIPE_BUF ? n : PIPE_BUF);
}

static ssize_t fd_write(struct channel *channel, const void *p, size_t n, int64_t deadline)
{
    const struct fd_channel *c = (const struct fd_channel *)channel;

    for (;;) {
        int ready = wait_ready(c->out, POLLOUT, deadline);
        if (ready != 1)
            return ready;
        ssize_t put = write_now(c, p, n);
        if (put >= 0 || !is_transient(errno))
            return put;
    }
}

static bool fd_ready(struct channel *channel)
{
    const struct fd_channel *c = (const struct fd_channel *)channel;
    int waiting = 0;

    return ioctl(c->in, FIONREAD, &waiting) == 0 && waiting > 0;
}

bool channel_has_input(struct channel *c)
{
    return c->ready != NULL && c->ready(c);
}

void fd_channel_init(struct fd_channel *c, int in, int out)
{
    int type;
    socklen_t n = sizeof type;

    *c = (struct fd_channel){.channel = {fd_read, fd_write, fd_ready}, .in = in, .out = out};
    c->out_is_socket = getsockopt(out, SOL_SOCKET, SO_TYPE, &type, &n) == 0;
}

/* --- The stream */

void stream_init(struct stream *s, struct channel *channel)
{
    *s = (struct stream){.channel = channel};
}

void stream_free(struct stream *s)
{
    if (s->in != NULL)
        secret_wipe(s->in, s->in_capacity);
    if (s->out != NULL)
        secret_wipe(s->out, s->out_capacity);
    free(s->in);
    free(s->out);
    *s = (struct stream){0};
}

size_t stream_switch(struct stream *s, struct channel *channel)
{
    size_t dropped = s->in_n - s->in_at;

    if (s->in != NULL)
        secret_wipe(s->in, s->in_capacity);
    s->in_at = s->in_n = 0;
    s->channel = channel;
    return dropped;
}

/* The buffer at *p, made when it is first needed. */
static bool have_buffer(char **p, size_t *capacity, size_t wanted)
{
    if (*p == NULL) {
        *p = malloc(wanted);
        *capacity = *p == NULL ? 0 : wanted;
    }
    return *p != NULL;
}

/* Reads more input into the empty buffer: LINE_OK when there is some. */
static enum line_status fill(struct stream *s, int64_t deadline)
{
    if (!have_buffer(&s->in, &s->in_capacity, IN_CAPACITY))
        return LINE_ERROR;
    s->in_at = s->in_n = 0;
    ssize_t got = s->channel->read(s->channel, s->in, s->in_capacity, deadline);
    if (got > 0) {
        s->in_n = (size_t)got;
        return LINE_OK;
    }
    return got == 0 ? LINE_END : got == CHANNEL_TIMEOUT ? LINE_TIMEOUT : LINE_ERROR;
}

/* A line while it is read: its first octets, its length so far, its last octet. */
struct partial {
    struct buffer text;
    size_t keep; /* octets of text at most: the limit, and one for the CR of a line that reaches it */
    size_t n;
    char last;
};

static void partial_add(struct partial *line, const char *p, size_t n)
{
    size_t room = line->keep - line->text.n;

    if (n == 0)
        return;
    buffer_add_n(&line->text, p, n < room ? n : room);
    line->n = n > SIZE_MAX - line->n ? SIZE_MAX : line->n + n;
    line->last = p[n - 1];
}

/* Moves buffered input into the line, up to and including the ending. False: no ending yet. */
static bool take_line(struct stream *s, struct partial *line, enum line_ending ending)
{
    while (s->in_at < s->in_n) {
        const char *p = s->in + s->in_at;
        const char *lf = memchr(p, '\n', s->in_n - s->in_at);
        size_t n = lf == NULL ? s->in_n - s->in_at : (size_t)(lf - p);
        partial_add(line, p, n);
        s->in_at += n;
        if (lf == NULL)
            break;
        s->in_at++;
        bool after_cr = line->n > 0 && line->last == '\r';
        if (after_cr || ending == LINE_LF) {
            s->bare_lf = !after_cr;
            line->n -= after_cr;
            return true;
        }
        partial_add(line, "\n", 1);
    }
    return false;
}

enum line_status stream_read_line(struct stream *s, struct arena *arena, size_t limit,
                                  enum line_ending ending, int64_t deadline, struct str *line)
{
    struct partial partial = {.text = BUFFER_IN(arena), .keep = limit + 1};
    enum line_status status = LINE_OK;

    s->bare_lf = false;
    while (!take_line(s, &partial, ending)) {
        status = fill(s, deadline);
        if (status != LINE_OK)
            break;
    }
    if (status == LINE_OK && partial.n > limit)
        status = LINE_TOO_LONG;
    size_t n = partial.n < limit ? partial.n : limit;
    buffer_cut(&partial.text, n);
    partial.text.tainted = true;
    *line = buffer_str(&partial.text);
    return status;
}

ssize_t stream_read(struct stream *s, void *p, size_t n, int64_t deadline)
{
    if (n == 0)
        return 0;
    if (!stream_has_input(s))
        return s->channel->read(s->channel, p, n, deadline);
    size_t there = s->in_n - s->in_at;
    if (n > there)
        n = there;
    memcpy(p, s->in + s->in_at, n);
    s->in_at += n;
    return (ssize_t)n;
}

enum line_status stream_peek(struct stream *s, int64_t deadline, struct str *there)
{
    enum line_status status = stream_has_input(s) ? LINE_OK : fill(s, deadline);

    if (status == LINE_OK)
        *there = (struct str){s->in + s->in_at, s->in_n - s->in_at, true};
    return status;
}

void stream_skip(struct stream *s, size_t n)
{
    s->in_at += n;
}

bool stream_has_input(const struct stream *s)
{
    return s->in_at < s->in_n;
}

bool stream_input_ready(const struct stream *s)
{
    return stream_has_input(s) || channel_has_input(s->channel);
}

/* Sends n octets at p; a stream that could not is failed. */
static bool send_all(struct stream *s, const char *p, size_t n, int64_t deadline)
{
    while (n > 0 && !s->failed) {
        ssize_t put = s->channel->write(s->channel, p, n, deadline);
        if (put <= 0) {
            s->failed = true;
            break;
        }
        p += put;
        n -= (size_t)put;
    }
    return !s->failed;
}

void stream_write(struct stream *s, struct str v, int64_t deadline)
{
    if (s->failed || v.n == 0)
        return;
    if (!have_buffer(&s->out, &s->out_capacity, OUT_CAPACITY)) {
        s->failed = true;
        return;
    }
    if (v.n > s->out_capacity - s->out_n && !stream_flush(s, deadline))
        return;
    if (v.n > s->out_capacity) {
        send_all(s, v.s, v.n, deadline);
        return;
    }
    memcpy(s->out + s->out_n, v.s, v.n);
    s->out_n += v.n;
}

bool stream_flush(struct stream *s, int64_t deadline)
{
    size_t n = s->out_n;

    s->out_n = 0;
    return send_all(s, s->out, n, deadline);
}
