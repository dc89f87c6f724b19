/* The configuration (manual, chapters 6 and 14): reading the file into values that the rest of the
 * program uses as they are. Nothing is parsed or compiled again per connection. */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/acl_source.h"
#include "base/driver.h"
#include "base/error.h"
#include "base/option.h"
#include "base/str.h"
#include "config/main_options.h"
#include "match/list.h"

/* A macro definition, in the order of definition (-bP macros). */
struct macro {
    struct macro *next;
    struct str name, value;
    bool builtin;      /* _HAVE_*, _DRIVER_*, _OPT_* ... */
    bool command_line; /* -D */
    uint64_t octets;   /* the reader's: which octets the name has */
};

/* One section of drivers as read. */
struct driver_section {
    const struct driver_class *class;
    struct driver_instance *first;
    bool present;
};

/* Everything a configuration says. */
struct config {
    struct arena *arena;
    struct str file;          /* the main file's name */
    struct main_options main; /* the field of an option has the option's name */
    struct named_lists *lists;
    struct macro *macros;
    struct driver_section *sections; /* one per class given to config_read() */
    size_t section_count;
    struct acl_source *acls; /* of `begin acl` */
    size_t acl_count;
    struct source_lines rewrite_rules, retry_rules; /* of `begin rewrite` and `begin retry`, macros replaced */
    uint64_t log_selectors;
    int host_number;          /* localhost_number, expanded; -1: unset */
    const char *const *predefined; /* as in the request, copied */
    struct source_lines text; /* what was read, for -bP config; without a text: a mark where a file begins */
    struct hidden_option *hidden; /* what was set with `hide` */
};

struct config_request {
    const char *const *files;   /* names to try in turn; NULL-terminated. A single one must exist */
    const char *const *defines; /* -D: "NAME=value" or "NAME", NULL-terminated, or NULL */
    const struct driver_class *const *classes; /* NULL-terminated, or NULL */
    /* Further predefined macros, such as _ACL_COND_HOSTS; their value is y. They begin with an underscore, an
     * upper-case word and an underscore. NULL-terminated, or NULL. */
    const char *const *predefined;
    bool trusted; /* owner and mode of the file do not matter: no privilege is held (manual, 6.1) */
    /* When reading fails: log_file_path as far as it was read, in err's arena, for whoever must log the
     * failure; NULL: not wanted. */
    struct str *log_file_path;
};

/* Reads the configuration. NULL: err holds the text and the place; config_error_text() makes Exim's
 * line of it. The configuration owns its arena: config_free(). */
struct config *config_read(const struct config_request *request, struct error *err);
void config_free(struct config *config);

/* "Exim configuration error in line N of FILE:\n  text"; an error without a place is its text alone. */
struct str config_error_text(struct arena *arena, const struct error *err);

/* Where an octet of the configuration stands. */
struct config_place {
    struct source_pos where;
    unsigned column; /* 0: not known, as where macros were replaced */
    struct str line; /* what the physical line came to, not NUL-terminated */
    size_t caret;    /* the octet in it */
};

/* The place of the octet at offset in a value that the logical line at `where` has set. A value that does not
 * stand in the line as it is, such as a quoted one with escapes, is shown by itself. */
struct config_place config_place(const struct config *config, struct source_pos where, struct str value,
                                 size_t offset);

/* The section's first instance, or NULL. */
struct driver_instance *config_drivers(const struct config *config, const char *section);

/* A line that is read later than the file (-be): replaces macros in *line, or defines the macro that it
 * defines; *defined is then its name, else STR_NULL. False: err says what is wrong with a definition. */
bool config_macro_line(struct config *config, struct arena *arena, struct str *line, struct str *defined,
                       struct error *err);

/* The table of main options, for -bP, -bV and documentation. */
const struct option *main_option_table(size_t *count);

/* -bP: prints what `what` names (an option, "all", "macros", "config", "environment", "+list",
 * "authenticators", "authenticator_list", "authenticator NAME", ...), qualified by `name` where the
 * form has two words (STR_NULL: none). admin: hidden values are shown. no_labels: -n.
 * False: err holds what is printed for an unknown name. */
struct buffer;
bool config_print(const struct config *config, struct str what, struct str name, bool admin, bool no_labels,
                  struct buffer *out, struct error *err);

#endif
