/* Search styles: [partial[N][(affix)]-]type[*|*@][,options] (manual, 9.6 and 9.7). */
#include <limits.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "lookups/option.h"
#include "lookups/lookup.h"

enum { PARTIAL_DEFAULT = 2, PARTIAL_MOST = 999999 };

static struct str behind(struct str text, size_t n)
{
    return (struct str){text.s + n, text.n - n, text.tainted};
}

/* Reads what follows "partial": the number and the affix. Returns the octets read, 0: malformed. */
static size_t parse_partial(struct arena *arena, struct str text, struct search *search)
{
    size_t i = 0;

    search->partial = PARTIAL_DEFAULT;
    search->affix = STR("*.");
    if (i < text.n && ascii_is_digit(text.s[i]))
        search->partial = 0;
    for (; i < text.n && ascii_is_digit(text.s[i]); i++)
        if (search->partial < PARTIAL_MOST)
            search->partial = search->partial * 10 + (text.s[i] - '0');
    if (i < text.n && text.s[i] == '-')
        return i + 1;
    if (i == text.n || text.s[i] != '(')
        return 0;
    size_t from = ++i;
    while (i < text.n && ascii_is_punct(text.s[i]) && text.s[i] != ')')
        i++;
    if (i == text.n || text.s[i] != ')')
        return 0;
    search->affix = str_copy_n(arena, text.s + from, i - from, false);
    return i + 1;
}

/* Splits the type's name from the default and the options behind it. */
static struct str parse_name(struct arena *arena, struct str text, struct search *search)
{
    ptrdiff_t star = str_find(text, '*'), comma = str_find(text, ',');
    ptrdiff_t end = star >= 0 ? star : comma;

    if (comma >= 0)
        search->options = str_sub(arena, text, (size_t)comma + 1, text.n);
    if (star >= 0) {
        bool at = (size_t)star + 1 < text.n && text.s[star + 1] == '@';
        search->deflt = at ? SEARCH_STAR_AT : SEARCH_STAR;
    }
    return end < 0 ? text : (struct str){text.s, (size_t)end, text.tainted};
}

bool search_parse(struct arena *arena, struct str text, struct search *search, struct error *err)
{
    struct str rest = text, value;

    *search = (struct search){.partial = -1};
    if (str_starts(text, "partial")) {
        rest = behind(text, sizeof "partial" - 1);
        size_t n = parse_partial(arena, rest, search);
        if (n == 0)
            return error_set(err, "format error in lookup type \"%.*s\"", STR_ARG(text));
        rest = behind(rest, n);
    }
    struct str name = parse_name(arena, rest, search);
    search->type = lookup_type_find(name, err);
    if (!search->type)
        return false;
    /* Exim takes them with queries to files, of which they make further queries. */
    bool plain_query = !search->type->single_key && !search->type->default_file;
    if (plain_query && search->partial >= 0)
        return error_set(err, "\"partial\" is not permitted for lookup type \"%.*s\"", STR_ARG(rest));
    if (plain_query && search->deflt != SEARCH_NO_DEFAULT)
        return error_set(err, "defaults using \"*\" or \"*@\" are not permitted for lookup type \"%.*s\"",
                         STR_ARG(rest));
    search->ret_key = lookup_option(search->options, "ret", &value) && str_is(value, "key");
    search->no_cache_read = lookup_option(search->options, "cache", &value) && str_is(value, "no_rd");
    return true;
}
