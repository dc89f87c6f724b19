/* Checking a user's password with a lookup type (manual, 11.7: ldapauth), and the name of the entry that an LDAP
 * lookup found last: see lookup.h. */
#include "base/arena.h"
#include "lookups/lookup.h"

enum lookup_status lookup_authenticate(const char *name, struct arena *arena, struct str query, struct error *err)
{
    const struct lookup_type *type = lookup_type_find(str_of(name), err);
    enum lookup_status status;
    void *handle;

    if (!type || !type->authenticate)
        return LOOKUP_NO_FILE;
    handle = type->open(STR_NULL, err);
    if (!handle)
        return LOOKUP_DEFER;
    status = type->authenticate(handle, arena, query, err);
    type->close(handle);
    return status;
}

/* A part of the process's state like the results that lookups keep. */
static struct {
    struct arena *arena;
    struct str name;
} last_entry;

void lookup_set_ldap_dn(struct str name)
{
    if (!last_entry.arena)
        last_entry.arena = arena_new(ARENA_PLAIN);
    arena_reset(last_entry.arena);
    last_entry.name = str_copy(last_entry.arena, name);
}

struct str lookup_ldap_dn(void)
{
    return last_entry.name;
}
