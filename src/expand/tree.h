/* What a template is inside: the tree that compiling makes and evaluating walks, and the rows of the
 * tables of items, operators, conditions and variables. Adding one of these is adding a row. */
#ifndef EXPAND_TREE_H
#define EXPAND_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/source.h"
#include "base/str.h"
#include "expand/expand.h"
#include "expand/scope.h"

struct parser;
struct evaluation;
struct item_node;
struct operator_node;
struct condition_node;

/* The most brace-enclosed strings that one item or condition can have. */
enum { MAX_ARGUMENTS = 20 };

/* An error that compiling found. Evaluation raises it when it gets to its place, whether or not the
 * branch it stands in is taken: Exim reads the branches that it skips. */
struct fault {
    struct str text;
    size_t offset; /* into the whole template's source */
};

/* --- Variables */

/* Where the field of a variable lies. */
enum variable_group {
    IN_SCOPE,
    IN_PROCESS,
    IN_CONNECTION,
    IN_TLS,     /* connection->tls_in */
    IN_TLS_OUT, /* tls_out */
    IN_MESSAGE,
    IN_ADDRESS,
    IN_ACL,
    IN_EVENT,
};

enum variable_type {
    AS_TEXT,
    AS_INT,
    AS_UNSIGNED,
    AS_INT64,
    AS_FLAG,
    AS_YES_NO,
    AS_CERTIFICATE,
    AS_CONSTANT
};

struct variable_row {
    const char *name;
    enum variable_group group;
    enum variable_type type;
    size_t offset;      /* of the field in the group's struct */
    const char *absent; /* the value when the group does not exist; the value itself for AS_CONSTANT */
    /* Computes the value instead; the result may borrow from the scope. */
    enum expand_status (*get)(struct evaluation *ev, struct str name, struct str *value);
};

/* A row by name, or NULL. *note: what Exim adds to the error text, or "". */
const struct variable_row *variable_find(struct str name, const char **note);
/* The value; never STR_NULL. It may borrow from the scope. */
enum expand_status variable_value(struct evaluation *ev, const struct variable_row *row, struct str name,
                                  struct str *value);

/* --- Message headers: $h_name: and its kin */

enum header_kind { HEADER_DECODED, HEADER_BASIC, HEADER_LIST, HEADER_RAW };

/* Recognises h_ header_ bh_ bheader_ lh_ lheader_ rh_ rheader_ at p; returns the length, 0: none of them. */
size_t header_prefix(const char *p, const char *end, enum header_kind *kind);
/* The value as the kind says; empty when there is no such header or no message. */
enum expand_status header_value(struct evaluation *ev, enum header_kind kind, struct str name,
                                struct str *value);
bool header_exists(const struct scope *scope, struct str name);

/* --- Nodes */

enum node_kind {
    NODE_TEXT,
    NODE_CAPTURE, /* $1 */
    NODE_VARIABLE,
    NODE_HEADER,
    NODE_OPERATOR, /* ${lc:...} */
    NODE_ITEM,     /* ${if ...}, ${lookup ...} */
    NODE_FAULT,
};

struct node {
    enum node_kind kind;
    union {
        struct str text;
        unsigned capture;
        struct {
            const struct variable_row *row;
            struct str name;
        } variable;
        struct {
            enum header_kind kind;
            struct str name;
        } header;
        const struct operator_node *operation;
        const struct item_node *item;
        const struct fault *fault;
    };
};

struct template
{
    struct str source; /* a template inside another has a slice of its text: not NUL-terminated */
    struct source_pos where;
    const struct node *nodes;
    unsigned node_count;
    const struct fault *fault; /* the first error in it, or NULL */
    const struct fault *unsupported; /* what will be an error where it is used, in what was read up to its end */
};

/* --- Operators: ${name_suffix:operand} */

struct operation {
    struct str name;   /* as written, with the suffix */
    struct str suffix; /* behind the underscore; empty without one */
    struct str operand;
    const struct template *operand_template;
};

struct operator_row {
    const char *name;
    enum expand_status (*apply)(struct evaluation *ev, const struct operation *op, struct buffer *out);
};

struct operator_node {
    const struct operator_row *row;
    struct str name, suffix;
    const struct template *operand;
    const struct fault *fault;
};

/* The row for the part of the name before its suffix, or NULL; *suffix gets what follows. */
const struct operator_row *operator_find(struct str name, struct str *suffix);

/* --- Items: ${name...} */

/* What an item that has {yes}{no} found. */
struct finding {
    bool found;
    struct str value; /* $value in the strings, and the result when there are none */
};

struct item_row {
    const char *name;
    bool (*parse)(struct parser *p, struct item_node *item); /* one of the shapes of parse_item.h */
    unsigned min, max;                                       /* arguments */
    /* One of the three: */
    enum expand_status (*apply)(struct evaluation *ev, const struct str *args, unsigned n,
                                struct buffer *out);
    enum expand_status (*find)(struct evaluation *ev, const struct item_node *item, const struct str *args,
                               struct finding *finding); /* its first `min` arguments; branches follow */
    enum expand_status (*evaluate)(struct evaluation *ev, const struct item_node *item, struct buffer *out);
    unsigned forbid; /* bit of enum scope_forbid that refuses it; 0: none */
};

struct item_node {
    const struct item_row *row;
    const struct template *const *args;
    unsigned arg_count;
    bool fail;                              /* the word `fail` stands in place of {no} */
    const struct condition_node *condition; /* of if and filter */
    const void *extra;                      /* the row's own */
    struct str source;                      /* of the whole item, as template.source */
    const struct fault *fault;              /* the first error in it, or NULL */
};

const struct item_row *item_find(struct str name);

/* What the rows of items that Exim has and Gatepost has not have for their `evaluate`. */
enum expand_status item_refuse(struct evaluation *ev, const struct item_node *item, struct buffer *out);

/* --- Conditions */

struct condition_row {
    const char *name;
    bool (*parse)(struct parser *p, struct condition_node *condition);
    unsigned min, max;
    /* One of the two: */
    enum expand_status (*test)(struct evaluation *ev, const struct condition_node *condition,
                               const struct str *args, bool *yes);
    enum expand_status (*evaluate)(struct evaluation *ev, const struct condition_node *condition, bool *yes);
};

struct condition_node {
    const struct condition_row *row;
    bool negate;
    const struct template *const *args;
    unsigned arg_count;
    const struct condition_node *const *inner; /* of and, or, forany, forall */
    unsigned inner_count;
    struct node variable; /* of def: */
    struct str raw;       /* the list of match_domain and its kin, not expanded here; NUL-terminated */
    const void *extra;    /* the row's own: a regular expression that is constant */
    const struct fault *fault;
};

const struct condition_row *condition_find(struct str name);

/* The same for conditions, their `test`. */
enum expand_status condition_refuse(struct evaluation *ev, const struct condition_node *condition,
                                    const struct str *args, bool *yes);

/* --- The tables, for names.c */

struct item_table {
    const struct item_row *rows;
    size_t count;
};
struct operator_table {
    const struct operator_row *rows;
    size_t count;
};
struct condition_table {
    const struct condition_row *rows;
    size_t count;
};
struct variable_table {
    const struct variable_row *rows; /* in strcmp() order of their names */
    size_t count;
};

#define ROWS(array) \
    { \
        (array), sizeof(array) / sizeof((array)[0]) \
    }

#endif
