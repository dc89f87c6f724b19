/* -bP of drivers: authenticators, authenticator_list, authenticator NAME, and the same for routers and
 * transports. */
#include <string.h>

#include "base/buffer.h"
#include "config/print.h"
#include "config/settings.h"

/* The generic options, with `driver` where it belongs in the alphabet. */
static void print_generic(const struct print_style *style, const struct driver_class *class,
                          const struct driver_instance *instance, struct buffer *out)
{
    static const struct option driver = {.name = "driver", .type = OPTION_STRING};
    struct str driver_name = str_of(instance->driver->name);
    bool printed = false;

    for (size_t i = 0; i < class->option_count; i++) {
        const struct option *option = &class->options[i];

        if (!printed && strcmp(option->name, driver.name) > 0) {
            print_option(style, driver.name, &driver, &driver_name, out);
            printed = true;
        }
        if (option->state != OPTION_ABSENT && option->state != OPTION_PAIR)
            print_option(style, option->name, option, option_field(option, instance), out);
    }
    if (!printed)
        print_option(style, driver.name, &driver, &driver_name, out);
}

static void print_instance(const struct print_style *style, const struct driver_class *class,
                           const struct driver_instance *instance, struct buffer *out)
{
    const struct driver_info *driver = instance->driver;

    print_generic(style, class, instance, out);
    for (size_t i = 0; i < driver->option_count; i++) {
        const struct option *option = &driver->options[i];
        const char *name = option->name;

        if (option->state == OPTION_SYNONYM)
            option = option_find(driver->options, driver->option_count, str_of(option->default_text));
        print_option(style, name, option, option_field(option, instance->config), out);
    }
}

/* The instances of a section that this build may not have. */
static const struct driver_instance *instances(const struct driver_section *section)
{
    return section ? section->first : NULL;
}

static bool print_one(const struct print_style *style, const struct driver_section *section, const char *noun,
                      struct str name, struct buffer *out, struct error *err)
{
    for (const struct driver_instance *i = instances(section); i; i = i->next)
        if (str_eq(i->name, name)) {
            print_instance(style, section->class, i, out);
            return true;
        }
    return error_set(err, "%s %.*s not found", noun, STR_ARG(name));
}

static void print_every(const struct print_style *style, const struct driver_section *section, bool names,
                        struct buffer *out)
{
    for (const struct driver_instance *i = instances(section); i; i = i->next)
        if (names) {
            buffer_printf(out, "%.*s\n", STR_ARG(i->name));
        } else {
            buffer_printf(out, "\n%.*s %s:\n", STR_ARG(i->name), section->class->noun);
            print_instance(style, section->class, i, out);
        }
}

/* Whether the words are one of the forms with this noun. */
static bool is_form(const char *noun, struct str what, struct str name)
{
    const char *rest = what.s + strlen(noun);

    if (!str_starts(what, noun))
        return false;
    return *rest == '\0' ? !str_is_null(name) : strcmp(rest, "s") == 0 || strcmp(rest, "_list") == 0;
}

/* The noun of the form, NULL for none; section: its drivers, NULL when this build has no such class. */
static const char *find_noun(const struct config *config, struct str what, struct str name,
                             const struct driver_section **section)
{
    static const char *const nouns[] = {"authenticator", "router", "transport"};

    for (size_t i = 0; i < config->section_count; i++) {
        *section = &config->sections[i];
        if (is_form((*section)->class->noun, what, name))
            return (*section)->class->noun;
    }
    *section = NULL;
    for (size_t i = 0; i < sizeof nouns / sizeof *nouns; i++)
        if (is_form(nouns[i], what, name))
            return nouns[i];
    return NULL;
}

bool print_drivers(const struct print_style *style, struct str what, struct str name, bool *handled,
                   struct buffer *out, struct error *err)
{
    const struct driver_section *section;
    const char *noun = find_noun(style->config, what, name, &section), *rest;

    *handled = noun != NULL;
    if (!noun)
        return true;
    rest = what.s + strlen(noun);
    if (*rest == '\0')
        return print_one(style, section, noun, name, out, err);
    print_every(style, section, *rest == '_', out);
    return true;
}
