/* Values of options (manual, 6.12 to 6.20): from text to field, and back for -bP. */
#ifndef CONFIG_VALUES_H
#define CONFIG_VALUES_H

#include "base/option.h"

struct reading;
struct buffer;

/* Room for a value of any type. */
union value {
    struct str string;
    const void *compiled;
    bool boolean;
    int number;
    struct option_times times;
    struct option_id id;
    struct option_ids ids;
    struct option_templates templates;
    struct option_bool choice;
    struct option_account account;
};

/* Reads text, which has no white space around it, as a value of the option's type into the field. name is
 * how the setting writes the option's name. Not for OPTION_BOOL. False: the error is set. */
bool value_read(struct reading *r, const struct option *option, struct str name, struct str text,
                void *field);

/* Whether an option of that type can be set several times: what is read is joined to what is in the field. */
bool value_is_joined(enum option_type type);

/* A boolean, from what stands behind the `=`. */
bool value_read_bool(struct reading *r, struct str name, struct str text, bool *field);

/* Sets the field to the option's default. */
bool value_default(struct reading *r, const struct option *option, void *field);

/* A string value: as it stands, or quoted with escapes. */
bool value_read_string(struct reading *r, struct str name, struct str text, struct str *value);

/* The value of a field as -bP shows it. Empty for what is not set. */
void value_text(struct buffer *out, enum option_type type, const void *field);

/* A string as -bP shows it: what does not print, and a TAB, is escaped; a backslash is not. */
void value_text_string(struct buffer *out, struct str text);

#endif
