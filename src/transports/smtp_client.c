/* Commands and replies: see smtp_client.h. */
#include "transports/smtp_client.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/print.h"
#include "mail/delivery_error.h"
#include "tls/tls.h"

enum {
    QUIT_SECONDS = 5, /* for the rest of the output to go */
    DRAIN_MS = 1000,  /* for replies that nobody reads to come */
};

const struct client_texts smtp_texts = {
    .refused = "SMTP error from remote mail server after %s%.*s: %.*s",
    .malformed = "Malformed SMTP reply in response to %s%.*s: %.*s",
    .closed = "Remote host closed connection in response to %s%.*s",
    .timeout = "SMTP timeout after %s%.*s",
    .closed_error = DELIVERY_CONNECTION_LOST,
    .timeout_error = ETIMEDOUT,
};

/* Of the lmtp transport, which talks to processes of this host. */
const struct client_texts lmtp_texts = {
    .refused = "LMTP error after %s%.*s: %.*s",
    .malformed = "Malformed LMTP response after %s%.*s: %.*s",
    .closed = "LMTP connection closed after %s%.*s",
    .timeout = "LMTP timeout after %s%.*s",
    .closed_error = DELIVERY_UNKNOWN,
    .timeout_error = DELIVERY_UNKNOWN,
};

void client_begin(struct smtp_client *c, struct arena *arena, int fd, int out, int command_timeout)
{
    *c = (struct smtp_client){.texts = &smtp_texts, .arena = arena, .fd = fd, .command_timeout = command_timeout};
    fd_channel_init(&c->socket, fd, out < 0 ? fd : out);
    stream_init(&c->stream, &c->socket.channel);
}

void client_end(struct smtp_client *c)
{
    if (c->tls)
        tls_close(c->tls, deadline_in(QUIT_SECONDS));
    c->tls = NULL;
    stream_free(&c->stream);
    if (c->socket.out >= 0 && c->socket.out != c->fd)
        close(c->socket.out);
    if (c->fd >= 0)
        close(c->fd);
    c->fd = c->socket.in = c->socket.out = -1;
}

/* Until the server closes, or has been silent for a moment. */
static void let_in(struct smtp_client *c)
{
    int64_t deadline = clock_now_ms() + DRAIN_MS;
    char rest[1024];

    shutdown(c->fd, SHUT_WR);
    while (c->socket.channel.read(&c->socket.channel, rest, sizeof rest, deadline) > 0)
        continue;
}

void client_quit(struct smtp_client *c)
{
    if (c->fd >= 0 && !c->stream.failed) {
        client_send(c, STR("QUIT"));
        if (stream_flush(&c->stream, deadline_in(QUIT_SECONDS)) && (c->replies_due || c->read_owed) && !c->tls)
            let_in(c);
    }
    client_end(c);
}

void client_send_secret(struct smtp_client *c, struct str command, size_t shown)
{
    int64_t deadline = deadline_in(c->command_timeout);

    if (debug_on(DEBUG_transport)) {
        struct str part = {command.s, shown < command.n ? shown : command.n, command.tainted};

        debug(DEBUG_transport, "  SMTP>> %.*s%s\n", STR_ARG(printable(c->arena, part)),
              shown < command.n ? "********" : "");
    }
    stream_write(&c->stream, command, deadline);
    stream_write(&c->stream, STR("\r\n"), deadline);
}

void client_send(struct smtp_client *c, struct str command)
{
    client_send_secret(c, command, command.n);
}

bool client_fail(struct smtp_client *c, int error, const char *format, ...)
{
    struct buffer b = BUFFER_IN(c->arena);
    va_list args;

    va_start(args, format);
    buffer_vprintf(&b, format, args);
    va_end(args);
    b.tainted = true;
    c->failure = (struct client_failure){.error = error, .text = buffer_str(&b)};
    return false;
}

bool client_flush(struct smtp_client *c, const char *what)
{
    int error;

    errno = 0;
    if (stream_flush(&c->stream, deadline_in(c->command_timeout)))
        return true;
    error = errno;
    if (error == 0)
        client_fail(c, ETIMEDOUT, "timeout while sending %s", what);
    else
        client_fail(c, DELIVERY_CONNECTION_LOST, "send() to remote host failed while sending %s: %s", what,
                  strerror(error));
    c->failure.lost = true;
    return false;
}

static void debug_reply(struct smtp_client *c)
{
    struct buffer b;

    if (!debug_on(DEBUG_transport))
        return;
    b = BUFFER_IN(c->arena);
    for (size_t i = 0; i < c->reply.text.n; i++) {
        buffer_add_char(&b, c->reply.text.s[i]);
        if (c->reply.text.s[i] == '\n')
            buffer_add_cstr(&b, "         ");
    }
    debug(DEBUG_transport, "  SMTP<< %.*s\n", STR_ARG(buffer_str(&b)));
}

/* The texts of a client come from tables. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"

static void fail_with(struct smtp_client *c, const struct client_expect *expect, int error, const char *format)
{
    const char *pipelined = expect->pipelined ? "pipelined " : "";

    client_fail(c, error, format, pipelined, STR_ARG(expect->what),
                STR_ARG(printable_lines(c->arena, c->reply.text)));
}

#pragma GCC diagnostic pop

void client_owe(struct smtp_client *c, bool (*read_owed)(void *ctx), void *ctx)
{
    c->read_owed = read_owed;
    c->owed_ctx = ctx;
}

bool client_await(struct smtp_client *c)
{
    bool (*read_owed)(void *ctx) = c->read_owed;

    c->read_owed = NULL;
    return !read_owed || (client_flush(c, "EHLO") && read_owed(c->owed_ctx));
}

bool client_expect(struct smtp_client *c, const struct client_expect *expect)
{
    int seconds = expect->seconds > 0 ? expect->seconds : c->command_timeout;

    if (!client_await(c))
        return false;

    switch (smtp_reply_read(&c->stream, c->arena, deadline_in(seconds), &c->reply)) {
    case SMTP_REPLY_OK:
        debug_reply(c);
        if (c->reply.code / 100 == expect->digit - '0')
            return true;
        fail_with(c, expect, 0, c->texts->refused);
        c->failure.code = c->reply.code;
        c->failure.permanent = c->reply.code / 100 == 5;
        return false;
    case SMTP_REPLY_MALFORMED:
        fail_with(c, expect, DELIVERY_MALFORMED_REPLY, c->texts->malformed);
        break;
    case SMTP_REPLY_CLOSED:
        fail_with(c, expect, c->texts->closed_error, c->texts->closed);
        break;
    case SMTP_REPLY_TIMEOUT:
        fail_with(c, expect, c->texts->timeout_error, c->texts->timeout);
        if (expect->octets > 0)
            c->failure.text = str_printf(c->arena, "%.*s (%lld bytes written)", STR_ARG(c->failure.text),
                                         (long long)expect->octets);
        break;
    }
    c->failure.lost = true;
    return false;
}

bool client_command(struct smtp_client *c, struct str command, char digit)
{
    struct str shown = printable(c->arena, command);

    client_send(c, command);
    return client_flush(c, shown.s) && client_expect(c, &(struct client_expect){.what = shown, .digit = digit});
}
