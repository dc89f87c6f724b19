/* Variables that configurations set by name: see scope.h. */
#include "base/arena.h"
#include "expand/scope.h"

struct variable {
    struct variable *next;
    struct str name, value;
};

static struct variable *find(const struct varset *set, struct str name)
{
    struct variable *variable = set->first;
    while (variable != NULL && !str_eq(variable->name, name))
        variable = variable->next;
    return variable;
}

static struct variable *add(struct varset *set, struct str name)
{
    struct variable *variable = ARENA_NEW(set->arena, struct variable);
    variable->name = str_copy(set->arena, name);
    variable->next = set->first;
    set->first = variable;
    return variable;
}

void varset_set(struct varset *set, struct str name, struct str value)
{
    struct variable *variable = find(set, name);
    if (variable == NULL)
        variable = add(set, name);
    variable->value = str_copy(set->arena, value);
}

void varset_push(struct varset *set, struct str name, struct str value)
{
    add(set, name)->value = str_copy(set->arena, value);
}

bool varset_get(const struct varset *set, struct str name, struct str *value)
{
    const struct variable *variable = find(set, name);
    if (variable == NULL)
        return false;
    *value = variable->value;
    return true;
}

void varset_each(const struct varset *set, void (*each)(void *ctx, struct str name, struct str value), void *ctx)
{
    for (const struct variable *v = set->first; v != NULL; v = v->next)
        each(ctx, v->name, v->value);
}
