/* Checking a configuration: every string and list in it. See check.h. */
#include "main/check.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buffer.h"
#include "base/print.h"
#include "config/settings.h"
#include "expand/expand.h"
#include "match/list.h"

/* --- Warnings */

enum { BEFORE = 60, BEHIND = 30 }; /* columns that are shown around the place */

/* The place is behind a name that is unknown: the caret belongs under its beginning. */
static size_t name_start(struct str line, size_t caret, struct str text)
{
    size_t start = caret < line.n ? caret : line.n;

    if (!str_starts(text, "unknown"))
        return start;
    if (start > 0 && line.s[start - 1] == '}')
        start--;
    while (start > 0 && (ascii_is_alnum(line.s[start - 1]) || line.s[start - 1] == '_'))
        start--;
    return start;
}

static void show_place(const struct config_place *place, struct str text)
{
    size_t caret = name_start(place->line, place->caret, text);
    size_t from = caret > BEFORE ? caret - BEFORE : 0;
    size_t to = place->line.n - caret > BEHIND ? caret + BEHIND : place->line.n;

    fprintf(stderr, "    %s", from > 0 ? "..." : "");
    for (size_t i = from; i < to; i++)
        fputc(ascii_is_control(place->line.s[i]) ? ' ' : place->line.s[i], stderr);
    fprintf(stderr, "%s\n    %*s^\n", to < place->line.n ? "..." : "", (int)(caret - from) + (from > 0 ? 3 : 0), "");
}

void check_warn(struct checker *c, struct source_pos where, const char *format, ...)
{
    va_list args;

    if (where.file)
        fprintf(stderr, "%s:%u: ", where.file, where.line);
    fputs("warning: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    c->count++;
}

void check_complain(void *checker, const struct complaint *complaint)
{
    struct checker *c = checker;
    struct config_place place =
        config_place(c->program->config, complaint->where, complaint->source, complaint->offset);

    if (place.where.file)
        fprintf(stderr, "%s:%u:", place.where.file, place.where.line);
    if (place.column > 0)
        fprintf(stderr, "%zu:",
                place.column - (place.caret - name_start(place.line, place.caret, complaint->text)));
    fprintf(stderr, "%swarning: %.*s: %.*s\n", place.where.file ? " " : "", STR_ARG(c->subject),
            STR_ARG(printable(c->arena, complaint->text)));
    show_place(&place, complaint->text);
    c->count++;
}

/* --- Options */

static void check_string(struct checker *c, struct str text, struct source_pos where,
                         const struct complaints *complaints)
{
    if (!str_is_null(text))
        template_complain(template_compile(c->arena, text, where), complaints);
}

/* where: for values that do not know their own place. */
static void check_value(struct checker *c, const struct option *option, const void *field, struct source_pos where)
{
    const struct complaints complaints = {check_complain, c};
    const struct option_templates *templates = field;

    switch (option->type) {
    case OPTION_TEMPLATE:
    case OPTION_INT_TEMPLATE:
    case OPTION_TIME_TEMPLATE:
    case OPTION_HEADERS:
    case OPTION_HEADER_NAMES:
    case OPTION_VARIABLES:
    case OPTION_CONDITION:
        template_complain(*(const struct template *const *)field, &complaints);
        break;
    case OPTION_TEMPLATE_LIST:
        for (size_t i = 0; i < templates->n; i++)
            template_complain(templates->v[i], &complaints);
        break;
    case OPTION_BOOL_TEMPLATE:
        template_complain(((const struct option_bool *)field)->expanded, &complaints);
        break;
    case OPTION_USER_TEMPLATE:
    case OPTION_GROUP_TEMPLATE:
        template_complain(((const struct option_account *)field)->expanded, &complaints);
        break;
    case OPTION_COMMAND:
        check_string(c, *(const struct str *)field, where, &complaints);
        break;
    case OPTION_DOMAIN_LIST:
    case OPTION_HOST_LIST:
    case OPTION_ADDRESS_LIST:
    case OPTION_LOCAL_PART_LIST:
        list_complain(*(const struct list *const *)field, c->program->config->lists, &complaints);
        break;
    default: /* never expanded */
        break;
    }
}

/* of: what the options belong to, "" for the main ones. */
static void check_options(struct checker *c, struct str of, const struct option *options, size_t count,
                          const void *base, struct source_pos where)
{
    for (size_t i = 0; i < count; i++)
        if (options[i].state == OPTION_USED) {
            c->subject = str_join(c->arena, of, str_of(options[i].name));
            check_value(c, &options[i], option_field(&options[i], base), where);
        }
}

static void check_instance(struct checker *c, const struct driver_class *class,
                           const struct driver_instance *instance)
{
    struct str of = str_printf(c->arena, "%s %.*s, ", class->noun, STR_ARG(instance->name));

    check_options(c, of, class->options, class->option_count, instance, instance->where);
    check_options(c, of, instance->driver->options, instance->driver->option_count, instance->config,
                  instance->where);
}

static void check_drivers(struct checker *c)
{
    const struct config *config = c->program->config;

    for (size_t i = 0; i < config->section_count; i++)
        for (const struct driver_instance *d = config->sections[i].first; d; d = d->next)
            check_instance(c, config->sections[i].class, d);
}

static void check_main_options(struct checker *c)
{
    size_t count;
    const struct option *options = main_option_table(&count);

    check_options(c, STR(""), options, count, &c->program->config->main, (struct source_pos){NULL, 0});
}

/* --- Named lists, ACLs, rules */

static void check_named_list(void *ctx, struct str name, const struct list *list, bool hide)
{
    struct checker *c = ctx;

    (void)hide;
    c->subject = str_printf(c->arena, "list +%.*s", STR_ARG(name));
    list_complain(list, c->program->config->lists, &(struct complaints){check_complain, c});
}

static void begin_acl_item(void *ctx, struct str acl, const char *kind)
{
    struct checker *c = ctx;

    c->subject = str_printf(c->arena, "ACL %.*s, %s", STR_ARG(acl), kind);
}

static void check_acls(struct checker *c)
{
    const struct acl_complaints complaints = {begin_acl_item, {check_complain, c}};

    acl_complain(c->program->acls, c->program->config->lists, &complaints);
}

static void check_retry_rules(struct checker *c)
{
    const struct complaints complaints = {check_complain, c};
    const struct retry_rules *rules = &c->program->retry;

    c->subject = STR("retry rule");
    for (size_t i = 0; i < rules->n; i++) {
        list_complain(rules->v[i].matches, c->program->config->lists, &complaints);
        list_complain(rules->v[i].senders, c->program->config->lists, &complaints);
    }
}

/* Options that name ACLs: one that is no name, and no file, is an ACL itself. */
static void check_acl_names(struct checker *c)
{
    size_t count;
    const struct option *options = main_option_table(&count);

    for (size_t i = 0; i < count; i++) {
        const struct template *const *field = option_field(&options[i], &c->program->config->main);
        struct str name;

        if (!field || options[i].type != OPTION_TEMPLATE || strncmp(options[i].name, "acl_", 4) != 0 || !*field)
            continue;
        if (template_constant(*field, &name) && name.n > 0 && str_find(name, ' ') < 0 && *name.s != '/' &&
            !acl_exists(c->program->acls, name) && !acl_is_verb(name)) {
            c->subject = str_of(options[i].name);
            check_complain(c, &(struct complaint){template_where(*field), name, 0,
                                                  str_printf(c->arena, "there is no ACL called \"%.*s\"",
                                                             STR_ARG(name))});
        }
    }
}

void check_config(struct program *program)
{
    struct checker c = {.program = program, .arena = arena_new(ARENA_PLAIN)};

    check_main_options(&c);
    for (enum list_kind kind = LIST_DOMAIN; kind <= LIST_LOCAL_PART; kind++)
        named_lists_each(program->config->lists, kind, check_named_list, &c);
    check_acls(&c);
    check_acl_names(&c);
    check_drivers(&c);
    check_authenticators(&c);
    check_retry_rules(&c);
    arena_free(c.arena);
}
