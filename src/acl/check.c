/* Checking ACLs without running them: what their strings and lists would say when they are reached. */
#include "acl/compiled.h"
#include "base/complaint.h"

static void check_call(const struct acl_call *call, const struct complaints *complaints)
{
    template_complain(call->name, complaints);
    for (unsigned i = 0; i < call->nargs; i++)
        template_complain(call->args[i], complaints);
}

static void check_item(const struct acl_item *item, const struct named_lists *named, const struct complaints *complaints)
{
    switch (item->kind->argument) {
    case ARGUMENT_NONE:
        break;
    case ARGUMENT_VALUE:
    case ARGUMENT_VARIABLE:
    case ARGUMENT_MESSAGE:
        template_complain(item->u.value, complaints);
        break;
    case ARGUMENT_LIST:
        list_complain(item->u.list, named, complaints);
        break;
    case ARGUMENT_CALL:
        check_call(item->u.call, complaints);
        break;
    }
}

static void check_acl(const struct acl *acl, const struct named_lists *named, const struct acl_complaints *complaints)
{
    for (size_t i = 0; i < acl->n; i++)
        for (size_t j = 0; j < acl->statements[i].n; j++) {
            const struct acl_item *item = &acl->statements[i].items[j];

            complaints->begin(complaints->sink.ctx, acl->name, item->kind->name);
            check_item(item, named, &complaints->sink);
        }
}

void acl_complain(const struct acl_set *set, const struct named_lists *named, const struct acl_complaints *complaints)
{
    for (size_t i = 0; i < acl_count(set); i++)
        check_acl(acl_at(set, i), named, complaints);
}
