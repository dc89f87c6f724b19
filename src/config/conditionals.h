/* .ifdef and its family (manual, 6.10). */
#ifndef CONFIG_CONDITIONALS_H
#define CONFIG_CONDITIONALS_H

#include "base/error.h"

struct conditionals {
    struct arena *arena;
    unsigned char *levels; /* enum branch, the innermost last */
    size_t depth, capacity;
};

enum conditional_result { CONDITIONAL_NONE, CONDITIONAL_DONE, CONDITIONAL_FAILED };

/* Whether the lines at this place are left out. */
bool conditionals_skipping(const struct conditionals *c);

/* Deals with a line (without white space around it) if it is one of these directives; substituted
 * says whether a macro was replaced in it. CONDITIONAL_NONE: it is something else. */
enum conditional_result conditionals_line(struct conditionals *c, struct str line, bool substituted,
                                          struct error *err);

/* Whether line begins with the word `directive` (with its dot), followed by white space or nothing.
 * rest gets what comes behind the white space. */
bool directive_is(struct str line, const char *directive, struct str *rest);

#endif
