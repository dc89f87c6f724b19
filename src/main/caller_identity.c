/* The login name and the full name behind the process, from the password file (manual, 14: gecos_name, unknown_login). */
#include <pwd.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buffer.h"
#include "base/log.h"
#include "expand/expand.h"
#include "expand/regex.h"
#include "main/caller.h"

/* The field of the password file; its first ampersand stands for the login name with a capital. */
static struct str gecos_field(struct arena *arena, const struct passwd *entry)
{
    struct str field = str_of(entry->pw_gecos ? entry->pw_gecos : "");
    ptrdiff_t ampersand = str_find(field, '&');
    struct buffer out = BUFFER_IN(arena);

    if (ampersand < 0 || *entry->pw_name == '\0')
        return str_copy(arena, field);
    buffer_add_n(&out, field.s, (size_t)ampersand);
    buffer_add_char(&out, ascii_upper(*entry->pw_name));
    buffer_add_cstr(&out, entry->pw_name + 1);
    buffer_add_cstr(&out, field.s + ampersand + 1);
    return buffer_str(&out);
}

/* What gecos_name makes of a field that gecos_pattern matches; any other field stays as it is. */
static struct str select_name(const struct program *program, struct str field)
{
    const struct main_options *options = &program->config->main;
    struct scope scope = program_scope(program, program->arena);
    struct regex_match match;
    const struct regex *regex;
    struct str name;

    if (str_is_null(options->gecos_pattern) || !options->gecos_name)
        return field;
    regex = regex_compile(program->arena, options->gecos_pattern, NULL);
    if (!regex || !regex_match(regex, field, 0, false, &match))
        return field;
    regex_set_captures(&scope, program->arena, field, &match);
    return expand(&scope, options->gecos_name, program->arena, &name, NULL) == EXPAND_OK ? name : field;
}

/* Somebody whom the password file does not have: what unknown_login says. */
static bool identify_unknown(struct program *program)
{
    const struct main_options *options = &program->config->main;
    struct scope scope = program_scope(program, program->arena);
    struct error why = ERROR_IN(program->arena);

    program->caller_name = options->unknown_username;
    if (options->unknown_login &&
        expand(&scope, options->unknown_login, program->arena, &program->caller_login, &why) == EXPAND_OK)
        return true;
    log_write(LOG_MAIN | LOG_PANIC, "Failed to get user name for uid %lu%s%.*s", (unsigned long)getuid(),
              str_is_null(why.text) ? "" : ": unknown_login: ", STR_ARG(why.text));
    return false;
}

bool caller_identify(struct program *program)
{
    const struct passwd *entry = getpwuid(getuid());

    if (entry) {
        program->caller_login = str_copy(program->arena, str_of(entry->pw_name));
        program->caller_name = select_name(program, gecos_field(program->arena, entry));
    } else if (!identify_unknown(program)) {
        return false;
    }
    if (program->cl->full_name)
        program->caller_name = str_of(program->cl->full_name);
    return true;
}
