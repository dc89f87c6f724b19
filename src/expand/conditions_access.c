/* Conditions that ask somebody: password checkers, ACLs, the file system. */
#include <sys/stat.h>

#include "expand/call_acl.h"
#include "expand/conditions.h"
#include "expand/evaluate.h"
#include "expand/parse_condition.h"
#include "lookups/lookup.h"
#include "passwords/password.h"

/* --- Passwords */

/* The checker is looked for when a condition names it, and so is its module. Where it is not to be had, that is an
 * error of those who use the condition, and a warning before. */
static void need_checker(struct parser *p, const struct condition_node *condition)
{
    struct error why = ERROR_IN(p->arena);

    if (password_checker_find(str_of(condition->row->name), &why) == NULL)
        parse_unsupported(p, "%.*s", STR_ARG(why.text));
}

static bool parse_password(struct parser *p, struct condition_node *condition)
{
    need_checker(p, condition);
    return parse_operands(p, condition);
}

static bool parse_wrapped_password(struct parser *p, struct condition_node *condition)
{
    need_checker(p, condition);
    return parse_wrapped_operands(p, condition);
}

static enum expand_status test_password(struct evaluation *ev, const struct condition_node *node,
                                        const struct str *args, bool *yes)
{
    const struct password_checker *checker = password_checker_find(str_of(node->row->name), ev->err);
    if (checker == NULL)
        return EXPAND_FAILED;
    switch (checker->check(ev->arena, args, node->arg_count, ev->err)) {
    case PASSWORD_RIGHT:
        *yes = true;
        return EXPAND_OK;
    case PASSWORD_WRONG:
        return EXPAND_OK;
    case PASSWORD_DEFER:
        break;
    }
    return EXPAND_FAILED;
}

/* An LDAP server is asked by the lookup type, which may be in a module. */
static enum expand_status test_ldapauth(struct evaluation *ev, const struct condition_node *node,
                                        const struct str *args, bool *yes)
{
    switch (lookup_authenticate("ldap", ev->arena, args[0], ev->err)) {
    case LOOKUP_FOUND:
        *yes = true;
        return EXPAND_OK;
    case LOOKUP_NOT_FOUND:
        return EXPAND_OK;
    case LOOKUP_DEFER:
        return EXPAND_FAILED;
    case LOOKUP_NO_FILE:
        break;
    }
    return evaluate_fail(ev, "support for \"%s\" not compiled", node->row->name);
}

/* --- acl */

static enum expand_status test_acl(struct evaluation *ev, const struct condition_node *node,
                                   const struct str *args, bool *yes)
{
    struct str message;
    enum expand_status status = call_acl(ev, args, node->arg_count, yes, &message);
    if (status == EXPAND_OK)
        ev->scope->value = message;
    return status;
}

/* --- exists */

static enum expand_status test_exists(struct evaluation *ev, const struct condition_node *node,
                                      const struct str *args, bool *yes)
{
    struct stat info;
    (void)node;
    enum expand_status status = evaluate_allowed(ev, SCOPE_FORBID_EXISTS);
    *yes = status == EXPAND_OK && stat(args[0].s, &info) == 0;
    return status;
}

/* --- What Exim has and Gatepost has not */

enum expand_status condition_refuse(struct evaluation *ev, const struct condition_node *node,
                                    const struct str *args, bool *yes)
{
    (void)args, (void)yes;
    return evaluate_fail(ev, "condition \"%s\" is known to Exim but not supported by gatepost",
                         node->row->name);
}

static const struct condition_row rows[] = {
    {"acl", parse_wrapped_operands, 1, 10, test_acl, NULL},
    {"crypteq", parse_password, 2, 2, test_password, NULL},
    {"exists", parse_operands, 1, 1, test_exists, NULL},
    {"inbound_srs", parse_operands, 2, 2, condition_refuse, NULL},
    {"ldapauth", parse_operands, 1, 1, test_ldapauth, NULL},
    {"pam", parse_password, 1, 1, test_password, NULL},
    {"pwcheck", parse_password, 1, 1, test_password, NULL},
    {"radius", parse_password, 1, 1, test_password, NULL},
    {"saslauthd", parse_wrapped_password, 2, 4, test_password, NULL},
};

const struct condition_table condition_access_table = ROWS(rows);
