/* The services behind expansions: see services.h. */
#include "smtp/services.h"

#include "match/list.h"
#include "smtp/host_name.h"
#include "smtp/outgoing_tls.h"

static enum match_result run_acl(struct scope *scope, struct str name, const struct str *args, unsigned nargs,
                                 struct str *message, struct error *err)
{
    struct smtp_acl_owner *owner = scope->owner;

    if (!owner) {
        error_set(err, "no ACLs can be run here");
        return MATCH_ERROR;
    }
    return acl_run_named(&owner->context, name, args, nargs, message, err);
}

const struct scope_services smtp_services = {
    .match = list_match_text,
    .acl = run_acl,
    .named_list = list_named_text,
    .find_host_name = smtp_find_host_name,
    .tls = smtp_outgoing_tls,
};

/* --- Without a session */

static bool ignore_control(void *owner, const struct acl_control *control, struct str parameter,
                           struct error *err)
{
    (void)owner;
    (void)control;
    (void)parameter;
    (void)err;
    return true;
}

static void ignore_header(void *owner, struct str header)
{
    (void)owner;
    (void)header;
}

static void ignore_delay(void *owner, int seconds)
{
    (void)owner;
    (void)seconds;
}

static struct str no_prefix(void *owner, struct arena *arena)
{
    (void)owner;
    (void)arena;
    return STR("");
}

static const struct acl_host no_session = {
    .control = ignore_control,
    .add_header = ignore_header,
    .remove_header = ignore_header,
    .delay = ignore_delay,
    .log_prefix = no_prefix,
};

void smtp_acl_owner_init(struct smtp_acl_owner *owner, const struct acl_set *acls, struct scope *scope)
{
    owner->context = (struct acl_context){
        .acls = acls,
        .scope = scope,
        .host = &no_session,
        .where = ACL_WHERE_UNKNOWN,
        .recipient = STR_NULL,
        .arena = scope->arena,
    };
    scope->owner = owner;
}
