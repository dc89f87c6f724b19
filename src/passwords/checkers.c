/* The table of password checkers: those built in, and those that are loaded as modules when a condition first
 * names them. A new one is a file, a row here or in scripts/switches.mk, and a line in checkers.h. */
#include "passwords/checkers.h"

#include <stddef.h>
#include <stdio.h>

#include "build_config.h"

struct row {
    const char *name;
    const struct password_checker *checker; /* NULL: in a module */
    const char *socket;                     /* of the daemon it needs: "", when the build was not told of any */
};

/* password_checkers.inc is made from the switches of Local/Makefile: a line PASSWORD_CHECKER_BUILTIN(name) or
 * PASSWORD_CHECKER_MODULE(name) for each checker that can be left out. */
#define PASSWORD_CHECKER_BUILTIN(name_) {#name_, &password_checker_##name_, NULL},
#define PASSWORD_CHECKER_MODULE(name_) {#name_, NULL, NULL},
static const struct row rows[] = {
    {"crypteq", &password_checker_crypteq, NULL},
    {"pwcheck", &password_checker_pwcheck, CYRUS_PWCHECK_SOCKET},
    {"saslauthd", &password_checker_saslauthd, CYRUS_SASLAUTHD_SOCKET},
#include "password_checkers.inc"
};

enum { ROWS = sizeof rows / sizeof *rows };

static bool in_this_build(const struct row *row)
{
    return !row->socket || row->socket[0] != '\0';
}

static const struct password_checker *load(const char *name, struct error *err)
{
    char file[80];
    struct error why = {.arena = err ? err->arena : NULL};
    const struct password_module *module;

    snprintf(file, sizeof file, "password_%s", name);
    module = module_load(MODULE_DIRECTORY, file, PASSWORD_MODULE_SYMBOL, err ? &why : NULL);
    if (module && str_is(str_of(name), module->checker->name))
        return module->checker;
    if (module)
        error_set(err, "cannot load support for \"%s\": the module is for something else", name);
    else
        error_set(err, "cannot load support for \"%s\": %.*s", name, STR_ARG(why.text));
    return NULL;
}

const struct password_checker *password_checker_find(struct str name, struct error *err)
{
    for (size_t i = 0; i < ROWS; i++)
        if (in_this_build(&rows[i]) && str_is(name, rows[i].name))
            return rows[i].checker ? rows[i].checker : load(rows[i].name, err);
    error_set(err, "support for \"%.*s\" not compiled", STR_ARG(name));
    return NULL;
}

void password_checker_each(void (*each)(void *ctx, const char *name, bool module), void *ctx)
{
    for (size_t i = 0; i < ROWS; i++)
        if (in_this_build(&rows[i]))
            each(ctx, rows[i].name, !rows[i].checker);
}
