/* -be: expands the arguments, or lines of standard input, and prints the results (manual, 5.2). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "expand/test_mode.h"
#include "main/caller.h"
#include "main/line_editor.h"
#include "main/modes.h"
#include "main/test_message.h"
#include "smtp/services.h"

struct tester {
    struct program *program;
    struct scope scope;
    struct scope_connection connection;
    struct scope_message message;
    struct scope_acl acl;
    struct smtp_acl_owner owner;
    struct arena *line_arena; /* reset after each line */
    struct line_editor editor;
    bool edits; /* the editor reads lines */
};

static bool tester_begin(struct tester *t, struct program *program, struct error *err)
{
    *t = (struct tester){.program = program, .line_arena = arena_new(ARENA_SECRET)};
    t->connection.acl_c.arena = t->message.acl_m.arena = program->arena;
    t->message.size = -1;
    t->message.sender_address =
        str_join3(program->arena, program->caller_login, STR("@"), program->process.qualify_domain);
    t->message.sender_set = true;
    if (program->cl->authenticated_sender)
        t->message.authenticated_sender = str_of(program->cl->authenticated_sender);
    t->scope = program_scope(program, program->arena);
    t->scope.connection = &t->connection;
    t->scope.message = &t->message;
    t->scope.acl = &t->acl;
    smtp_acl_owner_init(&t->owner, program->acls, &t->scope);
    if (program->cl->protocol)
        t->connection.received_protocol = str_of(program->cl->protocol);
    return caller_describe(program, program->cl, &t->connection, err);
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

/* The next physical line, malloc()ed, or NULL. */
static char *read_physical(struct tester *t, bool first)
{
    char *text = NULL;
    size_t capacity = 0;

    if (t->edits) {
        text = t->editor.readline(first ? "> " : "");
        if (text && *text)
            t->editor.add_history(text);
        return text;
    }
    if (first) {
        printf("> ");
        fflush(stdout);
    }
    if (getline(&text, &capacity, stdin) >= 0)
        return text;
    free(text);
    return NULL;
}

/* Adds a line without the white space at its end, and at its beginning when it goes on. */
static void add_physical(struct buffer *out, const char *text)
{
    size_t n = strlen(text);

    while (n > 0 && strchr("\n\r \t", text[n - 1]))
        n--;
    if (out->n > 0)
        while (n > 0 && (*text == ' ' || *text == '\t')) {
            text++;
            n--;
        }
    buffer_add_n(out, text, n);
}

/* The next logical line: a backslash at the end goes on. False: end of input. */
static bool read_line(struct tester *t, struct str *line)
{
    struct buffer out = BUFFER_IN(t->line_arena);
    bool more = true, first = true;
    char *text;

    for (; more && (text = read_physical(t, first)) != NULL; first = false) {
        add_physical(&out, text);
        free(text);
        more = out.n > 0 && out.s[out.n - 1] == '\\';
        if (more)
            buffer_cut(&out, out.n - 1);
    }
    *line = buffer_str(&out);
    return !more || out.n > 0;
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

    t->edits = line_editor_open(&t->editor);
    while (read_line(t, &line))
        take(t, line);
    putchar('\n');
}

int expand_mode(struct program *program)
{
    struct tester t;
    struct error err = ERROR_IN(program->arena);
    bool ok = tester_begin(&t, program, &err) &&
              (!program->cl->message_file || test_message_read(program, program->cl->message_file, &t.scope, &err));

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
