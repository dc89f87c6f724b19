/* What all sessions share: prepared once, so that a session has nothing to parse. */
#include "smtp/settings.h"

#include "base/ascii.h"
#include "smtp/server_tls.h"

static void free_arena(void *arena)
{
    arena_free(arena);
}

/* An arena that goes when the settings' arena goes. */
static struct arena *owned_arena(struct arena *owner, enum arena_kind kind)
{
    struct arena *arena = arena_new(kind);

    arena_defer(owner, free_arena, arena);
    return arena;
}

static void collect_servers(struct arena *arena, const struct config *config, struct smtp_prepared *prepared)
{
    const struct driver_instance *first = config_drivers(config, "authenticators");
    size_t n = 0;

    for (const struct driver_instance *i = first; i; i = i->next)
        n += ((const struct auth_instance *)i)->server;
    prepared->servers = ARENA_ARRAY(arena, const struct auth_instance *, n + 1);
    prepared->mechanisms = ARENA_ARRAY(arena, struct str, n + 1);
    for (const struct driver_instance *i = first; i; i = i->next) {
        const struct auth_instance *auth = (const struct auth_instance *)i;

        if (!auth->server)
            continue;
        if (((const struct auth_driver *)i->driver)->by_tls) {
            prepared->by_tls = auth;
            continue;
        }
        prepared->servers[prepared->server_count] = auth;
        prepared->mechanisms[prepared->server_count++] = str_upper(arena, auth->public_name);
    }
}

static void read_limit(struct arena *arena, const char *option, struct str text, struct smtp_ratelimit *limit)
{
    struct error err = ERROR_IN(arena);

    if (!smtp_ratelimit_parse(text, limit, &err))
        log_write(LOG_MAIN | LOG_PANIC, "bad value for %s: %.*s", option, STR_ARG(err.text));
}

/* The next word of a command line; words may be quoted with double quotes, and a backslash in these
 * quotes takes the next character as it is. */
static bool next_word(struct arena *arena, struct str line, size_t *at, struct str *word)
{
    struct buffer b = BUFFER_IN(arena);
    size_t i = *at;

    while (i < line.n && ascii_is_space(line.s[i]))
        i++;
    if (i == line.n)
        return false;
    if (line.s[i] == '"') {
        for (i++; i < line.n && line.s[i] != '"'; i++) {
            if (line.s[i] == '\\' && i + 1 < line.n)
                i++;
            buffer_add_char(&b, line.s[i]);
        }
        i += i < line.n;
    } else {
        while (i < line.n && !ascii_is_space(line.s[i]))
            buffer_add_char(&b, line.s[i++]);
    }
    *at = i;
    *word = buffer_str(&b);
    return true;
}

/* The words of smtp_etrn_command are expanded one by one (manual, 14: smtp_etrn_command). */
static void split_etrn_command(struct arena *arena, const struct config *config,
                               struct smtp_prepared *prepared)
{
    struct str line, word;
    size_t at = 0, n = 0;

    if (!config->main.smtp_etrn_command)
        return;
    line = template_source(config->main.smtp_etrn_command);
    prepared->etrn_arguments = ARENA_ARRAY(arena, const struct template *, line.n / 2 + 2);
    while (next_word(arena, line, &at, &word))
        prepared->etrn_arguments[n++] = template_compile(arena, word, (struct source_pos){NULL, 0});
    prepared->etrn_argument_count = n;
}

struct smtp_settings *smtp_settings_new(struct arena *arena, const struct config *config,
                                        const struct acl_set *acls, const struct scope_process *process)
{
    struct smtp_settings *settings = ARENA_NEW(arena, struct smtp_settings);
    struct smtp_prepared *prepared = ARENA_NEW(arena, struct smtp_prepared);

    *settings = (struct smtp_settings){
        .config = config,
        .acls = acls,
        .process = process,
        .services = &smtp_services,
        .prepared = prepared,
    };
    prepared->session = owned_arena(arena, ARENA_PLAIN);
    prepared->transaction = owned_arena(arena, ARENA_PLAIN);
    prepared->scratch = owned_arena(arena, ARENA_SECRET);
    collect_servers(arena, config, prepared);
    read_limit(arena, "smtp_ratelimit_mail", config->main.smtp_ratelimit_mail, &prepared->mail_limit);
    read_limit(arena, "smtp_ratelimit_rcpt", config->main.smtp_ratelimit_rcpt, &prepared->rcpt_limit);
    split_etrn_command(arena, config, prepared);
    prepared->tls = server_tls_new(arena, &config->main, process);
    prepared->date = template_compile(arena, STR("$tod_full"), (struct source_pos){NULL, 0});
    return settings;
}

/* --- TLS ahead of sessions */

bool smtp_settings_offer_tls(const struct smtp_settings *settings)
{
    const struct list *hosts = settings->config->main.tls_advertise_hosts;

    return hosts != NULL && !str_is_empty(list_source(hosts));
}

bool smtp_settings_prepare_tls(const struct smtp_settings *settings, struct error *err)
{
    if (!smtp_settings_offer_tls(settings) && str_is_empty(settings->config->main.tls_on_connect_ports))
        return true;
    return server_tls_prepare(settings->prepared->tls, err);
}

bool smtp_settings_tls_is_stale(const struct smtp_settings *settings)
{
    return server_tls_is_stale(settings->prepared->tls);
}

void smtp_settings_tls_files(const struct smtp_settings *settings, void (*each)(void *ctx, const char *path),
                             void *ctx)
{
    server_tls_files(settings->prepared->tls, each, ctx);
}

void smtp_settings_turn_keys(const struct smtp_settings *settings)
{
    struct tls_ticket_keys *keys = server_tls_keys(settings->prepared->tls);

    if (keys != NULL)
        tls_ticket_keys_turn(keys);
}

/* --- Values that depend on the session */

/* Expands a value; false: it failed, and that is logged to main and panic logs. A forced failure gives
 * the empty string. */
static bool evaluate(struct smtp_session *s, const struct template *t, const char *failed, struct str *value)
{
    struct error err = ERROR_IN(s->scratch);

    switch (expand(&s->scope, t, s->scratch, value, &err)) {
    case EXPAND_OK:
        return true;
    case EXPAND_FORCED:
        *value = STR("");
        return true;
    case EXPAND_FAILED:
    case EXPAND_DEFER:
        break;
    }
    log_write(LOG_MAIN | LOG_PANIC, "%s: %.*s", failed, STR_ARG(err.text));
    return false;
}

bool smtp_expand_size_limit(struct smtp_session *s)
{
    struct str text;
    int64_t n = 0;
    size_t i;

    s->size_limit = 0;
    if (!s->options->message_size_limit)
        return true;
    if (!evaluate(s, s->options->message_size_limit, "unable to expand message_size_limit", &text))
        return false;
    for (i = 0; i < text.n && ascii_is_digit(text.s[i]) && n < INT64_MAX / 10000; i++)
        n = n * 10 + (text.s[i] - '0');
    if (i > 0 && i < text.n) {
        char unit = ascii_upper(text.s[i++]);
        int shift = unit == 'K' ? 10 : unit == 'M' ? 20 : unit == 'G' ? 30 : 0;

        if (shift == 0)
            i = 0;
        n = n > INT64_MAX >> shift ? INT64_MAX : n << shift;
    }
    if (text.n > 0 && i != text.n) {
        log_write(LOG_MAIN | LOG_PANIC, "invalid message_size_limit: integer expected but \"%.*s\" found",
                  STR_ARG(text));
        return false;
    }
    s->size_limit = n;
    return true;
}

void smtp_expand_timeout(struct smtp_session *s)
{
    enum { DEFAULT = 5 * 60 };
    struct error err = ERROR_IN(s->scratch);
    struct str text = STR("");

    s->timeout = DEFAULT;
    if (!s->options->smtp_receive_timeout)
        return;
    if (expand(&s->scope, s->options->smtp_receive_timeout, s->scratch, &text, &err) != EXPAND_OK)
        text = STR("");
    if (!interval_parse(text, &s->timeout)) {
        s->timeout = DEFAULT;
        log_write(LOG_MAIN | LOG_PANIC, "bad value for smtp_receive_timeout: '%.*s'", STR_ARG(text));
    }
}

int smtp_expand_int(struct smtp_session *s, const struct template *t, const char *option)
{
    struct str text;
    int n = 0;
    size_t i;

    if (!t || !evaluate(s, t, option, &text))
        return 0;
    for (i = 0; i < text.n && ascii_is_digit(text.s[i]) && n < 100000000; i++)
        n = n * 10 + (text.s[i] - '0');
    if (i < text.n)
        log_write(LOG_MAIN | LOG_PANIC, "%s: integer expected but \"%.*s\" found", option, STR_ARG(text));
    return n;
}

bool smtp_expand_hostname(struct smtp_session *s)
{
    const struct template *t = s->options->smtp_active_hostname;
    struct str text = STR("");

    s->connection.active_hostname = s->settings->process->primary_hostname;
    if (!t)
        return true;
    struct str failed = str_printf(s->scratch, "failed to expand \"%.*s\" (smtp_active_hostname)",
                                   STR_ARG(template_source(t)));
    if (!evaluate(s, t, failed.s, &text))
        return false;
    if (!str_is_empty(text))
        s->connection.active_hostname = str_copy(s->arena, text);
    return true;
}

bool smtp_expand_local_limits(struct smtp_session *s)
{
    s->timeout = s->options->receive_timeout;
    return smtp_expand_size_limit(s);
}
