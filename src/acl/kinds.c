/* The table of conditions and modifiers (manual, 44.21 and 44.26): what each takes, where it may be used,
 * and the function that does it. Adding one is adding a row. */
#include "acl/kinds.h"

#include <stdlib.h>

#include "acl/control.h"
#include "base/arena.h"

#define NOT_AT(places) (ACL_ANYWHERE & ~(places))

/* Where the sender is known. */
#define WITH_SENDER (ACL_RECEIVING | ACL_AT(NOTQUIT))
/* Where one recipient address is at hand. */
#define WITH_ADDRESS (ACL_AT(RCPT) | ACL_AT(VRFY) | ACL_AT(PRDR))

#define CONDITION .modifier = false
#define MODIFIER .modifier = true
#define REFUSED .refused = true
#define VALUE .argument = ARGUMENT_VALUE
#define MESSAGE .argument = ARGUMENT_MESSAGE
#define LIST_OF(kind) .argument = ARGUMENT_LIST, .list = LIST_##kind

/* In the order of strcmp(). */
static const struct acl_kind kinds[] = {
    {"acl", CONDITION, .argument = ARGUMENT_CALL, .allowed = ACL_ANYWHERE, .check = acl_check_nested},
    {"add_header", MODIFIER, VALUE, .allowed = ACL_RECEIVING, .check = acl_do_add_header},
    {"authenticated", CONDITION, LIST_OF(DOMAIN),
     .allowed = NOT_AT(ACL_AT(CONNECT) | ACL_AT(HELO) | ACL_NON_SMTP), .check = acl_check_authenticated},
    {"condition", CONDITION, VALUE, .allowed = ACL_ANYWHERE, .check = acl_check_condition},
    {"continue", MODIFIER, VALUE, .allowed = ACL_ANYWHERE, .check = acl_do_continue},
    {"control", MODIFIER, VALUE, .allowed = ACL_ANYWHERE, .inspect = acl_control_inspect,
     .check = acl_do_control},
    {"dcc", CONDITION, REFUSED},
    {"decode", CONDITION, REFUSED},
    {"delay", MODIFIER, VALUE, .allowed = NOT_AT(ACL_AT(NOTQUIT)), .check = acl_do_delay},
    {"dkim_signers", CONDITION, REFUSED},
    {"dkim_status", CONDITION, REFUSED},
    {"dmarc_status", CONDITION, REFUSED},
    {"dnslists", CONDITION, VALUE, .allowed = NOT_AT(ACL_NON_SMTP), .check = acl_check_dnslists},
    {"domains", CONDITION, LIST_OF(DOMAIN), .allowed = WITH_ADDRESS,
     .check = acl_check_domains},
    {"encrypted", CONDITION, LIST_OF(DOMAIN),
     .allowed = NOT_AT(ACL_AT(HELO) | ACL_NON_SMTP), .check = acl_check_encrypted},
    {"endpass", MODIFIER, .argument = ARGUMENT_NONE, .allowed = ACL_ANYWHERE, .check = acl_do_endpass},
    {"hosts", CONDITION, LIST_OF(HOST), .allowed = NOT_AT(ACL_NON_SMTP),
     .check = acl_check_hosts},
    {"local_parts", CONDITION, LIST_OF(LOCAL_PART), .allowed = WITH_ADDRESS,
     .check = acl_check_local_parts},
    {"log_message", MODIFIER, MESSAGE, .allowed = ACL_ANYWHERE, .check = acl_do_log_message},
    {"log_reject_target", MODIFIER, VALUE, .allowed = ACL_ANYWHERE,
     .check = acl_do_log_reject_target},
    {"logwrite", MODIFIER, VALUE, .allowed = ACL_ANYWHERE, .check = acl_do_logwrite},
    {"malware", CONDITION, REFUSED},
    {"message", MODIFIER, MESSAGE, .allowed = ACL_ANYWHERE, .check = acl_do_message},
    {"mime_regex", CONDITION, REFUSED},
    {"queue", MODIFIER, VALUE,
     .allowed = NOT_AT(ACL_AT(DATA) | ACL_AT(MIME) | ACL_AT(DKIM) | ACL_AT(PRDR) | ACL_AT(NOTSMTP)),
     .check = acl_do_queue},
    {"ratelimit", CONDITION, VALUE, .allowed = ACL_ANYWHERE, .check = acl_check_ratelimit},
    {"recipients", CONDITION, LIST_OF(ADDRESS), .allowed = ACL_AT(RCPT),
     .check = acl_check_recipients},
    {"regex", CONDITION, REFUSED},
    {"remove_header", MODIFIER, VALUE, .allowed = ACL_RECEIVING & ~ACL_AT(DKIM),
     .check = acl_do_remove_header},
    {"seen", CONDITION, VALUE, .allowed = ACL_ANYWHERE, .check = acl_check_seen},
    {"sender_domains", CONDITION, LIST_OF(DOMAIN), .allowed = WITH_SENDER,
     .check = acl_check_sender_domains},
    {"senders", CONDITION, LIST_OF(ADDRESS), .allowed = WITH_SENDER,
     .check = acl_check_senders},
    {"set", MODIFIER, .argument = ARGUMENT_VARIABLE, .allowed = ACL_ANYWHERE, .check = acl_do_set},
    {"spam", CONDITION, REFUSED},
    {"spf", CONDITION, REFUSED},
    {"spf_guess", CONDITION, REFUSED},
    {"udpsend", MODIFIER, VALUE, .allowed = ACL_ANYWHERE, .check = acl_do_udpsend},
    {"verify", CONDITION, VALUE, .allowed = ACL_ANYWHERE, .inspect = acl_verify_inspect,
     .check = acl_check_verify},
};

static int compare(const void *key, const void *row)
{
    const struct acl_kind *kind = row;

    return str_cmp(*(const struct str *)key, str_of(kind->name));
}

const struct acl_kind *acl_kind_find(struct str name)
{
    return bsearch(&name, kinds, sizeof kinds / sizeof *kinds, sizeof *kinds, compare);
}

const char *const *acl_macro_names(struct arena *arena)
{
    const char **names = ARENA_ARRAY(arena, const char *, sizeof kinds / sizeof *kinds + 1);
    size_t n = 0;

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!kinds[i].refused)
            names[n++] = str_upper(arena, str_printf(arena, "_acl_%s_%s", kinds[i].modifier ? "mod" : "cond",
                                                     kinds[i].name)).s;
    return names;
}

void acl_unsupported(void (*each)(void *ctx, const char *kind, const char *name), void *ctx)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].refused)
            each(ctx, kinds[i].modifier ? "modifier" : "condition", kinds[i].name);
    acl_control_unsupported(each, ctx);
    acl_verify_unsupported(each, ctx);
}
