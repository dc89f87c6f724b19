/* What the pipe transport runs (manual, 29.3 and 29.4): see pipe.h. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/strlist.h"
#include "config/config.h"
#include "expand/expand.h"
#include "transports/pipe.h"

static bool expand_option(struct pipe_run *run, const struct template *t, const char *name, struct str *value,
                          struct error *err)
{
    struct error why = ERROR_IN(run->delivery->arena);

    *value = STR("");
    if (!t || expand(run->delivery->scope, t, run->delivery->arena, value, &why) == EXPAND_OK)
        return true;
    return error_set(err, "%s option for %.*s transport failed to expand: %.*s", name,
                     STR_ARG(run->delivery->transport->instance.name), STR_ARG(why.text));
}

/* --- The environment */

struct environment {
    struct arena *arena;
    char **v;
    size_t n;
};

static void set(struct environment *e, const char *name, struct str value)
{
    e->v = arena_grow(e->arena, e->v, (e->n + 1) * sizeof *e->v, (e->n + 2) * sizeof *e->v);
    e->v[e->n++] = (char *)str_printf(e->arena, "%s=%.*s", name, STR_ARG(value)).s;
}

static bool make_environment(struct pipe_run *run, struct str path, struct error *err)
{
    struct delivery *d = run->delivery;
    const struct scope *scope = d->scope;
    const struct mail_recipient *r = d->recipients;
    struct environment e = {.arena = d->arena, .v = ARENA_ARRAY(d->arena, char *, 1)};
    struct str added, item;
    struct strlist list;

    set(&e, "LOCAL_PART", scope->address->local_part);
    set(&e, "LOGNAME", scope->address->local_part);
    set(&e, "USER", scope->address->local_part);
    set(&e, "LOCAL_PART_PREFIX", r->prefix);
    set(&e, "LOCAL_PART_SUFFIX", r->suffix);
    set(&e, "DOMAIN", scope->address->domain);
    set(&e, "HOME", scope->address->home);
    set(&e, "MESSAGE_ID", scope->message->message_id);
    set(&e, "PATH", path);
    set(&e, "RECIPIENT", r->target == TARGET_ADDRESS ? r->address : mail_recipient_top(r)->address);
    set(&e, "QUALIFY_DOMAIN", scope->process->qualify_domain);
    set(&e, "SENDER", scope->message->sender_address);
    set(&e, "SHELL", STR("/bin/sh"));
    if (!str_is_empty(scope->address->host))
        set(&e, "HOST", scope->address->host);
    if (!str_is_empty(d->config->main.timezone))
        set(&e, "TZ", d->config->main.timezone);
    if (!expand_option(run, run->config->environment, "environment", &added, err))
        return false;
    strlist_begin(&list, added, ':');
    while (strlist_next(&list, d->arena, &item)) {
        ptrdiff_t equals = str_find(item, '=');

        if (equals > 0)
            set(&e, str_sub(d->arena, item, 0, (size_t)equals).s,
                str_sub(d->arena, item, (size_t)equals + 1, item.n));
    }
    run->envp = e.v;
    return true;
}

/* --- The command */

static bool is_listed(struct pipe_run *run, struct str list, const char *command)
{
    struct strlist it;
    struct str item;

    strlist_begin(&it, list, ':');
    while (strlist_next(&it, run->delivery->arena, &item))
        if (str_is(item, command))
            return true;
    return false;
}

/* allow_commands and restrict_to_path. */
static bool is_permitted(struct pipe_run *run, const char *command, enum mail_result *result, struct error *err)
{
    struct str allowed;

    if (!run->config->allow_commands && !run->config->restrict_to_path)
        return true;
    if (!expand_option(run, run->config->allow_commands, "allow_commands", &allowed, err))
        return false;
    if (is_listed(run, allowed, command))
        return true;
    *result = MAIL_FAIL;
    if (run->config->restrict_to_path)
        return !strchr(command, '/') ||
               error_set(err, "\"/\" found in \"%s\" (command for %.*s transport) - failed for security reasons", command,
                         STR_ARG(run->delivery->transport->instance.name));
    return error_set(err, "\"%s\" command not permitted by %.*s transport", command,
                     STR_ARG(run->delivery->transport->instance.name));
}

/* The first of that name on the path that can be run. */
static bool find_on_path(struct pipe_run *run, struct str path, struct error *err)
{
    struct strlist it;
    struct str directory;

    if (run->argv[0][0] == '/')
        return true;
    strlist_begin(&it, path, ':');
    while (strlist_next(&it, run->delivery->arena, &directory)) {
        struct str full = str_printf(run->delivery->arena, "%.*s/%s", STR_ARG(directory), run->argv[0]);

        if (access(full.s, F_OK) == 0) {
            run->argv[0] = (char *)full.s;
            return true;
        }
    }
    return error_set(err, "\"%s\" command not found for %.*s transport", run->argv[0],
                     STR_ARG(run->delivery->transport->instance.name));
}

/* What redirection gave is not expanded: it comes from a person's file, not from the configuration. */
static struct str command_text(const struct pipe_run *run, bool *expand_it)
{
    const struct mail_recipient *r = run->delivery->recipients;

    *expand_it = r->target != TARGET_PIPE || run->config->force_command;
    return *expand_it ? run->config->command : run->delivery->scope->address->address_pipe;
}

static bool use_shell(struct pipe_run *run, struct str text, bool expand_it, struct error *err)
{
    struct error why = ERROR_IN(run->delivery->arena);

    if (expand_it && expand_string(run->delivery->scope, text, run->delivery->arena, &text, &why) != EXPAND_OK)
        return error_set(err, "Expansion of command \"%.*s\" in %.*s transport failed: %.*s", STR_ARG(text),
                         STR_ARG(run->delivery->transport->instance.name), STR_ARG(why.text));
    run->argv = ARENA_ARRAY(run->delivery->arena, char *, 4);
    run->argv[0] = (char *)"/bin/sh";
    run->argv[1] = (char *)"-c";
    run->argv[2] = (char *)text.s;
    return true;
}

bool pipe_command(struct pipe_run *run, enum mail_result *result, struct error *err)
{
    struct str text, path;
    bool expand_it;

    *result = MAIL_DEFER;
    text = command_text(run, &expand_it);
    if (str_is_empty(text)) {
        *result = MAIL_PANIC;
        return error_set(err, "no command specified for %.*s transport", STR_ARG(run->delivery->transport->instance.name));
    }
    if (!expand_option(run, run->config->path, "path", &path, err) || !make_environment(run, path, err))
        return false;
    if (run->config->use_shell)
        return use_shell(run, text, expand_it, err);
    run->argv = transport_command(run->delivery, text, expand_it, err);
    if (!run->argv) {
        *result = MAIL_PANIC;
        return false;
    }
    if (!is_permitted(run, run->argv[0], result, err))
        return false;
    *result = MAIL_FAIL;
    return find_on_path(run, path, err);
}
