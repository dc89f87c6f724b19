/* The end of the main options: defaults, the host's name, what is expanded once, checks across options. */
#include <limits.h>
#include <netdb.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/arena.h"
#include "base/log.h"
#include "config/reading.h"

/* localhost_number may be at most this (manual, 14). */
enum { HOST_NUMBER_MAX = 16 };

static bool names_host(const struct hostent *entry, const char *name)
{
    if (strcmp(entry->h_name, name) == 0)
        return true;
    for (char **alias = entry->h_aliases; *alias; alias++)
        if (strcmp(*alias, name) == 0)
            return true;
    return false;
}

static const char *dotted_name(const struct hostent *entry)
{
    if (strchr(entry->h_name, '.'))
        return entry->h_name;
    for (char **alias = entry->h_aliases; *alias; alias++)
        if (strchr(*alias, '.'))
            return *alias;
    return NULL;
}

/* The host's name as uname() has it; when that has no dot, a longer form of it from the hosts file, the one
 * source that never makes anybody wait. */
static struct str host_name(struct arena *arena)
{
    struct utsname names;
    struct str name = STR_NULL;
    struct hostent *entry;

    if (uname(&names) < 0)
        return STR("localhost");
    if (strchr(names.nodename, '.'))
        return str_copy(arena, str_of(names.nodename));
    sethostent(1);
    while (str_is_null(name) && (entry = gethostent()) != NULL)
        if (names_host(entry, names.nodename))
            name = str_copy(arena, str_of(dotted_name(entry)));
    endhostent();
    return str_is_null(name) ? str_copy(arena, str_of(names.nodename)) : name;
}

/* Without exim_group, and none in the build, the user's own group. */
static void set_group(struct main_options *main)
{
    const struct passwd *user;

    if (main->exim_group.set || !main->exim_user.set || !(user = getpwuid(main->exim_user.id)))
        return;
    main->exim_group = (struct option_id){.id = user->pw_gid, .set = true};
}

static void set_names(struct reading *r)
{
    struct main_options *main = &r->config->main;

    if (str_is_null(main->primary_hostname))
        main->primary_hostname = host_name(r->arena);
    if (str_is_null(main->qualify_domain))
        main->qualify_domain = main->primary_hostname;
    if (str_is_null(main->qualify_recipient))
        main->qualify_recipient = main->qualify_domain;
    set_group(main);
    r->process.primary_hostname = main->primary_hostname;
    r->process.qualify_domain = main->qualify_domain;
    r->process.qualify_recipient = main->qualify_recipient;
    r->process.version_number = main->exim_version;
    r->process.exim_path = main->exim_path;
    r->process.exim_uid = main->exim_user.id;
    r->process.exim_gid = main->exim_group.id;
}

/* Replaces the value of an option that is expanded once. */
static bool expand_option(struct reading *r, const char *name, struct str *value)
{
    struct error why = ERROR_IN(r->arena);
    struct str text = *value;

    if (str_is_empty(text) || reading_expand(r, text, value, &why))
        return true;
    return error_set(r->err, "failed to expand %s \"%.*s\": %.*s", name, STR_ARG(text), STR_ARG(why.text));
}

static bool set_host_number(struct reading *r)
{
    struct str text = r->config->main.localhost_number;
    char *end;
    long number;

    r->config->host_number = -1;
    if (str_is_empty(text))
        return true;
    if (!expand_option(r, "localhost_number", &text))
        return false;
    number = strtol(text.s, &end, 0);
    if (text.n == 0 || end != text.s + text.n)
        return reading_error_framed(r, "localhost_number value is not a number: %.*s", STR_ARG(text));
    if (number > HOST_NUMBER_MAX)
        return reading_error_framed(r, "localhost_number is greater than the maximum allowed value (%d)",
                                    HOST_NUMBER_MAX);
    if (number < 0)
        return reading_error_framed(r, "localhost_number value is negative: %.*s", STR_ARG(text));
    r->config->host_number = (int)number;
    return true;
}

bool main_options_finish(struct reading *r)
{
    struct main_options *main = &r->config->main;
    struct setting_table table = {.base = main, .seen = r->main_seen};
    struct error why = ERROR_IN(r->arena);

    table.options = main_option_table(&table.count);
    if (!settings_finish(r, &table))
        return false;
    set_names(r);
    if (!expand_option(r, "spool_directory", &main->spool_directory))
        return false;
    r->process.spool_directory = main->spool_directory;
    if (!expand_option(r, "log_file_path", &main->log_file_path) ||
        !expand_option(r, "pid_file_path", &main->pid_file_path))
        return false;
    if (main->mua_wrapper) { /* what that means for other options (manual, chapter 52) */
        main->deliver_drop_privilege = true;
        main->remote_max_parallel = 1;
    }
    if (str_is_empty(main->spool_directory))
        return error_set(r->err, "spool_directory undefined: cannot proceed");
    if (!log_selector_parse(main->log_selector, &r->config->log_selectors, &why))
        return reading_error_framed(r, "%.*s", STR_ARG(why.text));
    return set_host_number(r);
}
