/* String expansion (manual, chapter 11). A template is compiled once, when the configuration is
 * read, into a tree; evaluating walks the tree into a buffer. */
#ifndef EXPAND_EXPAND_H
#define EXPAND_EXPAND_H

#include <stdbool.h>

#include "base/error.h"
#include "base/source.h"
#include "base/str.h"

struct arena;
struct scope;
struct template;

enum expand_status {
    EXPAND_OK,
    EXPAND_FORCED, /* `fail` was reached */
    EXPAND_FAILED, /* an error: err->text is Exim's message */
    EXPAND_DEFER,  /* an error because a lookup could not be done now; err->text as above */
};

/* Compiles source, which is copied. Never fails: a syntax error becomes a node that raises it when
 * evaluation gets there, as Exim does. where may be empty. */
const struct template *template_compile(struct arena *arena, struct str source, struct source_pos where);

/* The text it was compiled from, and its place. */
struct str template_source(const struct template *t);
struct source_pos template_where(const struct template *t);

/* The value when it does not depend on anything (no expansion items in it). */
bool template_constant(const struct template *t, struct str *value);

/* Whether the value depends on nothing but the configuration and on which files exist: it can be made in a scope
 * that has a process and no connection. */
bool template_is_unchanging(const struct template *t);

/* Reports the error that compiling found, if there is one: Exim, too, gets no further than the first. Evaluating
 * such a template never succeeds. Or else the first item or condition that Exim has and Gatepost has not, which
 * is an error where it is used. Returns whether there was one; a NULL t has none. */
struct complaints;
bool template_complain(const struct template *t, const struct complaints *complaints);

/* Evaluates t; the result lives in the arena. err may be NULL. A NULL t gives STR_NULL and EXPAND_OK. */
enum expand_status expand(struct scope *scope, const struct template *t, struct arena *arena, struct str *out,
                          struct error *err);

/* Compiles and evaluates in one go, for strings that are not known beforehand (-be, the expand
 * operator, named lists). A tainted source is refused as Exim does. */
enum expand_status expand_string(struct scope *scope, struct str source, struct arena *arena, struct str *out,
                                 struct error *err);

/* Evaluates t as a condition: yes or no by truth_of() (anything but the words for no is yes).
 * A forced failure is no. */
enum expand_status expand_truth(struct scope *scope, const struct template *t, bool *yes, struct error *err);

/* Names of all items, operators, conditions and variables, for -bV, -bP and predefined macros:
 * calls each for every name of the kind ("item", "operator", "condition", "variable"). */
void expand_names(const char *kind, void (*each)(void *ctx, const char *name), void *ctx);

/* Those among the items and conditions that Exim has and Gatepost has not. */
void expand_names_unsupported(const char *kind, void (*each)(void *ctx, const char *name), void *ctx);

#endif
