/* Sections of drivers (manual, 6.23): stanzas become instances. */
#include "base/arena.h"
#include "config/reading.h"
#include "config/text.h"

enum { GENERIC, PRIVATE, DRIVER, TABLES };

/* What every stanza has besides the generic options of its class. */
static const struct option driver_option[] = {{.name = "driver", .type = OPTION_STRING}};

struct stanza {
    struct driver_instance *instance;
    struct str driver_name; /* STR_NULL: not set yet */
    unsigned char driver_seen[1];
    struct setting_table tables[TABLES]; /* PRIVATE is empty until the driver is known */
};

static const struct driver_class *class_at_hand(const struct reading *r)
{
    return r->drivers->class;
}

/* The stanza is complete. */
static bool end_stanza(struct reading *r)
{
    struct stanza *stanza = r->stanza;
    struct error why = ERROR_IN(r->arena);

    if (!stanza)
        return true;
    if (!stanza->instance->driver)
        return reading_error_framed(r, "no driver defined for %s \"%.*s\"", class_at_hand(r)->noun,
                                    STR_ARG(stanza->instance->name));
    if (!settings_finish(r, &stanza->tables[GENERIC]) || !settings_finish(r, &stanza->tables[PRIVATE]))
        return false;
    r->stanza = NULL;
    return class_at_hand(r)->init(stanza->instance, &why) || reading_error_from(r, &why);
}

static bool begin_stanza(struct reading *r, struct str name)
{
    const struct driver_class *class = class_at_hand(r);
    struct stanza *stanza = ARENA_NEW(r->arena, struct stanza);
    struct driver_instance *instance = arena_alloc(r->arena, class->instance_size);

    for (const struct driver_instance *i = r->drivers->first; i; i = i->next)
        if (str_eq(i->name, name))
            return reading_error_framed(r, "there are two %s called \"%.*s\"", class->section, STR_ARG(name));
    instance->name = str_copy(r->arena, name);
    instance->where = lines_pos(&r->lines);
    instance->arena = r->arena;
    *r->last_driver = instance;
    r->last_driver = &instance->next;
    stanza->instance = instance;
    stanza->tables[GENERIC] = (struct setting_table){
        class->options, class->option_count, instance, arena_alloc(r->arena, class->option_count + 1)};
    stanza->tables[DRIVER] =
        (struct setting_table){driver_option, 1, &stanza->driver_name, stanza->driver_seen};
    r->stanza = stanza;
    return true;
}

/* `driver =` was just read: from here on its private options are known. */
static bool find_driver(struct reading *r, struct stanza *stanza)
{
    const struct driver_class *class = class_at_hand(r);
    struct error why = ERROR_IN(r->arena);
    const struct driver_info *driver = class->find(stanza->driver_name, &why);

    if (!driver)
        return reading_error(r, "%s %.*s: %.*s", class->noun, STR_ARG(stanza->instance->name),
                             STR_ARG(why.text));
    stanza->instance->driver = driver;
    stanza->instance->config = arena_alloc(r->arena, driver->config_size);
    stanza->tables[PRIVATE] = (struct setting_table){driver->options, driver->option_count,
                                                     stanza->instance->config,
                                                     arena_alloc(r->arena, driver->option_count + 1)};
    return true;
}

static bool stanza_line(struct reading *r, struct str line)
{
    struct stanza *stanza = r->stanza;
    const char *hint = stanza->instance->driver
                           ? "" : " (\"driver\" must be specified before any private options)";

    if (!setting_read(r, line, stanza->tables, TABLES, "option", hint))
        return false;
    return stanza->instance->driver || str_is_null(stanza->driver_name) || find_driver(r, stanza);
}

static bool driver_line(struct reading *r, struct str line)
{
    struct str name, rest;

    if (!reading_name(r, line, &name))
        return false;
    rest = text_skip_space(text_from(line, name.n));
    if (name.n == 0 || rest.n == 0 || *rest.s != ':')
        return r->stanza ? stanza_line(r, line) : reading_error(r, "%s name missing", class_at_hand(r)->noun);
    if (!end_stanza(r))
        return false;
    if (rest.n > 1)
        return reading_error(r, "extra characters follow driver name %.*s", STR_ARG(name));
    return begin_stanza(r, name);
}

static bool check_all(struct reading *r)
{
    struct error why = ERROR_IN(r->arena);

    return !class_at_hand(r)->check || class_at_hand(r)->check(r->drivers->first, &why) ||
           reading_error_from(r, &why);
}

const struct section driver_section = {
    .takes_macros = true,
    .line = driver_line,
    .item_end = end_stanza,
    .end = check_all,
};
