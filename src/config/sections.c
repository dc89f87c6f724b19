/* The parts that `begin` introduces (manual, 6.2). */
#include <string.h>

#include "config/reading.h"

/* Drivers of a class that the request has not got. */
static bool refuse_line(struct reading *r, struct str line)
{
    (void)line;
    return reading_error(r, "section \"%s\" is known to Exim but not supported by gatepost",
                         r->section->name);
}

static const struct section absent_authenticators =
    {.name = "authenticators", .takes_macros = true, .line = refuse_line};
static const struct section absent_routers = {.name = "routers", .takes_macros = true, .line = refuse_line};
static const struct section absent_transports =
    {.name = "transports", .takes_macros = true, .line = refuse_line};

static const struct section *const sections[] = {
    &acl_section, &rewrite_section, &retry_section, &absent_authenticators, &absent_routers, &absent_transports,
};

enum { SECTIONS = sizeof sections / sizeof *sections };

/* Sections of drivers come from the request, so their bits follow those of the others. */
static bool find_driver_section(struct reading *r, struct str name, unsigned *bit)
{
    for (size_t i = 0; i < r->config->section_count; i++)
        if (str_is_nocase(name, r->config->sections[i].class->section)) {
            r->drivers = &r->config->sections[i];
            r->drivers->present = true;
            r->last_driver = &r->drivers->first;
            r->section = &driver_section;
            *bit = (unsigned)(SECTIONS + i);
            return true;
        }
    return false;
}

static bool find_section(struct reading *r, struct str name, unsigned *bit)
{
    if (find_driver_section(r, name, bit))
        return true;
    for (unsigned i = 0; i < SECTIONS; i++)
        if (str_is_nocase(name, sections[i]->name)) {
            r->section = sections[i];
            *bit = i;
            return true;
        }
    return false;
}

bool section_begin(struct reading *r, struct str name)
{
    unsigned bit = 0;

    if (str_is_nocase(name, "local_scan"))
        return reading_error(r, "local_scan() options not supported: (LOCAL_SCAN_HAS_OPTIONS not defined in "
                                "Local/Makefile)");
    if (!find_section(r, name, &bit))
        return reading_error(r, "\"%.*s\" is not a known configuration section name", STR_ARG(name));
    if (r->seen_sections >> bit & 1)
        return reading_error(r, "\"%.*s\" section is repeated in the configuration file", STR_ARG(name));
    r->seen_sections |= 1U << bit;
    return true;
}
