/* A session for the tests of ACLs to run in: a peer at 127.0.0.1 that sends from s@a.b to Rcpt@d.test. What
 * an ACL yields, tells its host and logs becomes one text. */
#ifndef UNIT_ACL_SESSION_H
#define UNIT_ACL_SESSION_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "acl_sources.h"

#include "acl/control.h"
#include "base/buffer.h"
#include "base/log.h"
#include "hints/hints.h"
#include "mail/message.h"

struct session {
    struct arena *arena;
    struct acl_set *acls;
    struct scope scope;
    struct scope_process process;
    struct scope_connection connection;
    struct scope_message message;
    struct scope_address address;
    struct scope_acl acl;
    struct acl_warnings warnings;
    struct acl_rates message_rates, connection_rates;
    struct mail_handling handling;
    struct acl_context context;
    struct buffer events; /* what the host was told */
    bool helo_good;       /* verify_helo() finds the name right */
    char directory[32];
};

static inline bool on_control(void *owner, const struct acl_control *control, struct str parameter,
                              struct error *err)
{
    struct session *s = owner;

    if (str_is(parameter, "bad"))
        return error_set(err, "host says no");
    buffer_printf(&s->events, "control %s", control->name);
    if (!str_is_null(parameter))
        buffer_printf(&s->events, "/%.*s", STR_ARG(parameter));
    buffer_add_char(&s->events, '\n');
    return true;
}

static inline void on_add_header(void *owner, struct str header)
{
    buffer_printf(&((struct session *)owner)->events, "add <%.*s>\n", STR_ARG(header));
}

static inline void on_remove_header(void *owner, struct str names)
{
    buffer_printf(&((struct session *)owner)->events, "remove <%.*s>\n", STR_ARG(names));
}

static inline void on_delay(void *owner, int seconds)
{
    buffer_printf(&((struct session *)owner)->events, "delay %d\n", seconds);
}

static inline void on_verify_helo(void *owner)
{
    struct session *s = owner;

    buffer_add_cstr(&s->events, "verify helo\n");
    s->connection.helo_verified = s->helo_good;
}

static inline struct str log_prefix(void *owner, struct arena *arena)
{
    (void)owner;
    (void)arena;
    return STR("H=(x) [127.0.0.1] ");
}

static const struct acl_host host = {
    .control = on_control,
    .add_header = on_add_header,
    .remove_header = on_remove_header,
    .delay = on_delay,
    .verify_helo = on_verify_helo,
    .log_prefix = log_prefix,
};

static inline enum match_result serve_acl(struct scope *scope, struct str name, const struct str *args,
                                          unsigned nargs, struct str *message, struct error *err)
{
    return acl_run_named(&((struct session *)scope->owner)->context, name, args, nargs, message, err);
}

static const struct scope_services services = {
    .match = list_match_text,
    .acl = serve_acl,
    .named_list = list_named_text,
};

static inline void set_logs(const struct session *s)
{
    struct log_settings settings = {
        .main_path = str_printf(s->arena, "%s/main", s->directory),
        .reject_path = str_printf(s->arena, "%s/reject", s->directory),
        .panic_path = str_printf(s->arena, "%s/panic", s->directory),
        .debug_path = str_printf(s->arena, "%s/debug", s->directory),
        .write_rejectlog = true,
    };

    assert_true(log_selector_parse(STR(""), &settings.selectors, NULL));
    log_configure(&settings);
}

static inline int setup(void **state)
{
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct session *s = ARENA_NEW(arena, struct session);

    *state = s;
    s->arena = arena;
    s->events = BUFFER_IN(arena);
    strcpy(s->directory, "/tmp/test_acl.XXXXXX");
    assert_non_null(mkdtemp(s->directory));
    s->process =
        (struct scope_process){.primary_hostname = STR("mail.test"), .spool_directory = STR("/nonexistent")};
    s->process.hints = hints_new(arena, str_of(s->directory), getuid(), getgid());
    s->connection = (struct scope_connection){
        .host_address = STR("127.0.0.1"),
        .helo_name = str_taint(STR("x")),
        .acl_c.arena = arena,
    };
    s->message = (struct scope_message){
        .sender_address = str_taint(STR("s@a.b")),
        .sender_set = true,
        .size = -1,
        .acl_m.arena = arena,
    };
    s->address = (struct scope_address){
        .local_part = str_taint(STR("rcpt")),
        .original_local_part = str_taint(STR("Rcpt")),
        .domain = str_taint(STR("d.test")),
    };
    s->warnings.arena = s->message_rates.arena = s->connection_rates.arena = arena;
    s->scope = (struct scope){
        .arena = arena,
        .services = &services,
        .process = &s->process,
        .connection = &s->connection,
        .message = &s->message,
        .address = &s->address,
        .acl = &s->acl,
        .owner = s,
        .lists = named_lists_new(arena),
    };
    s->context = (struct acl_context){
        .scope = &s->scope,
        .host = &host,
        .owner = s,
        .where = ACL_WHERE_RCPT,
        .recipient = str_taint(STR("Rcpt@d.test")),
        .arena = arena,
        .warnings = &s->warnings,
        .handling = &s->handling,
        .handling_arena = arena,
        .message_rates = &s->message_rates,
        .connection_rates = &s->connection_rates,
    };
    set_logs(s);
    return 0;
}

static inline int teardown(void **state)
{
    struct session *s = *state;
    char command[64];

    log_close();
    snprintf(command, sizeof command, "rm -r %s", s->directory);
    assert_int_equal(system(command), 0);
    arena_free(s->arena);
    return 0;
}

#define session_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* --- Looking at what happened */

/* Adds the lines of a log, without their time stamps, and empties it. */
static inline void add_log(struct session *s, struct buffer *out, const char *name)
{
    struct str path = str_printf(s->arena, "%s/%s", s->directory, name);
    const size_t stamp = strlen("2026-01-01 00:00:00 ");
    FILE *f = fopen(path.s, "r+");
    char line[1000];

    if (f == NULL)
        return;
    while (fgets(line, sizeof line, f) != NULL) {
        assert_true(strlen(line) >= stamp);
        buffer_printf(out, "%s: %s", name, line + stamp);
    }
    assert_int_equal(ftruncate(fileno(f), 0), 0);
    fclose(f);
}

static inline void add_text(struct buffer *out, const char *what, struct str text)
{
    if (!str_is_null(text))
        buffer_printf(out, " %s<%.*s>", what, STR_ARG(text));
}

/* Runs `spec` with the ACLs of the text; the result, the messages, the host's events and the logs. */
static inline struct str run_spec(struct session *s, const char *text, const char *spec)
{
    static const char *const results[] = {"ACCEPT", "DISCARD", "DEFER", "DENY", "DROP", "ERROR"};
    struct acl_source sources[MAX_SOURCES];
    struct error err = ERROR_IN(s->arena);
    struct acl_outcome outcome;
    struct buffer out = BUFFER_IN(s->arena);
    size_t n = acl_sources(s->arena, text, sources);

    if (!acl_compile(s->arena, sources, n, &s->acls, &err))
        fail_msg("%s", err.text.s);
    s->context.acls = s->acls;
    acl_run(&s->context, template_compile(s->arena, str_of(spec), (struct source_pos){NULL, 0}), &outcome);
    buffer_add_cstr(&out, results[outcome.result]);
    if (outcome.endpass_or_implicit)
        buffer_add_cstr(&out, " implicit");
    add_text(&out, "", outcome.user_message);
    if (!str_eq(outcome.user_message, outcome.log_message) || str_is_null(outcome.user_message))
        add_text(&out, "log", outcome.log_message);
    if (outcome.log_reject_target != (LOG_MAIN | LOG_REJECT))
        buffer_printf(&out, " target %u", outcome.log_reject_target);
    buffer_add_char(&out, '\n');
    buffer_add(&out, buffer_str(&s->events));
    s->events = BUFFER_IN(s->arena);
    add_log(s, &out, "main");
    add_log(s, &out, "reject");
    add_log(s, &out, "panic");
    assert_int_equal(s->context.depth, 0);
    assert_true(str_is_null(s->acl.acl_verify_message));
    return buffer_str(&out);
}

struct run_case {
    const char *acls, *expected; /* the expected text without its last newline */
};

static inline void run_cases(struct session *s, const struct run_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct str got = run_spec(s, cases[i].acls, "a"),
                   expected = str_printf(s->arena, "%s\n", cases[i].expected);

        s->warnings.first = NULL;
        if (!str_eq(got, expected))
            fail_msg("for\n%s\ngot\n%s\nexpected\n%s", cases[i].acls, got.s, expected.s);
    }
}

#define RUN_CASES(state, cases) run_cases(*(state), cases, sizeof(cases) / sizeof *(cases))

#endif
