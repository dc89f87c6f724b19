/* Reading a configuration: the loop over logical lines, and the value's beginning and end. */
#include "config/config.h"

#include <string.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "config/reading.h"
#include "config/source_file.h"
#include "config/text.h"

static enum match_result no_acl(struct scope *scope, struct str name, const struct str *args, unsigned nargs,
                                struct str *message, struct error *err)
{
    (void)scope, (void)name, (void)args, (void)nargs, (void)message;
    error_set(err, "ACLs cannot be used while the configuration is read");
    return MATCH_ERROR;
}

static void no_host_name(struct scope *scope)
{
    (void)scope;
}

/* What expansions may use while the configuration is read. */
static const struct scope_services services = {
    .match = list_match_text,
    .acl = no_acl,
    .named_list = list_named_text,
    .find_host_name = no_host_name,
};

static const char *const *copy_names(struct arena *arena, const char *const *names)
{
    size_t n = 0;
    const char **copy;

    while (names && names[n])
        n++;
    copy = ARENA_ARRAY(arena, const char *, n + 1);
    for (size_t i = 0; i < n; i++)
        copy[i] = str_copy(arena, str_of(names[i])).s;
    return copy;
}

static struct config *new_config(const struct config_request *request)
{
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct config *config = ARENA_NEW(arena, struct config);
    size_t count = 0;

    config->arena = arena;
    config->lists = named_lists_new(arena);
    config->predefined = copy_names(arena, request->predefined);
    for (const struct driver_class *const *class = request->classes; class && *class; class++)
        count++;
    config->sections = ARENA_ARRAY(arena, struct driver_section, count + 1);
    for (size_t i = 0; i < count; i++)
        config->sections[i].class = request->classes[i];
    config->section_count = count;
    return config;
}

/* The section at hand is over. */
static bool end_section(struct reading *r)
{
    return (!r->section->item_end || r->section->item_end(r)) && (!r->section->end || r->section->end(r));
}

/* `begin NAME`: what follows the word, or STR_NULL for any other line. */
static struct str begun_section(struct str line)
{
    size_t n = strlen("begin");

    if (line.n <= n || !str_starts_nocase(line, "begin") || !ascii_is_space(line.s[n]))
        return STR_NULL;
    return text_skip_space(text_from(line, n));
}

static bool define_macro(struct reading *r, const struct source_line *line)
{
    struct error why = ERROR_IN(r->arena);

    if (r->section->item_end && !r->section->item_end(r))
        return false;
    return macros_define(&r->macros, line->text, line->where, &why) || reading_error_from(r, &why);
}

static bool take_line(struct reading *r, const struct source_line *line)
{
    struct str name = begun_section(line->text);

    if (!str_is_null(name))
        return end_section(r) && section_begin(r, name);
    if (r->section->takes_macros && macros_is_definition(line->text))
        return define_macro(r, line);
    return r->section->line(r, line->text);
}

static bool read_lines(struct reading *r)
{
    struct source_line line;

    for (;;)
        switch (lines_next(&r->lines, &line, r->err)) {
        case LINES_ONE:
            if (!take_line(r, &line))
                return false;
            break;
        case LINES_END:
            return end_section(r);
        case LINES_FAILED:
            return false;
        }
}

static bool read_config(struct config *config, const struct config_request *request, struct error *err)
{
    struct reading r = {.config = config, .arena = config->arena, .request = request, .err = err,
                        .section = &main_section};
    size_t count, n;
    char *text;

    r.process.config_file = config->file;
    r.scope = (struct scope){.arena = config->arena, .services = &services, .lists = config->lists,
                             .process = &r.process};
    main_option_table(&count);
    r.main_seen = arena_alloc(config->arena, count);
    macros_begin(&r.macros, config);
    if (!macros_from_command_line(&r.macros, request->defines, err) ||
        !source_file_main(config->arena, request->files, request->trusted, &config->file, &text, &n, err))
        return false;
    r.process.config_file = config->file;
    lines_begin(&r.lines, &r.macros, &config->text, config->file, text, n);
    return read_lines(&r);
}

struct config *config_read(const struct config_request *request, struct error *err)
{
    struct config *config = new_config(request);
    struct error own = ERROR_IN(config->arena);

    if (!err)
        err = &own;
    if (read_config(config, request, err))
        return config;
    if (request->log_file_path && err != &own)
        *request->log_file_path = str_copy(err->arena, config->main.log_file_path);
    if (err->where.file && err != &own)
        err->where.file = str_copy(err->arena, str_of(err->where.file)).s;
    config_free(config);
    return NULL;
}

void config_free(struct config *config)
{
    if (config)
        arena_free(config->arena);
}

struct str config_error_text(struct arena *arena, const struct error *err)
{
    if (!err->where.file)
        return str_copy(arena, err->text);
    return str_printf(arena, "Exim configuration error in line %u of %s:\n  %.*s", err->where.line,
                      err->where.file, STR_ARG(err->text));
}

struct driver_instance *config_drivers(const struct config *config, const char *section)
{
    for (size_t i = 0; i < config->section_count; i++)
        if (strcmp(config->sections[i].class->section, section) == 0)
            return config->sections[i].first;
    return NULL;
}
