/* -be: expands the arguments, or lines of standard input, and prints the results (manual, 5.2). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "expand/test_mode.h"
#include "main/caller.h"
#include "main/modes.h"
#include "smtp/services.h"

struct tester {
    struct program *program;
    struct scope scope;
    struct scope_connection connection;
    struct scope_message message;
    struct scope_acl acl;
    struct smtp_acl_owner owner;
    struct arena *line_arena; /* reset after each line */
};

static bool tester_begin(struct tester *t, struct program *program, struct error *err)
{
    *t = (struct tester){.program = program, .line_arena = arena_new(ARENA_SECRET)};
    t->connection.acl_c.arena = t->message.acl_m.arena = program->arena;
    t->message.size = -1;
    t->message.sender_address =
        str_join3(program->arena, caller_login(program->arena), STR("@"), program->process.qualify_domain);
    t->message.sender_set = true;
    if (program->cl->authenticated_sender)
        t->message.authenticated_sender = str_of(program->cl->authenticated_sender);
    t->scope = (struct scope){
        .arena = program->arena,
        .services = &smtp_services,
        .lists = program->config->lists,
        .process = &program->process,
        .connection = &t->connection,
        .message = &t->message,
        .acl = &t->acl,
    };
    smtp_acl_owner_init(&t->owner, program->acls, &t->scope);
    if (program->cl->protocol)
        t->connection.received_protocol = str_of(program->cl->protocol);
    return caller_describe(program->arena, program->cl, &t->connection, err);
}

static void show(struct tester *t, struct str line)
{
    struct str result = expand_test_line(&t->scope, line, t->line_arena);

    if (!str_is_null(result)) {
        fwrite(result.s, 1, result.n, stdout);
        putchar('\n');
    }
    arena_reset(t->line_arena);
}

/* The next logical line: a backslash at the end goes on, without the white space that begins the next.
 * False: end of input. */
static bool read_line(struct arena *arena, struct str *line)
{
    struct buffer out = BUFFER_IN(arena);
    char *text = NULL;
    size_t capacity = 0;
    ssize_t n;

    printf("> ");
    fflush(stdout);
    while ((n = getline(&text, &capacity, stdin)) >= 0) {
        const char *p = text;

        while (n > 0 && strchr("\n\r \t", p[n - 1]))
            n--;
        if (out.n > 0)
            while (n > 0 && (*p == ' ' || *p == '\t')) {
                p++;
                n--;
            }
        buffer_add_n(&out, p, (size_t)n);
        if (n == 0 || p[n - 1] != '\\') {
            *line = buffer_str(&out);
            free(text);
            return true;
        }
        buffer_cut(&out, out.n - 1);
    }
    free(text);
    *line = buffer_str(&out);
    return out.n > 0;
}

/* Macros first, then the expansion: the same for arguments and lines. */
static void take(struct tester *t, struct str line)
{
    struct error err = ERROR_IN(t->line_arena);
    struct str name;

    if (!config_macro_line(t->program->config, t->line_arena, &line, &name, &err))
        printf("Failed: %.*s\n", STR_ARG(err.text));
    else if (!str_is_null(name))
        printf("Defined macro '%.*s'\n", STR_ARG(name));
    else
        show(t, line);
}

static void interactive(struct tester *t)
{
    struct str line;

    while (read_line(t->line_arena, &line))
        take(t, line);
    putchar('\n');
}

int expand_mode(struct program *program)
{
    struct tester t;
    struct error err = ERROR_IN(program->arena);
    bool ok = tester_begin(&t, program, &err);

    if (!ok)
        fprintf(stderr, "%.*s\n", STR_ARG(err.text));
    else if (!*program->cl->arguments)
        interactive(&t);
    else
        for (char *const *argument = program->cl->arguments; *argument; argument++)
            take(&t, str_of(*argument));
    arena_free(t.line_arena);
    return ok ? 0 : 1;
}
