/* What log lines may say of a scope: see scope.h. */
#include "expand/scope.h"

struct str scope_place(void *scope, struct arena *arena)
{
    const struct scope_acl *acl = ((const struct scope *)scope)->acl;

    if (acl == NULL || acl->verb == NULL)
        return STR_NULL;
    if (acl->where.file == NULL)
        return str_printf(arena, "ACL %s, inline line %u", acl->verb, acl->where.line);
    return str_printf(arena, "ACL %s, %s %u", acl->verb, acl->where.file, acl->where.line);
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
