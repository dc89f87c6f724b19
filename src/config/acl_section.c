/* `begin acl`: the lines of every ACL, kept for the compiler of ACLs. */
#include "base/arena.h"
#include "config/reading.h"
#include "config/text.h"

/* The name of an ACL that a line begins with, in front of a colon. False: it begins with none. */
static bool acl_name(struct str line, struct str *name, struct str *rest)
{
    *name = text_word(line);
    *rest = text_skip_space(text_from(line, name->n));
    if (name->n == 0 || !ascii_is_alpha(*name->s) || rest->n == 0 || *rest->s != ':')
        return false;
    *rest = text_skip_space(text_from(*rest, 1));
    return true;
}

static bool begin_acl(struct reading *r, struct str name)
{
    struct config *config = r->config;

    for (size_t i = 0; i < config->acl_count; i++)
        if (str_eq(config->acls[i].name, name))
            return reading_error(r, "there are two ACLs called \"%.*s\"", STR_ARG(name));
    if (config->acl_count == r->acl_capacity) {
        size_t capacity = r->acl_capacity ? 2 * r->acl_capacity : 16;

        config->acls = arena_grow(r->arena, config->acls, r->acl_capacity * sizeof *config->acls,
                                  capacity * sizeof *config->acls);
        r->acl_capacity = capacity;
    }
    r->acl = &config->acls[config->acl_count++];
    *r->acl = (struct acl_source){.name = str_copy(r->arena, name), .where = lines_pos(&r->lines)};
    return true;
}

static bool acl_line(struct reading *r, struct str line)
{
    struct str name, rest;

    if (!acl_name(line, &name, &rest)) {
        if (!reading_name(r, line, &name))
            return false;
        if (!r->acl)
            return reading_error(r, "missing or malformed ACL name");
        reading_keep_line(r, &r->acl->lines, line);
        return true;
    }
    if (!reading_name(r, name, &name) || !begin_acl(r, name))
        return false;
    if (rest.n > 0)
        reading_keep_line(r, &r->acl->lines, rest);
    return true;
}

static bool acl_end(struct reading *r)
{
    r->acl = NULL;
    return true;
}

const struct section acl_section = {
    .name = "acl",
    .takes_macros = true,
    .line = acl_line,
    .item_end = acl_end,
};
