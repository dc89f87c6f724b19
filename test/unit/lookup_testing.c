/* Looking up with a type itself: see lookup_testing.h. */
#include "lookup_testing.h"

#include "testing.h"

const char *look_up_type(struct temp_files *files, const struct lookup_type *type, const char *options,
                         struct str file, struct str key)
{
    struct arena *arena = files->arena;
    struct error err = ERROR_IN(arena);
    struct search search = {.type = type, .partial = -1, .options = options ? str_of(options) : STR_NULL};
    struct str result;

    if (type->single_key)
        key = str_taint(key);
    switch (search_find(&search, arena, file, key, NULL, NULL, &result, &err)) {
    case LOOKUP_FOUND:
        assert_false(result.tainted);
        assert_int_equal(result.s[result.n], '\0');
        return str_printf(arena, "=%.*s", STR_ARG(result)).s;
    case LOOKUP_NOT_FOUND:
        return "no";
    case LOOKUP_DEFER:
        return str_printf(arena, "defer %.*s", STR_ARG(err.text)).s;
    case LOOKUP_NO_FILE:
        break;
    }
    return str_printf(arena, "nofile %.*s", STR_ARG(err.text)).s;
}
