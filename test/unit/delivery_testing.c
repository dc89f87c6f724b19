/* Deliveries inside a unit test: see delivery_testing.h. */
#include "delivery_testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "auths/auth.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/ip.h"
#include "base/log.h"
#include "base/strlist.h"
#include "config/config.h"
#include "mail/header.h"
#include "mail/host_list.h"
#include "match/list.h"

int delivery_setup(void **state)
{
    struct delivery_bench *bench = calloc(1, sizeof *bench);
    void *files;

    if (!bench || temp_files_setup(&files) != 0)
        return -1;
    bench->files = files;
    *state = bench;
    return 0;
}

int delivery_teardown(void **state)
{
    struct delivery_bench *bench = *state;
    void *files = bench->files;

    log_close();
    free(bench);
    return temp_files_teardown(&files);
}

static struct config *read_config(struct delivery_bench *bench, struct arena *arena, const char *options,
                                  const char *more, int port)
{
    static const struct driver_class *const classes[] = {&auth_class, &transport_class, NULL};
    struct error err = ERROR_IN(arena);
    const char *stanza = " command_timeout = 1s\n data_timeout = 1s\n final_timeout = 1s\n connect_timeout = 2s";
    struct str text = str_printf(arena, "primary_hostname = me.test\nbegin transports\nt:\n%s%s\n%s\n%s\n",
                                 bench->stanza ? bench->stanza
                                               : str_printf(arena, " driver = smtp\n port = %d\n", port).s,
                                 bench->stanza ? "" : stanza, options ? options : "", more ? more : "");
    const char *files[] = {temp_file(bench->files, "conf", text.s).s, NULL};
    struct config *config =
        config_read(&(struct config_request){.files = files, .classes = classes, .trusted = true}, &err);

    if (!config)
        fail_msg("%.*s", STR_ARG(err.text));
    log_configure(&(struct log_settings){.main_path = temp_path(bench->files, "main"),
                                         .panic_path = temp_path(bench->files, "main"),
                                         .owner = getuid(),
                                         .group = getgid(),
                                         .selectors = config->log_selectors});
    return config;
}

static struct mail_message *make_message(struct delivery_bench *bench, struct arena *arena)
{
    const char *text = bench->message ? bench->message : "Subject: t\n\nhello\n.dot\n";
    const char *body = strstr(text, "\n\n") + 2;
    struct mail_message *message = ARENA_NEW(arena, struct mail_message);

    message->arena = arena;
    message->last_header = &message->headers;
    message->id = STR("1abcde-000000001-0001");
    message->sender = str_of(bench->sender ? bench->sender : "s@y.test");
    message->authenticated_sender = str_of(bench->authenticated_sender);
    message->smtputf8 = bench->smtputf8;
    message->handling = bench->handling;
    mail_headers_append(message, str_sub(arena, str_of(text), 0, (size_t)(body - 1 - text)));
    message->body_fd = memfd_create("body", MFD_CLOEXEC);
    message->body_size = (int64_t)strlen(body);
    message->max_received_linelength = bench->longest_line;
    assert_int_equal(write(message->body_fd, body, strlen(body)), strlen(body));
    return message;
}

/* Names are not looked up in these tests: each stands for the address that it is. */
static struct mail_host *make_hosts(struct delivery_bench *bench, struct arena *arena)
{
    struct mail_host *hosts = host_list_read(arena, str_of(bench->hosts ? bench->hosts : "127.0.0.1"), false);

    for (struct mail_host *host = hosts; host; host = host->next)
        host->address = host->name;
    return hosts;
}

static struct mail_recipient *make_recipients(struct delivery_bench *bench, struct arena *arena, const char *list)
{
    struct mail_recipient *first = NULL, **last = &first;
    struct mail_host *hosts = bench->hosts && !*bench->hosts ? NULL : make_hosts(bench, arena);
    struct strlist it;
    struct str address;

    strlist_begin(&it, str_of(list), ' ');
    while (strlist_next(&it, arena, &address)) {
        *last = mail_recipient_new(arena, address);
        (*last)->hosts = hosts;
        (*last)->dsn_flags = bench->dsn_flags;
        (*last)->dsn_orcpt = str_of(bench->orcpt);
        if (bench->generated)
            (*last)->parent = mail_recipient_new(arena, STR("alias@x.test"));
        last = &(*last)->next;
    }
    return first;
}

/* --- The queue's side */

static void retry_state(struct delivery *delivery, struct mail_host *host, const struct delivery_retry *retry)
{
    (void)delivery;
    (void)host;
    (void)retry;
}

static void note_host(struct delivery *delivery, const struct mail_host *host, const struct delivery_retry *retry,
                      int error, int more_error, struct str text)
{
    (void)text;
    buffer_printf(delivery->host_ctx, "%.*s%s %d %d\n", STR_ARG(host->address), retry->message ? " message" : "", error,
                  more_error);
}

static void forget_host(struct delivery *delivery, const struct mail_host *host, const struct delivery_retry *retry)
{
    (void)retry;
    buffer_printf(delivery->host_ctx, "%.*s works\n", STR_ARG(host->address));
}

static struct str next_message(struct delivery *delivery, const struct mail_host *host)
{
    (void)host;
    (void)delivery;
    return STR_NULL;
}

static void wait_for(struct delivery *delivery, const struct mail_host *hosts)
{
    (void)hosts;
    buffer_printf(delivery->host_ctx, "waits\n");
}

static const struct delivery_host queue = {retry_state, note_host, forget_host, next_message, wait_for};

/* --- Results */

static void add_fact(struct buffer *b, const char *name, struct str value)
{
    if (!str_is_null(value))
        buffer_printf(b, " %s=%.*s", name, STR_ARG(value));
}

static void add_result(struct buffer *b, const struct mail_recipient *r)
{
    static const char *const results[] = {"pending", "=>", "==", "**", "panic"};

    buffer_printf(b, "%s %.*s", results[r->result], STR_ARG(r->address));
    if (!str_is_null(r->sent_address))
        buffer_printf(b, "=%.*s", STR_ARG(r->sent_address));
    if (r->result != MAIL_OK) {
        buffer_printf(b, " (%d)%s: %.*s\n", r->error, r->host_used ? " H" : "", STR_ARG(r->message));
        return;
    }
    if (!str_is_null(r->authenticator))
        add_fact(b, "A", r->authenticator);
    add_fact(b, "id", r->authenticated_id);
    buffer_printf(b, "%s%s%s%s%s", r->tls.active ? " X" : "", r->chunking ? " K" : "", r->pipelining ? " L" : "",
                  r->prdr ? " PRDR" : "", r->second_on_connection ? " *" : "");
    add_fact(b, "C", r->confirmation);
    buffer_add_char(b, '\n');
}

static const char *log_text(struct delivery_bench *bench)
{
    enum { STAMP = sizeof "2026-11-21 00:10:11 " - 1 };
    struct buffer b = BUFFER_IN(bench->files->arena);
    FILE *f = fopen(temp_path(bench->files, "main").s, "r");
    char line[4096];

    while (f && fgets(line, sizeof line, f))
        buffer_add_cstr(&b, line + STAMP);
    if (f)
        fclose(f);
    unlink(temp_path(bench->files, "main").s);
    return buffer_str(&b).s;
}

const char *deliver(struct delivery_bench *bench, const char *options, const char *more, const char *script,
                    const char *recipients)
{
    static const struct scope_services services = {.match = list_match_text, .named_list = list_named_text};
    struct arena *arena = bench->files->arena;
    struct smtp_server server = {.port = 1};
    struct buffer results = BUFFER_IN(arena), noted = BUFFER_IN(arena);
    struct scope_process process = {.primary_hostname = STR("me.test")};
    struct scope_address address = {.host_port = 0};
    struct scope scope = {.arena = arena, .services = &services, .process = &process, .address = &address};
    struct delivery delivery = {.scope = &scope, .host = &queue, .host_ctx = &noted, .arena = arena,
                                .deadline = DEADLINE_NONE};

    if (script)
        smtp_server_start(&server, script);
    struct config *config = read_config(bench, arena, options, more, server.port);

    scope.lists = config->lists;
    delivery.config = config;
    delivery.transport = transport_find(config_drivers(config, "transports"), STR("t"));
    delivery.message = make_message(bench, arena);
    delivery.recipients = make_recipients(bench, arena, recipients);
    ((const struct transport_driver *)delivery.transport->instance.driver)->deliver(&delivery);
    for (const struct mail_recipient *r = delivery.recipients; r; r = r->next)
        add_result(&results, r);
    bench->sent = script ? smtp_server_stop(&server, arena).s : "";
    close(delivery.message->body_fd);
    log_close();
    bench->log = log_text(bench);
    bench->noted = buffer_str(&noted).s;
    config_free(config);
    return buffer_str(&results).s;
}
