/* Evaluating: what items, operators, conditions and variables need of the walk. Inside src/expand only. */
#ifndef EXPAND_EVALUATE_H
#define EXPAND_EVALUATE_H

#include "expand/tree.h"

/* One walk. Everything it makes lives in the arena. */
struct evaluation {
    struct scope *scope;
    struct arena *arena;
    struct error *err;
};

/* Evaluates t and adds the result to out, or gives it as a value, which may borrow from the scope or the
 * template and is never STR_NULL. */
enum expand_status evaluate_into(struct evaluation *ev, const struct template *t, struct buffer *out);
enum expand_status evaluate_value(struct evaluation *ev, const struct template *t, struct str *value);

/* Evaluates the first n templates of args. */
enum expand_status evaluate_arguments(struct evaluation *ev, const struct template *const *args, unsigned n,
                                      struct str *values);

enum expand_status evaluate_condition(struct evaluation *ev, const struct condition_node *condition,
                                      bool *yes);

/* The {yes}{no} strings of an item that follow its first `skip` arguments. */
enum expand_status evaluate_branches(struct evaluation *ev, const struct item_node *item, unsigned skip,
                                     const struct finding *finding, struct buffer *out);

/* Ends an evaluation with Exim's text. */
enum expand_status evaluate_fail(struct evaluation *ev, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
enum expand_status evaluate_fault(struct evaluation *ev, const struct fault *fault);

/* Counts one level of nesting, which the caller takes back from scope->depth unless this fails. */
enum expand_status evaluate_deeper(struct evaluation *ev);

/* Counts a step that made so many octets; a failure when the whole expansion has got out of hand. */
enum expand_status evaluate_count(struct evaluation *ev, size_t octets);

/* Refuses to expand a text that came from outside, with Exim's log line and error. */
enum expand_status evaluate_tainted(struct evaluation *ev, struct str text);

/* Whether the scope allows what a bit of enum scope_forbid stands for; a failure with Exim's text if not. */
enum expand_status evaluate_allowed(struct evaluation *ev, unsigned bit);

/* Adds to the error text of a status that is a failure; returns the status. */
enum expand_status evaluate_inside(struct evaluation *ev, enum expand_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Compiles and evaluates a text, as the expand operator does. */
enum expand_status evaluate_text(struct evaluation *ev, struct str text, struct str *value);

#endif
