/* -bP of drivers: authenticators, authenticator_list, authenticator NAME, and the same for routers and
 * transports. */
#include <string.h>

#include "base/buffer.h"
#include "config/print.h"

static const char *const nouns[] = {"authenticator", "router", "transport"};

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
        print_option(style, option->name, option, (const char *)instance + option->offset, out);
    }
    if (!printed)
        print_option(style, driver.name, &driver, &driver_name, out);
}

static void print_instance(const struct print_style *style, const struct driver_class *class,
                           const struct driver_instance *instance, struct buffer *out)
{
    const struct driver_info *driver = instance->driver;

    print_generic(style, class, instance, out);
    for (size_t i = 0; i < driver->option_count; i++)
        print_option(style, driver->options[i].name, &driver->options[i],
                     (const char *)instance->config + driver->options[i].offset, out);
}

static const struct driver_section *section_of(const struct config *config, const char *noun)
{
    for (size_t i = 0; i < config->section_count; i++)
        if (strcmp(config->sections[i].class->noun, noun) == 0)
            return &config->sections[i];
    return NULL;
}

static bool print_one(const struct print_style *style, const char *noun, struct str name, struct buffer *out,
                      struct error *err)
{
    const struct driver_section *section = section_of(style->config, noun);

    for (const struct driver_instance *i = section ? section->first : NULL; i; i = i->next)
        if (str_eq(i->name, name)) {
            print_instance(style, section->class, i, out);
            return true;
        }
    return error_set(err, "%s %.*s not found", noun, STR_ARG(name));
}

static void print_every(const struct print_style *style, const char *noun, bool names, struct buffer *out)
{
    const struct driver_section *section = section_of(style->config, noun);

    for (const struct driver_instance *i = section ? section->first : NULL; i; i = i->next)
        if (names) {
            buffer_printf(out, "%.*s\n", STR_ARG(i->name));
        } else {
            buffer_printf(out, "\n%.*s %s:\n", STR_ARG(i->name), noun);
            print_instance(style, section->class, i, out);
        }
}

bool print_drivers(const struct print_style *style, struct str what, struct str name, bool *handled,
                   struct buffer *out, struct error *err)
{
    *handled = true;
    for (size_t i = 0; i < sizeof nouns / sizeof *nouns; i++) {
        size_t n = strlen(nouns[i]);
        const char *rest = what.s + n;

        if (!str_starts(what, nouns[i]))
            continue;
        if (*rest == '\0' && !str_is_null(name))
            return print_one(style, nouns[i], name, out, err);
        if (strcmp(rest, "s") == 0 || strcmp(rest, "_list") == 0) {
            print_every(style, nouns[i], *rest == '_', out);
            return true;
        }
    }
    *handled = false;
    return true;
}
