/* Option settings (manual, 6.11): the lines `name = value`, `hide name = value`, `name`, `no_name`. */
#ifndef CONFIG_SETTINGS_H
#define CONFIG_SETTINGS_H

#include "base/option.h"

struct config;
struct reading;

/* An option table and where its values go. */
struct setting_table {
    const struct option *options; /* sorted by name */
    size_t count;
    void *base;          /* the struct that the offsets are of */
    unsigned char *seen; /* count octets: what was set (settings.c); zeros at first */
};

/* Something set with `hide`: hidden in whatever instance of the driver. */
struct hidden_option {
    struct hidden_option *next;
    const struct option *option;
};

/* Reads a setting. An option in none of the tables is reported as an unknown `what`, with the hint behind.
 * False: the error is set. */
bool setting_read(struct reading *r, struct str line, const struct setting_table *tables, size_t count,
                  const char *what, const char *hint);

/* The row of that name, or NULL. */
const struct option *option_find(const struct option *options, size_t count, struct str name);

/* The option's value in the struct that the offsets are of; NULL when it has none. */
const void *option_field(const struct option *option, const void *base);

bool option_is_hidden(const struct config *config, const struct option *option);

/* Sets every option of the table that was not set to its default. */
bool settings_finish(struct reading *r, const struct setting_table *table);

#endif
