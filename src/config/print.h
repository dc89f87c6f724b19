/* Pieces of -bP. */
#ifndef CONFIG_PRINT_H
#define CONFIG_PRINT_H

#include "config/config.h"

/* How values are shown. */
struct print_style {
    const struct config *config;
    bool admin;     /* what was set with `hide` is shown */
    bool no_labels; /* -n */
};

/* One option as a line, under its name or a synonym. field: its value; NULL: its default. */
void print_option(const struct print_style *style, const char *name, const struct option *option,
                  const void *field, struct buffer *out);

/* The drivers' part: routers, transport NAME, authenticator_list ... handled: what is such a form.
 * False: err. */
bool print_drivers(const struct print_style *style, struct str what, struct str name, bool *handled,
                   struct buffer *out, struct error *err);

/* The configuration as it was read. */
void print_config_text(const struct print_style *style, struct buffer *out);

#endif
