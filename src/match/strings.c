/* Items that look at one string: domain and local part lists (manual, 10.9 and 10.22), and what host
 * and address lists have in common with them. */
#include <string.h>

#include "base/arena.h"
#include "expand/regex.h"
#include "match/interfaces.h"
#include "match/walk.h"

static bool same(struct str a, struct str b, bool caseful)
{
    return caseful ? str_eq(a, b) : str_eq_nocase(a, b);
}

static bool is_suffix(struct str subject, struct str suffix, bool caseful)
{
    if (subject.n < suffix.n)
        return false;
    return same((struct str){subject.s + subject.n - suffix.n, suffix.n, false}, suffix, caseful);
}

/* --- Regular expressions */

/* The compiled pattern: kept with items that live long, else among the last few of the process. NULL: it
 * is malformed, which has been logged. */
static const struct regex *compiled(struct matching *m, const struct item *item, bool caseful)
{
    struct error why = ERROR_IN(m->scope->arena);
    struct item_regex *kept = caseful ? NULL : item->regex;
    const struct regex *regex;

    if (kept && kept->caseless)
        return kept->caseless;
    if (kept)
        regex = kept->caseless = regex_compile_for(kept->arena, item->arg, REGEX_LIST_CASELESS, &why);
    else
        regex = regex_cached_for(item->arg, caseful ? REGEX_LIST : REGEX_LIST_CASELESS, &why);
    if (!regex)
        match_panic(m, "%.*s", STR_ARG(why.text));
    return regex;
}

enum found match_regex(struct matching *m, const struct item *item, struct str subject, bool caseful,
                       bool set_captures)
{
    const struct regex *regex = compiled(m, item, caseful);
    struct regex_match match;

    if (!regex)
        return FOUND_DEFER;
    if (!regex_match(regex, subject, 0, false, &match))
        return FOUND_NO;
    if (set_captures) {
        regex_set_captures(m->scope, m->scope->arena, subject, &match);
        m->scope->captures[0] = subject; /* the whole of it, whatever part the pattern is for */
    }
    return FOUND_YES;
}

/* --- One string */

static void set_value(struct matching *m, struct str value, struct str subject)
{
    m->value = value;
    match_set_captures(m, &subject, 1);
}

static enum found match_suffix(struct matching *m, const struct item *item, struct str subject, bool caseful)
{
    if (!is_suffix(subject, item->arg, caseful))
        return FOUND_NO;
    struct str front = str_sub(m->scope->arena, subject, 0, subject.n - item->arg.n);
    match_set_captures(m, (struct str[]){subject, front}, 2);
    m->value = item->text;
    return FOUND_YES;
}

static enum found match_lookup(struct matching *m, const struct item *item, struct str subject)
{
    struct search_parts parts = {0};
    enum found found = match_search(m, item, subject, &parts);

    if (found == FOUND_YES)
        match_set_captures(m, (struct str[]){subject, parts.wild, parts.fixed}, parts.set ? 3 : 1);
    return found;
}

enum found match_string_item(struct matching *m, const struct item *item, struct str subject,
                             struct str original, bool caseful)
{
    enum found found;

    switch (item->type) {
    case ITEM_REGEX:
        found = match_regex(m, item, original, caseful, true);
        if (found == FOUND_YES)
            m->value = item->text;
        return found;
    case ITEM_SUFFIX:
        return match_suffix(m, item, subject, caseful);
    case ITEM_LOOKUP:
        return match_lookup(m, item, subject);
    case ITEM_EMPTY:
    case ITEM_LITERAL:
        if (!same(subject, item->text, caseful))
            return FOUND_NO;
        set_value(m, item->text, subject);
        return FOUND_YES;
    default:
        return FOUND_NO;
    }
}

/* --- Domains and local parts */

/* An address in square brackets that belongs to this host. */
static bool is_local_literal(const struct scope *scope, struct str domain)
{
    struct ip ip;

    return domain.n > 2 && domain.s[0] == '[' && domain.s[domain.n - 1] == ']' &&
           ip_parse((struct str){domain.s + 1, domain.n - 2, false}, &ip) && is_local_interface(scope, &ip);
}

enum found match_domain_item(struct matching *m, const struct item *item)
{
    struct str primary = m->scope->process ? m->scope->process->primary_hostname : STR_NULL;

    switch (item->type) {
    case ITEM_PRIMARY:
        if (!str_eq_nocase(m->folded, primary))
            return FOUND_NO;
        set_value(m, primary, m->folded);
        return FOUND_YES;
    case ITEM_LOCAL_IP:
        if (!is_local_literal(m->scope, m->folded))
            return FOUND_NO;
        set_value(m, item->text, m->folded);
        return FOUND_YES;
    case ITEM_MX:
        return match_mx_item(m, item);
    default:
        /* Case counts only where +caseful stands in front of it in an address list. */
        return match_string_item(m, item, m->folded, m->subject, m->caseful);
    }
}

enum found match_local_part_item(struct matching *m, const struct item *item)
{
    return match_string_item(m, item, m->caseful ? m->subject : m->folded, m->subject, m->caseful);
}
