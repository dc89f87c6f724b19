/* -bI:unsupported: what Exim has and this build of Gatepost has not, a line each. gatepost-differences(7) says
 * why; the tests compare the two. */
#include <stdio.h>
#include <string.h>

#include "acl/acl.h"
#include "base/arena.h"
#include "config/config.h"
#include "expand/expand.h"
#include "lookups/lookup.h"
#include "main/command_line.h"
#include "main/modes.h"

static void print(void *ctx, const char *name)
{
    printf("%s %s\n", (const char *)ctx, name);
}

static void print_acl(void *ctx, const char *kind, const char *name)
{
    (void)ctx;
    printf("acl_%s %s\n", kind, name);
}

static void print_options(const char *of, const struct option *options, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (options[i].state == OPTION_REFUSED || options[i].state == OPTION_ABSENT)
            printf("%s_option %s\n", of, options[i].name);
}

struct driver_name {
    const char *name;
    bool present;
};

static void note_driver(void *ctx, const char *name, bool module)
{
    struct driver_name *wanted = ctx;

    (void)module;
    if (strcmp(wanted->name, name) == 0)
        wanted->present = true;
}

static void print_driver(const struct driver_class *class, const char *name)
{
    struct driver_name wanted = {.name = name};
    const struct driver_info *driver;

    class->each(note_driver, &wanted);
    if (!wanted.present) {
        printf("%s_driver %s\n", class->noun, name);
        return;
    }
    driver = class->find(str_of(name), NULL);
    if (driver)
        print_options(name, driver->options, driver->option_count);
}

void unsupported_print(const struct driver_class *const *classes)
{
    static const char item[] = "expansion_item", condition[] = "expansion_condition", lookup[] = "lookup",
                      command_line[] = "command_line";
    size_t count;
    const struct option *options = main_option_table(&count);

    print_options("main", options, count);
    for (; *classes; classes++) {
        print_options((*classes)->section, (*classes)->options, (*classes)->option_count);
        for (const char *const *name = (*classes)->known; *name; name++)
            print_driver(*classes, *name);
    }
    acl_unsupported(print_acl, NULL);
    expand_names_unsupported("item", print, (void *)item);
    expand_names_unsupported("condition", print, (void *)condition);
    lookup_type_each_unsupported(print, (void *)lookup);
    command_line_unsupported(print, (void *)command_line);
}
