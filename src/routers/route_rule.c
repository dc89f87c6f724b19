/* Routing rules: see route_rule.h. */
#include "routers/route_rule.h"

#include "base/ascii.h"
#include "base/quoted.h"

static const char *skip_space(const char *p, const char *end)
{
    while (p < end && ascii_is_space(*p))
        p++;
    return p;
}

/* The next part: quoted, or up to white space. *p moves behind it. */
static struct str next_part(struct arena *arena, struct str text, const char **p)
{
    const char *end = text.s + text.n, *from = skip_space(*p, end);
    struct str part;

    *p = from;
    if (from < end && *from == '"') {
        part = quoted_read(arena, p, end);
        part.tainted |= text.tainted;
        return part;
    }
    while (*p < end && !ascii_is_space(**p))
        (*p)++;
    return str_copy_n(arena, from, (size_t)(*p - from), text.tainted);
}

static void read_rest(struct arena *arena, struct str text, const char *p, struct source_pos where,
                      struct route_rule *rule)
{
    rule->hosts = template_compile(arena, next_part(arena, text, &p), where);
    rule->options = str_trim(arena, str_copy_n(arena, p, (size_t)(text.s + text.n - p), text.tainted));
}

void route_rule_read(struct arena *arena, struct str text, struct source_pos where, struct route_rule *rule)
{
    const char *p = text.s;
    struct str pattern = next_part(arena, text, &p);

    /* A list of one: no colon in the pattern separates anything. */
    rule->pattern = list_compile(arena, LIST_DOMAIN, str_join(arena, STR("<\001"), pattern), where);
    read_rest(arena, text, p, where, rule);
}

void route_rule_read_data(struct arena *arena, struct str text, struct source_pos where, struct route_rule *rule)
{
    rule->pattern = NULL;
    read_rest(arena, text, text.s, where, rule);
}
