/* Expansion variables: finding a row and reading the value that it describes (manual, 11.9). */
#include "expand/variables.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"

/* --- Variables that configurations make up: $acl_c_x, $acl_m_x, $r_x */

GETTER(get_acl_variable)
{
    struct scope *scope = ev->scope;
    const struct varset *set = NULL;
    if (variable.s[4] == 'c' && scope->connection != NULL)
        set = &scope->connection->acl_c;
    else if (variable.s[4] == 'm' && scope->message != NULL)
        set = &scope->message->acl_m;
    *value = STR("");
    if (set != NULL && varset_get(set, variable, value))
        return EXPAND_OK;
    if (scope->process != NULL && scope->process->strict_acl_vars)
        return evaluate_fail(ev, "unknown variable name \"%.*s\" (strict_acl_vars is set)",
                             STR_ARG(variable));
    return EXPAND_OK;
}

GETTER(get_router_variable)
{
    *value = STR("");
    if (ev->scope->routed_vars != NULL)
        varset_get(ev->scope->routed_vars, variable, value);
    return EXPAND_OK;
}

static const struct variable_row acl_row = {"acl_", IN_SCOPE, AS_CONSTANT, 0, "", get_acl_variable};
static const struct variable_row router_row = {"r_", IN_SCOPE, AS_CONSTANT, 0, "", get_router_variable};

/* acl_c and acl_m, and what follows must begin with a digit or an underscore. */
static const struct variable_row *find_acl_variable(struct str name, const char **note)
{
    if (!str_starts(name, "acl_c") && !str_starts(name, "acl_m")) {
        *note = " (user-defined ACL variables must start acl_c or acl_m)";
        return NULL;
    }
    if (name.n > 5 && name.s[5] != '_' && !ascii_is_digit(name.s[5])) {
        *note = " (6th character of a user-defined ACL variable must be a digit or underscore)";
        return NULL;
    }
    return &acl_row;
}

static int compare_name(const void *key, const void *row)
{
    const struct str *name = key;
    return strcmp(name->s, ((const struct variable_row *)row)->name);
}

const struct variable_row *variable_find(struct str name, const char **note)
{
    *note = "";
    const struct variable_row *row = bsearch(&name, variable_table.rows, variable_table.count,
                                             sizeof variable_table.rows[0], compare_name);
    if (row != NULL)
        return row;
    if (str_starts(name, "acl_"))
        return find_acl_variable(name, note);
    return str_starts(name, "r_") ? &router_row : NULL;
}

/* --- Values */

/* The struct that a group's fields lie in, or NULL. */
static const void *group_base(const struct scope *scope, enum variable_group group)
{
    switch (group) {
    case IN_SCOPE:
        return scope;
    case IN_PROCESS:
        return scope->process;
    case IN_CONNECTION:
        return scope->connection;
    case IN_TLS:
        return scope->connection != NULL && scope->connection->tls_in.active ? &scope->connection->tls_in
                                                                             : NULL;
    case IN_TLS_OUT:
        return scope->tls_out;
    case IN_MESSAGE:
        return scope->message;
    case IN_ADDRESS:
        return scope->address;
    case IN_ACL:
        return scope->acl;
    case IN_EVENT:
        return scope->event;
    }
    return NULL;
}

static struct str field_value(struct evaluation *ev, const struct variable_row *row, const void *field)
{
    switch (row->type) {
    case AS_TEXT:
    case AS_CERTIFICATE:
        return *(const struct str *)field;
    case AS_INT:
        return str_printf(ev->arena, "%d", *(const int *)field);
    case AS_UNSIGNED:
        return str_printf(ev->arena, "%u", *(const unsigned *)field);
    case AS_INT64:
        return str_printf(ev->arena, "%" PRId64, *(const int64_t *)field);
    case AS_FLAG:
        return *(const bool *)field ? STR("1") : STR("0");
    case AS_YES_NO:
        return *(const bool *)field ? STR("yes") : STR("no");
    case AS_CONSTANT:
        break;
    }
    return str_of(row->absent);
}

enum expand_status variable_value(struct evaluation *ev, const struct variable_row *row, struct str name,
                                  struct str *value)
{
    if (row->get != NULL)
        return row->get(ev, name, value);
    const char *base = group_base(ev->scope, row->group);
    *value = base == NULL ? STR_NULL : field_value(ev, row, base + row->offset);
    if (str_is_null(*value))
        *value = str_of(row->absent);
    return EXPAND_OK;
}
