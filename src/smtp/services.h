/* The services behind expansions (expand/scope.h): where the rooms that provide them are put together. */
#ifndef SMTP_SERVICES_H
#define SMTP_SERVICES_H

#include "acl/acl.h"
#include "expand/scope.h"

/* The constant table: lists, ACLs, named lists, host names. Its ACL service expects scope->owner to
 * point to a struct smtp_acl_owner. */
extern const struct scope_services smtp_services;

/* What runs ACLs for expansions in a scope. */
struct smtp_acl_owner {
    struct acl_context context;
};

/* Readies an owner that belongs to no session (-be): controls and added headers have no effect, nothing
 * is delayed. Sets scope->owner. */
void smtp_acl_owner_init(struct smtp_acl_owner *owner, const struct acl_set *acls, struct scope *scope);

#endif
