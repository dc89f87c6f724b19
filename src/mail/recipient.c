/* Recipients: see recipient.h. */
#include "mail/recipient.h"

#include "base/arena.h"

static struct str part(struct str address, size_t from, size_t to)
{
    return (struct str){address.s + from, to - from, address.tainted};
}

/* The at sign before the domain; a quoted local part may have others. */
static void split(struct arena *arena, struct mail_recipient *recipient, struct str address)
{
    ptrdiff_t at = str_rfind(address, '@');
    size_t end = at < 0 ? address.n : (size_t)at;

    recipient->caseful_local_part = str_copy(arena, part(address, 0, end));
    recipient->lower_local_part = str_lower(arena, recipient->caseful_local_part);
    recipient->local_part = recipient->lower_local_part;
    recipient->domain = at < 0 ? STR("") : str_lower(arena, part(address, end + 1, address.n));
}

static struct mail_recipient *make(struct arena *arena, struct str address, enum mail_target target)
{
    struct mail_recipient *recipient = ARENA_NEW(arena, struct mail_recipient);

    recipient->address = str_copy(arena, address);
    recipient->unique = recipient->address;
    recipient->target = target;
    recipient->one_time_parent = -1;
    recipient->properties.errors_address = STR_NULL;
    recipient->return_path = STR_NULL;
    recipient->local_user_uid = (uid_t)-1;
    recipient->local_user_gid = (gid_t)-1;
    if (target == TARGET_ADDRESS)
        split(arena, recipient, recipient->address);
    else
        recipient->local_part = recipient->caseful_local_part = recipient->lower_local_part = recipient->address;
    return recipient;
}

struct mail_recipient *mail_recipient_new(struct arena *arena, struct str address)
{
    return make(arena, address, TARGET_ADDRESS);
}

struct mail_recipient *mail_recipient_child(struct arena *arena, struct mail_recipient *parent, struct str address,
                                            enum mail_target target)
{
    struct mail_recipient *child = make(arena, address, target);

    child->parent = parent;
    child->properties = parent->properties;
    child->dsn_flags = parent->dsn_flags;
    child->dsn_orcpt = parent->dsn_orcpt;
    return child;
}

const struct mail_recipient *mail_recipient_top(const struct mail_recipient *recipient)
{
    while (recipient->parent)
        recipient = recipient->parent;
    return recipient;
}
