/* Macros of the configuration file (manual, 6.4 to 6.9). */
#ifndef CONFIG_MACROS_H
#define CONFIG_MACROS_H

#include <stdint.h>

#include "config/config.h"

struct macros {
    struct arena *arena;
    struct config *config;  /* ->macros is the list */
    struct macro **end;
    bool have_builtin;      /* the list begins with the predefined ones */
    size_t substituted;     /* octets made by substitution, to stop endless growth */
};

void macros_begin(struct macros *m, struct config *config);

/* Takes the definitions of -D ("NAME=value" or "NAME"). False: err, in the words of the command line. */
bool macros_from_command_line(struct macros *m, const char *const *defines, struct error *err);

/* Whether line is a macro definition: a name that begins with an upper case letter, then `=`. */
bool macros_is_definition(struct str line);

/* Defines or redefines. The line is a logical one that is a definition. False: err. */
bool macros_define(struct macros *m, struct str line, struct source_pos where, struct error *err);

/* Replaces macros in a physical line. When it may be one, the name that a definition begins with stays as it
 * is. changed: something was replaced. False: err, the line grows without end. */
bool macros_substitute(struct macros *m, struct str *line, bool may_define, bool *changed, struct error *err);

/* The predefined macros of this build and these driver classes, in the order in which they are tried: a name
 * comes before those it contains. */
struct macro *macros_builtin(struct arena *arena, const struct config *config);

/* Which octets a text has, as struct macro.octets. */
uint64_t macros_octets(struct str text);

#endif
