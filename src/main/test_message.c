/* Messages for -bem: see test_message.h. */
#include "main/test_message.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/time.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buffer.h"
#include "mail/fixups.h"
#include "mail/header.h"
#include "mail/id.h"
#include "main/privileges.h"

/* A message as it is taken apart. */
struct parts {
    struct buffer headers, body; /* lines end in LF */
    int header_lines, body_lines, zeros;
    int received;                /* Received: headers */
    bool in_body, empty_line;
};

static bool read_file(struct arena *arena, const char *file, struct str *text, struct error *err)
{
    struct buffer all = BUFFER_IN(arena);
    FILE *in = fopen(file, "re");
    char octets[4096];
    size_t n;

    if (!in)
        return error_set(err, "exim: failed to open %s: %s", file, strerror(errno));
    while ((n = fread(octets, 1, sizeof octets, in)) > 0)
        buffer_add_n(&all, octets, n);
    fclose(in);
    *text = buffer_str(&all);
    return true;
}

/* NAME: or what continues one. */
static bool is_header(const struct parts *parts, const char *line, size_t n)
{
    size_t name = 0;

    if (n > 0 && (*line == ' ' || *line == '\t'))
        return parts->headers.n > 0;
    while (name < n && (unsigned char)line[name] > 32 && line[name] != 127 && line[name] != ':')
        name++;
    if (name == 0)
        return false;
    while (name < n && (line[name] == ' ' || line[name] == '\t'))
        name++;
    return name < n && line[name] == ':';
}

static void add_line(struct parts *parts, const char *line, size_t n)
{
    if (!parts->in_body && is_header(parts, line, n)) {
        parts->header_lines++;
        parts->received += n >= strlen("Received:") && strncasecmp(line, "Received:", strlen("Received:")) == 0;
        buffer_add_n(&parts->headers, line, n);
        buffer_add_char(&parts->headers, '\n');
        return;
    }
    if (!parts->in_body && n == 0) {
        parts->in_body = parts->empty_line = true;
        return;
    }
    parts->in_body = true;
    parts->body_lines++;
    for (size_t i = 0; i < n; i++)
        parts->zeros += line[i] == '\0';
    buffer_add_n(&parts->body, line, n);
    buffer_add_char(&parts->body, '\n');
}

/* A line with a dot alone ends the message, as it does where users type theirs in, unless -i says otherwise. */
static void take_apart(struct parts *parts, struct str text, bool dot_is_data)
{
    const char *p = text.s, *end = str_end(text);

    while (p < end) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        size_t n = (size_t)((lf ? lf : end) - p);

        if (!dot_is_data && n == 1 && *p == '.')
            break;
        add_line(parts, p, n > 0 && p[n - 1] == '\r' ? n - 1 : n);
        p = lf ? lf + 1 : end;
    }
}

static void fix_up(struct program *program, struct scope *scope, struct mail_message *mail)
{
    const struct fixups f = {
        .options = &program->config->main,
        .process = &program->process,
        .scope = scope,
        .message = mail,
        .local = true,
        .trusted = privileges_of_trusted(&program->process, &program->config->main),
        .login = program->caller_login,
        .full_name = program->caller_name,
    };

    mail_fix_up(&f);
}

/* n octets of the body as one line, unless message_body_newlines wants it otherwise. */
static struct str visible(const struct program *program, const char *p, size_t n)
{
    struct buffer out = BUFFER_IN(program->arena);

    out.tainted = true;
    for (size_t i = 0; i < n; i++)
        buffer_add_char(&out, p[i] == 0 || (p[i] == '\n' && !program->config->main.message_body_newlines) ? ' ' : p[i]);
    return buffer_str(&out);
}

static void show_body(const struct program *program, struct parts *parts, struct scope_message *message)
{
    struct str body = buffer_str(&parts->body);
    size_t most = (size_t)program->config->main.message_body_visible, n = body.n < most ? body.n : most;

    message->body = visible(program, body.s, n);
    message->body_end = visible(program, body.s + body.n - n, n);
    message->body_size = (int64_t)body.n;
    message->body_linecount = parts->body_lines;
    message->body_zerocount = parts->zeros;
}

bool test_message_read(struct program *program, const char *file, struct scope *scope, struct error *err)
{
    struct arena *arena = program->arena;
    struct parts parts = {.headers = BUFFER_IN(arena), .body = BUFFER_IN(arena)};
    struct mail_message *mail = ARENA_NEW(arena, struct mail_message);
    struct scope_message *message = scope->message;
    struct str text;

    if (!read_file(arena, file, &text, err))
        return false;
    take_apart(&parts, text, program->cl->dot_is_data);
    if (parts.headers.n == 0)
        puts("Warning: no message headers read");
    *mail = (struct mail_message){.arena = arena, .last_header = &mail->headers, .body_fd = -1};
    mail->id = mail_id_new(arena, program->config->host_number);
    mail->sender = message->sender_address;
    mail->sender_local = true;
    gettimeofday(&mail->received, NULL);
    mail_headers_append(mail, str_taint(buffer_str(&parts.headers)));
    fix_up(program, scope, mail);
    message->headers = mail_headers_text(arena, mail);
    message->message_id = mail->id;
    message->received_time = mail->received;
    message->received_count = parts.received + 1;
    message->size = (int64_t)(parts.headers.n + parts.empty_line + parts.body.n);
    message->linecount = parts.header_lines + parts.empty_line + parts.body_lines;
    show_body(program, &parts, message);
    return true;
}
