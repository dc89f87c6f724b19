/* What log lines may say of a scope, and what it shows of an exchange of AUTH: see scope.h. */
#include "expand/scope.h"

#include <string.h>

struct str scope_place(void *scope, struct arena *arena)
{
    const struct scope_acl *acl = ((const struct scope *)scope)->acl;

    if (acl == NULL || acl->verb == NULL)
        return STR_NULL;
    if (acl->where.file == NULL)
        return str_printf(arena, "ACL %s, inline line %u", acl->verb, acl->where.line);
    return str_printf(arena, "ACL %s, %s %u", acl->verb, acl->where.file, acl->where.line);
}

struct str scope_headers_charset(const struct scope_process *process)
{
    return process == NULL || process->headers_charset.n == 0 ? STR("UTF-8") : process->headers_charset;
}

void scope_set_validated(void *scope, struct str answer)
{
    ((struct scope *)scope)->lookup_dnssec_authenticated = answer;
}

bool scope_has_secrets(const struct scope *scope)
{
    for (unsigned i = 0; i < SCOPE_AUTH_VARS; i++)
        if (!str_is_null(scope->auth_vars[i]))
            return true;
    return false;
}

void scope_show_auth(struct scope *scope, const struct str *vars, const struct str *numbers, unsigned count)
{
    memcpy(scope->auth_vars, vars, sizeof scope->auth_vars);
    scope->captures[0] = STR_NULL;
    for (unsigned i = 0; i < count; i++)
        scope->captures[i + 1] = numbers[i];
    scope->capture_count = count > 0 ? count + 1 : 0;
}

void scope_hide_auth(struct scope *scope)
{
    memset(scope->auth_vars, 0, sizeof scope->auth_vars);
    memset(scope->captures, 0, sizeof scope->captures);
    scope->capture_count = 0;
    scope->value = STR_NULL;
}
