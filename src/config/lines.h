/* Logical lines (manual, 6.2 to 6.5): files and what they include, macros replaced, conditional parts left
 * out, comments dropped, continuations joined. */
#ifndef CONFIG_LINES_H
#define CONFIG_LINES_H

#include "config/conditionals.h"
#include "config/macros.h"

struct line_file; /* an open file and where it is being read */

struct lines {
    struct arena *arena;
    struct macros *macros;
    struct conditionals conditionals;
    struct line_file *file; /* the innermost */
    struct source_lines *text; /* every logical line, and a mark wherever a file begins or goes on */
    size_t text_capacity;
};

enum lines_result { LINES_ONE, LINES_END, LINES_FAILED };

/* Begins with a file that was read: text is n octets and one more, and is written to. */
void lines_begin(struct lines *l, struct macros *macros, struct source_lines *listing, struct str name,
                 char *text, size_t n);

/* The next logical line: not empty, no white space around it. Its place is its last physical line, as in
 * Exim's messages. */
enum lines_result lines_next(struct lines *l, struct source_line *line, struct error *err);

/* Where reading is. */
struct source_pos lines_pos(const struct lines *l);

#endif
