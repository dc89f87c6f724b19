/* Regular expressions (PCRE2, octets, not UTF-8) as Exim uses them, for conditions, items and lists. */
#ifndef EXPAND_REGEX_H
#define EXPAND_REGEX_H

#include <stdbool.h>

#include "base/error.h"
#include "base/str.h"
#include "expand/scope.h"

struct regex; /* a compiled pattern */

/* Compiles; what is compiled is freed with the arena. NULL: err holds Exim's text
 * (`regular expression error in "...": ... at offset N`). */
const struct regex *regex_compile(struct arena *arena, struct str pattern, struct error *err);

/* The same for patterns that are known only when they are used; the process keeps the last few. The
 * result is valid until the next call. */
const struct regex *regex_cached(struct str pattern, struct error *err);

/* What a pattern is for decides whether case counts and how an error is worded: in lists it is
 * `regular expression error: ... at offset N while compiling PATTERN`. The functions above are for
 * conditions. */
enum regex_use { REGEX_CONDITION, REGEX_LIST, REGEX_LIST_CASELESS };
const struct regex *regex_compile_for(struct arena *arena, struct str pattern, enum regex_use use,
                                      struct error *err);
const struct regex *regex_cached_for(struct str pattern, enum regex_use use, struct error *err);

/* Where the whole match and the subpatterns begin and end; a subpattern that took no part has from > to. */
struct regex_match {
    unsigned count; /* $0 counts */
    struct {
        size_t from, to;
    } at[SCOPE_CAPTURES];
};

/* Matches from offset `start` on. not_empty: only a match of at least one octet, beginning there.
 * False: no match, or PCRE2's limits were exceeded. */
bool regex_match(const struct regex *regex, struct str subject, size_t start, bool not_empty,
                 struct regex_match *match);

/* Sets scope->captures from a match; the captured strings are copied into the arena. */
void regex_set_captures(struct scope *scope, struct arena *arena, struct str subject,
                        const struct regex_match *match);

#endif
