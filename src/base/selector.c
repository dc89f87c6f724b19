/* Settings made of names with plus and minus in front: see selector.h. */
#include "base/selector.h"

#include "base/ascii.h"

/* The bits of a name; 0: there is no such name. */
static uint64_t bits_of(const struct selector_set *set, bool on, struct str name)
{
    if (str_is(name, "all"))
        return on ? set->all : UINT64_MAX;
    for (size_t i = 0; i < set->n; i++)
        if (str_is(name, set->names[i]))
            return (uint64_t)1 << i;
    return 0;
}

bool selector_parse(const struct selector_set *set, struct str text, uint64_t *bits, struct error *err)
{
    uint64_t result = *bits;
    size_t i = 0;

    for (;;) {
        while (i < text.n && ascii_is_space(text.s[i]))
            i++;
        if (i == text.n)
            break;
        struct str rest = {text.s + i, text.n - i, text.tainted};
        if (rest.s[0] == '=' && i == 0)
            return error_set(err, "malformed numeric %s setting: %.*s", set->setting, STR_ARG(rest));
        if (rest.s[0] != '+' && rest.s[0] != '-')
            return error_set(err, "malformed %s setting: + or - expected but found \"%.*s\"", set->setting,
                             STR_ARG(rest));
        size_t n = 1;
        while (n < rest.n && (ascii_is_alnum(rest.s[n]) || rest.s[n] == '_'))
            n++;
        bool on = rest.s[0] == '+';
        uint64_t named = bits_of(set, on, (struct str){rest.s + 1, n - 1, text.tainted});
        if (named == 0)
            return error_set(err, "unknown %s setting: %.*s", set->setting, (int)n, rest.s);
        result = on ? result | named : result & ~named;
        i += n;
    }
    *bits = result;
    return true;
}
