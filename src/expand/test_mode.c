/* Expansion testing: see test_mode.h. */
#include "expand/test_mode.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "expand/expand.h"
#include "expand/scope.h"

static struct str failure(struct arena *arena, struct str text)
{
    return str_join(arena, STR("Failed: "), text);
}

/* Takes `name = ` off the front; false: it is not written so. */
static bool take_name(struct str *rest, struct arena *arena, struct str *name)
{
    size_t n = 0;
    while (n < rest->n && (ascii_is_alnum(rest->s[n]) || rest->s[n] == '_'))
        n++;
    *name = str_sub(arena, *rest, 0, n);
    while (n < rest->n && ascii_is_space(rest->s[n]))
        n++;
    if (n == rest->n || rest->s[n++] != '=')
        return false;
    while (n < rest->n && ascii_is_space(rest->s[n]))
        n++;
    *rest = str_sub(arena, *rest, n, rest->n);
    return name->n > 5 && (name->s[5] == '_' || ascii_is_digit(name->s[5]));
}

static struct str set_variable(struct scope *scope, struct str rest, struct arena *arena)
{
    struct error err = ERROR_IN(arena);
    struct str name, value;
    struct varset *set = NULL;
    bool good = take_name(&rest, arena, &name);
    if (good && str_starts(name, "acl_c") && scope->connection != NULL)
        set = &scope->connection->acl_c;
    else if (good && str_starts(name, "acl_m") && scope->message != NULL)
        set = &scope->message->acl_m;
    if (set == NULL)
        return failure(arena,
                       str_printf(arena, "invalid variable name \"%.*s\" after \"set\"", STR_ARG(name)));
    if (expand_string(scope, rest, arena, &value, &err) != EXPAND_OK)
        return failure(arena, err.text);
    varset_set(set, name, value);
    return STR_NULL;
}

struct str expand_test_line(struct scope *scope, struct str line, struct arena *arena)
{
    struct error err = ERROR_IN(arena);
    struct str value;
    if (str_starts(line, "set "))
        return set_variable(scope, str_sub(arena, line, 4, line.n), arena);
    if (expand_string(scope, line, arena, &value, &err) == EXPAND_OK)
        return value;
    return failure(arena, err.text);
}
