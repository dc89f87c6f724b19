/* The environment: nothing of the caller's survives unless the configuration names it. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "main/environment.h"

#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/strlist.h"

extern char **environ;

/* A pattern is a regular expression, a name that begins with an asterisk, or a name. */
static bool matches(struct str pattern, struct str name, bool *matched, struct error *err)
{
    pcre2_code *code;
    pcre2_match_data *data;
    int number;
    PCRE2_SIZE offset;

    if (str_starts(pattern, "*")) {
        *matched = str_ends(name, pattern.s + 1);
        return true;
    }
    if (!str_starts(pattern, "^")) {
        *matched = str_eq(pattern, name);
        return true;
    }
    code = pcre2_compile((PCRE2_SPTR)pattern.s, pattern.n, 0, &number, &offset, NULL);
    if (!code) {
        PCRE2_UCHAR text[128];

        pcre2_get_error_message(number, text, sizeof text);
        return error_set(err, "regular expression error in keep_environment: %s at offset %zu while compiling %.*s",
                         (const char *)text, offset, STR_ARG(pattern));
    }
    data = pcre2_match_data_create_from_pattern(code, NULL);
    *matched = pcre2_match(code, (PCRE2_SPTR)name.s, name.n, 0, 0, data, NULL) >= 0;
    pcre2_match_data_free(data);
    pcre2_code_free(code);
    return true;
}

/* The first item that fits decides; behind a last item with `!` everything else is kept. */
static bool kept(struct arena *arena, struct str keep, struct str name, bool *yes, struct error *err)
{
    struct strlist it;
    struct str item;

    *yes = false;
    strlist_begin(&it, keep, ':');
    while (strlist_next(&it, arena, &item)) {
        bool negated = str_starts(item, "!"), matched = false;

        if (negated)
            item = str_trim(arena, str_sub(arena, item, 1, item.n));
        if (!matches(item, name, &matched, err))
            return false;
        if (matched) {
            *yes = !negated;
            return true;
        }
        *yes = negated;
    }
    return true;
}

static bool remove_others(struct arena *arena, struct str keep, bool *purged, struct error *err)
{
    char **p = environ;

    while (p && *p) {
        const char *equals = strchr(*p, '=');
        struct str name = str_copy_n(arena, *p, equals ? (size_t)(equals - *p) : strlen(*p), false);
        bool keeping;

        if (!kept(arena, keep, name, &keeping, err))
            return false;
        if (keeping) {
            p++;
            continue;
        }
        *purged = true;
        if (str_is_empty(name) || unsetenv(name.s) != 0)
            p++;
    }
    return true;
}

bool environment_clean(struct arena *arena, struct str keep, struct str add, bool *purged, struct error *err)
{
    struct strlist it;
    struct str item;

    *purged = false;
    if (str_is_empty(keep)) {
        *purged = environ && *environ;
        clearenv();
    } else if (!remove_others(arena, keep, purged, err)) {
        return false;
    }
    strlist_begin(&it, add, ':');
    while (strlist_next(&it, arena, &item)) {
        ptrdiff_t equals = str_find(item, '=');

        if (equals <= 0)
            return error_set(err, "add_environment: \"%.*s\" is not of the form name=value", STR_ARG(item));
        setenv(str_sub(arena, item, 0, (size_t)equals).s, item.s + equals + 1, 1);
    }
    return true;
}
