/* -bP: prints values of the configuration (manual, 5.2). */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "main/modes.h"
#include "main/privileges.h"

/* Words that take the name behind them. */
static bool takes_name(const char *what)
{
    static const char *const words[] = {"router", "transport", "authenticator", "macro"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(what, words[i]) == 0)
            return true;
    return false;
}

static bool print_one(struct program *program, const char *what, const char *name)
{
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct buffer out = BUFFER_IN(arena);
    struct error err = ERROR_IN(arena);
    bool is_admin = privileges_of_admin(&program->process, &program->config->main);
    bool ok = config_print(program->config, str_of(what), str_of(name), is_admin, program->cl->no_labels, &out,
                           &err);

    fwrite(buffer_str(&out).s, 1, out.n, stdout);
    if (!ok)
        printf("%.*s\n", STR_ARG(err.text));
    arena_free(arena);
    return ok;
}

/* As in Exim, the exit code speaks of the last argument. */
int print_mode(struct program *program)
{
    bool ok = true;
    char *const *argument = program->cl->arguments;

    if (!*argument)
        return print_one(program, "all", NULL) ? 0 : 1;
    for (; *argument; argument++) {
        const char *name = takes_name(argument[0]) && argument[1] ? argument[1] : NULL;

        ok = print_one(program, argument[0], name);
        if (name)
            argument++;
    }
    return ok ? 0 : 1;
}
