/* The state of reading a configuration, shared by the files of this directory. */
#ifndef CONFIG_READING_H
#define CONFIG_READING_H

#include "config/config.h"
#include "config/lines.h"
#include "config/macros.h"
#include "config/settings.h"

/* What is done with the lines of a section. NULL: nothing. */
struct section {
    const char *name;
    bool takes_macros; /* macros can be defined between its items */
    bool (*line)(struct reading *r, struct str line);
    bool (*item_end)(struct reading *r); /* a macro definition, or the end of the section, ends an item */
    bool (*end)(struct reading *r);
};

struct reading {
    struct config *config;
    struct arena *arena; /* the configuration's */
    const struct config_request *request;
    struct error *err;
    struct lines lines;
    struct macros macros;
    struct scope scope; /* for what is expanded once, while reading */
    struct scope_process process;
    const struct section *section;
    unsigned seen_sections;        /* bits: which of the sections there were */
    unsigned char *main_seen;      /* which rows of the main options were set */
    struct driver_section *drivers; /* of the section at hand */
    struct driver_instance **last_driver; /* where the next instance is hung in */
    struct stanza *stanza;         /* the driver stanza at hand, or NULL */
    struct acl_source *acl;        /* the ACL at hand, or NULL */
    size_t acl_capacity;
};

/* Set the error and return false: at the current line; or without a place, in Exim's frame. */
bool reading_error(struct reading *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "extra characters follow ...": a comment where none can be is named as what it is. */
bool reading_error_extra(struct reading *r, struct str extra, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool reading_error_framed(struct reading *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Takes over an error that somebody else found, with his place, or framed when there is none. False. */
bool reading_error_from(struct reading *r, const struct error *why);

/* The name that text begins with: letters, digits and underscores, the first a letter; empty when there is
 * none. False: it is too long. */
bool reading_name(struct reading *r, struct str text, struct str *name);

/* Adds the line at hand to those that somebody else will compile. */
void reading_keep_line(struct reading *r, struct source_lines *lines, struct str text);

/* Expands text in a scope that has no connection and no message. False: why is set. */
bool reading_expand(struct reading *r, struct str text, struct str *value, struct error *why);

/* The sections. begin: the one of that name, which becomes the section at hand. */
bool section_begin(struct reading *r, struct str name);
extern const struct section main_section, acl_section, rewrite_section, retry_section, driver_section;

/* The end of the main section: defaults of what was not set, what is expanded once, checks. */
bool main_options_finish(struct reading *r);

#endif
