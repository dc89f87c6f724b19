/* The queryprogram router (manual, chapter 21): a command says what becomes of an address. */
#include <unistd.h>

#include "base/ascii.h"
#include "base/buffer.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/command_words.h"
#include "base/quoted.h"
#include "routers/find_hosts.h"
#include "routers/redirect_children.h"

enum { LONGEST_ANSWER = 1023 /* octets */ };

struct queryprogram_config {
    struct str command;
    struct option_account command_group, command_user;
    struct str current_directory;
    int timeout; /* seconds */

    struct option_templates words; /* of the command */
};

#define ROW(option_, type_, default_) \
    {.name = #option_, .type = OPTION_##type_, .offset = offsetof(struct queryprogram_config, option_), \
     .default_text = (default_)}

static const struct option options[] = {
    ROW(command, STRING, NULL),
    ROW(command_group, GROUP_TEMPLATE, NULL),
    ROW(command_user, USER_TEMPLATE, NULL),
    ROW(current_directory, STRING, "/"),
    ROW(timeout, TIME, "1h"),
};

static void split_command(const struct router_instance *router, struct queryprogram_config *config)
{
    struct arena *arena = router->instance.arena;
    struct option_templates *words = &config->words;
    const char *p = config->command.s, *end = p + config->command.n;
    struct str word;

    while (command_word_next(arena, &p, end, 0, &word)) {
        words->v = arena_grow(arena, words->v, words->n * sizeof *words->v, (words->n + 1) * sizeof *words->v);
        words->v[words->n++] = template_compile(arena, word, router->instance.where);
    }
}

static bool init(struct router_instance *router, struct error *err)
{
    struct queryprogram_config *config = router->instance.config;
    struct str name = router->instance.name;

    if (str_is_null(config->command))
        return error_at(err, router->instance.where, "%.*s router: a command specification is required",
                        STR_ARG(name));
    if (!config->command_user.set && !config->command_user.expanded)
        return error_at(err, router->instance.where, "%.*s router: command_user must be specified", STR_ARG(name));
    if (!config->command_group.set && config->command_user.has_group) {
        config->command_group.set = true;
        config->command_group.id = config->command_user.group;
    }
    split_command(router, config);
    return true;
}

/* --- Running the command */

/* ROUTER_ACCEPT: argv is complete, NULL-terminated. */
static enum router_verdict expand_command(struct routing *r, const struct queryprogram_config *config, char ***argv)
{
    struct error err = ERROR_IN(r->arena);
    struct str word;

    *argv = ARENA_ARRAY(r->arena, char *, config->words.n + 1);
    for (size_t i = 0; i < config->words.n; i++) {
        const struct template *t = config->words.v[i];

        if (expand(r->scope, t, r->arena, &word, &err) != EXPAND_OK)
            return routing_say(r, ROUTER_DEFER,
                               "Expansion of \"%.*s\" from command \"%.*s\" in queryprogram router failed: %.*s",
                               STR_ARG(template_source(t)), STR_ARG(config->command), STR_ARG(err.text));
        if (word.tainted)
            return routing_say(r, ROUTER_DEFER, "Tainted arg %zu for queryprogram router command: '%.*s'", i,
                               STR_ARG(word));
        (*argv)[i] = (char *)word.s;
    }
    return ROUTER_ACCEPT;
}

static bool set_ids(struct routing *r, const struct queryprogram_config *config, struct child_spec *spec)
{
    struct mail_recipient user = {.uid_set = false};
    struct router_instance as = *r->router;
    const struct router_instance *kept = r->router;
    bool found;

    if (geteuid() != 0)
        return true;
    as.user = config->command_user;
    as.group = config->command_group;
    r->router = &as;
    found = routing_take_user(r, &user);
    r->router = kept;
    spec->change_user = true;
    spec->uid = user.uid;
    spec->gid = user.gid;
    return found;
}

/* *answer is what it printed, its first line. */
static enum router_verdict run(struct routing *r, const struct queryprogram_config *config, struct str *answer)
{
    static char *const no_environment[] = {NULL};
    struct child_spec spec = {
        .envp = no_environment,
        .output_limit = LONGEST_ANSWER,
        .merge_stderr = true,
        .deadline = deadline_in(config->timeout),
        .directory = config->current_directory.s,
    };
    struct error err = ERROR_IN(r->arena);
    struct buffer out = BUFFER_IN(r->arena);
    struct str name = r->router->instance.name;
    char **argv;
    enum router_verdict verdict = expand_command(r, config, &argv);
    int code;

    if (verdict != ROUTER_ACCEPT)
        return verdict;
    spec.argv = argv;
    if (!set_ids(r, config, &spec))
        return ROUTER_DEFER;
    switch (child_run(&spec, &out, &code, &err)) {
    case CHILD_EXITED:
        if (code != 0)
            return routing_say(r, ROUTER_DEFER, "%.*s router: command returned non-zero code %d", STR_ARG(name), code);
        *answer = str_trim(r->arena, buffer_str(&out));
        if (out.n == 0)
            return routing_say(r, ROUTER_DEFER, "%.*s router: command failed to return data", STR_ARG(name));
        return ROUTER_ACCEPT;
    case CHILD_KILLED:
        return routing_say(r, ROUTER_DEFER, "%.*s router: command killed by signal %d", STR_ARG(name), code);
    case CHILD_TIMEOUT:
        r->recipient->special = true;
        return routing_say(r, ROUTER_DEFER, "%.*s router: command timed out", STR_ARG(name));
    case CHILD_FAILED:
        break;
    }
    return routing_say(r, ROUTER_DEFER, "%.*s router: %.*s", STR_ARG(name), STR_ARG(err.text));
}

/* --- Its answer */

static enum router_verdict bad_yield(struct routing *r, const char *what, struct str text, const char *behind)
{
    struct buffer b = BUFFER_IN(r->arena);

    buffer_add_cstr(&b, what);
    buffer_add(&b, text);
    buffer_add_cstr(&b, behind);
    log_write(LOG_PANIC, "%.*s router: %.*s", STR_ARG(r->router->instance.name), STR_ARG(buffer_str(&b)));
    return routing_say_str(r, ROUTER_DEFER, buffer_str(&b));
}

/* The value of KEY=value in the rest of the answer; STR_NULL: it is not there. */
static struct str keyed(struct routing *r, struct str rest, const char *key)
{
    const char *p = rest.s, *end = str_end(rest);
    struct str word, value;

    while (p < end) {
        const char *from = p;

        while (p < end && *p != '=' && !ascii_is_space(*p))
            p++;
        word = str_copy_n(r->arena, from, (size_t)(p - from), rest.tainted);
        if (p < end && *p == '=') {
            p++;
            if (p < end && *p == '"') {
                value = quoted_read(r->arena, &p, end);
            } else {
                from = p;
                while (p < end && !ascii_is_space(*p))
                    p++;
                value = str_copy_n(r->arena, from, (size_t)(p - from), rest.tainted);
            }
            if (str_is_nocase(word, key))
                return value;
        }
        while (p < end && ascii_is_space(*p))
            p++;
    }
    return STR_NULL;
}

static enum router_verdict use_hosts(struct routing *r, const struct transport_instance *transport, struct str list,
                                     struct str lookup)
{
    struct find_options find = {.find_failed = OUTCOME_DEFER, .all_ignored = OUTCOME_DEFER};
    struct mail_host *hosts = NULL;
    enum router_verdict verdict;

    if (str_is(lookup, "byname"))
        find.lookup = LOOKUP_BYNAME;
    else if (str_is(lookup, "bydns"))
        find.lookup = LOOKUP_BYDNS;
    else if (!str_is_null(lookup))
        return bad_yield(r, "bad lookup type \"", lookup, "\" yielded by command");
    if (str_is_empty(list))
        return routing_accept(r, transport, NULL);
    verdict = routing_find_hosts(r, list, &find, &hosts);
    return verdict == ROUTER_ACCEPT && hosts ? routing_accept(r, transport, hosts) : verdict;
}

static enum router_verdict use_accept(struct routing *r, struct str rest)
{
    struct str name = keyed(r, rest, "transport"), data = keyed(r, rest, "data");
    const struct transport_instance *transport = NULL;

    if (!str_is_null(data))
        r->recipient->properties.address_data = data;
    if (!str_is_null(name) && !(transport = transport_find(r->transports, name)))
        return bad_yield(r, "unknown transport name ", name, " yielded by command");
    return use_hosts(r, transport, keyed(r, rest, "hosts"), keyed(r, rest, "lookup"));
}

/* Files and pipes are not for commands to name. */
static enum router_verdict add_addresses(struct routing *r, const struct redirect_config *config,
                                         const struct redirect_item *items)
{
    enum router_verdict verdict = redirect_add_children(r, config, items);

    for (struct mail_recipient *child = r->children; child; child = child->next)
        if (child->target != TARGET_ADDRESS)
            child->error = DELIVERY_FORBIDDEN;
    return verdict;
}

static enum router_verdict use_redirect(struct routing *r, struct str rest)
{
    static const struct redirect_config config = {
        .rewrite = true, .forbid_file = true, .forbid_pipe = true, .allow_fail = true, .allow_defer = true,
    };
    const struct redirect_rules rules = {
        .allow_fail = true,
        .allow_defer = true,
        .forbid_include = true,
        .incoming_domain = r->recipient->domain,
        .qualify_domain = r->scope->process->qualify_recipient,
    };
    struct redirect_result list;
    struct error err = ERROR_IN(r->arena);

    switch (redirect_list_read(r->arena, rest, &rules, &list, &err)) {
    case REDIRECT_ADDRESSES:
        return add_addresses(r, &config, list.items);
    case REDIRECT_BLACKHOLE:
        return ROUTER_DISCARD;
    case REDIRECT_FAIL:
        return routing_say_str(r, ROUTER_FAIL, list.message);
    case REDIRECT_DEFER:
        return routing_say_str(r, ROUTER_DEFER, list.message);
    case REDIRECT_NOTHING:
        error_set(&err, "no addresses supplied");
        break;
    case REDIRECT_ERROR:
        break;
    }
    return routing_say(r, ROUTER_DEFER, "error in redirect data: %.*s", STR_ARG(err.text));
}

static enum router_verdict refuse(struct routing *r, enum router_verdict verdict, struct str text)
{
    if (verdict == ROUTER_FAIL)
        r->recipient->user_message = text;
    return routing_say_str(r, verdict, text);
}

static enum router_verdict use_answer(struct routing *r, struct str answer)
{
    size_t n = 0;
    struct str word, rest;

    while (n < answer.n && !ascii_is_space(answer.s[n]))
        n++;
    word = str_sub(r->arena, answer, 0, n);
    rest = str_trim(r->arena, str_sub(r->arena, answer, n, answer.n));
    if (str_is_nocase(word, "accept"))
        return use_accept(r, rest);
    if (str_is_nocase(word, "redirect"))
        return use_redirect(r, rest);
    if (str_is_nocase(word, "decline"))
        return ROUTER_DECLINE;
    if (str_is_nocase(word, "pass"))
        return ROUTER_PASS;
    if (str_is_nocase(word, "fail"))
        return refuse(r, ROUTER_FAIL, rest);
    if (str_is_nocase(word, "freeze"))
        r->recipient->special = true;
    else if (!str_is_nocase(word, "defer"))
        return bad_yield(r, "bad command yield: ", word, str_printf(r->arena, " %.*s", STR_ARG(rest)).s);
    return refuse(r, ROUTER_DEFER, rest);
}

static enum router_verdict route(struct routing *r, const struct router_instance *router)
{
    struct str answer = STR_NULL;
    enum router_verdict verdict = run(r, router->instance.config, &answer);

    return verdict == ROUTER_ACCEPT ? use_answer(r, answer) : verdict;
}

extern const struct router_driver router_driver_queryprogram;
const struct router_driver router_driver_queryprogram = {
    .info = {.name = "queryprogram",
             .options = options,
             .option_count = sizeof options / sizeof *options,
             .config_size = sizeof(struct queryprogram_config)},
    .init = init,
    .route = route,
};
