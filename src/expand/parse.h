/* Compiling: the reader that turns a string into a tree. Inside src/expand only. */
#ifndef EXPAND_PARSE_H
#define EXPAND_PARSE_H

#include "expand/tree.h"

struct parser {
    struct arena *arena;
    struct source_pos where;
    const char *start, *p, *end; /* *end is NUL */
    unsigned depth;
    const struct fault *fault; /* the first error: everything stops at it */
    const struct fault *unsupported; /* the first thing that Gatepost has not got: no error before it is used */
    bool brace_in_header;      /* a header name took in a brace, which may explain one that is missing */
};

/* Text up to the end (nested: up to and including the closing brace). With p->fault set it is as far as
 * it goes; never NULL. */
const struct template *parse_template(struct parser *p, bool nested);

/* A string in braces, after white space. NULL: there is no opening brace (and no fault). */
const struct template *parse_braced(struct parser *p);

/* The next condition, with its `!`s. NULL: p->fault is set and nothing of it can be evaluated. */
const struct condition_node *parse_condition(struct parser *p);

/* The name of a condition: letters, or one of = == < <= > >=; STR_NULL when there is none. */
struct str parse_condition_name(struct parser *p);

/* What follows a dollar and a name: an item, an operator, a variable. */
bool parse_item(struct parser *p, const struct item_row *row, const char *start, struct node *node);

/* The variable, capture or header at p, as it stands behind a dollar or `def:`. */
bool parse_header(struct parser *p, struct node *node);

/* Sets the fault, unless there is one already; returns false. The text is Exim's. */
bool parse_fault(struct parser *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Adds to the fault's text, for what encloses the place. */
void parse_fault_inside(struct parser *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Remembers what Gatepost, or this build of it, has not got, unless there is something already. */
void parse_unsupported(struct parser *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Counts one level of nesting, which the caller takes back from p->depth. False: too deep, p->fault is set.
 */
bool parse_deeper(struct parser *p);

void parse_space(struct parser *p);
bool parse_char(struct parser *p, char c); /* takes c when it comes next */
bool parse_at(const struct parser *p, char c);

/* What is left of the whole source, for error texts. */
struct str parse_rest(const struct parser *p);

/* A name: a letter, then letters, digits and underscores; STR_NULL when there is none. dash: '-' too. */
struct str parse_name(struct parser *p, bool dash);

/* One escape sequence; p->p is behind the backslash. False: fault. */
bool parse_escape(struct parser *p, struct buffer *out);

/* What a backslash, which is next, begins: such an escape, or a stretch between \N and \N. */
bool parse_backslash(struct parser *p, struct buffer *out);

/* Arguments as they are collected, and the copy that a node keeps. */
struct argument_list {
    const struct template *v[MAX_ARGUMENTS];
    unsigned n;
};
const struct template *const *argument_list_copy(struct arena *arena, const struct argument_list *list);

#endif
