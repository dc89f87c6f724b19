/* The caller's full name, from the password file (manual, 14: gecos_name). */
#include <pwd.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buffer.h"
#include "expand/expand.h"
#include "expand/regex.h"
#include "main/caller.h"
#include "smtp/services.h"

/* The field of the password file; an ampersand stands for the login name with a capital. */
static struct str gecos_field(struct arena *arena)
{
    struct passwd entry, *found = NULL;
    char scratch[4096];
    struct buffer out = BUFFER_IN(arena);

    if (getpwuid_r(getuid(), &entry, scratch, sizeof scratch, &found) != 0 || !found || !found->pw_gecos)
        return STR("");
    for (const char *p = found->pw_gecos; *p; p++)
        if (*p != '&') {
            buffer_add_char(&out, *p);
        } else {
            buffer_add_char(&out, ascii_upper(*found->pw_name));
            buffer_add_cstr(&out, found->pw_name + (*found->pw_name != '\0'));
        }
    return buffer_str(&out);
}

/* What gecos_name makes of a field that gecos_pattern matches; any other field stays as it is. */
static struct str select_name(struct arena *arena, const struct config *config, const struct scope_process *process,
                              struct str field)
{
    const struct main_options *options = &config->main;
    struct scope scope = {
        .arena = arena, .services = &smtp_services, .lists = config->lists, .process = process};
    struct regex_match match;
    const struct regex *regex;
    struct str name;

    if (str_is_null(options->gecos_pattern) || !options->gecos_name)
        return field;
    regex = regex_compile(arena, options->gecos_pattern, NULL);
    if (!regex || !regex_match(regex, field, 0, false, &match))
        return field;
    regex_set_captures(&scope, arena, field, &match);
    return expand(&scope, options->gecos_name, arena, &name, NULL) == EXPAND_OK ? name : field;
}

struct str caller_full_name(struct arena *arena, const struct config *config, const struct scope_process *process)
{
    return select_name(arena, config, process, gecos_field(arena));
}
