/* What an ACL is inside: the compiled form, the rows of the tables of verbs, conditions and modifiers,
 * and the state of an ACL that is being run. Private to src/acl. */
#ifndef ACL_COMPILED_H
#define ACL_COMPILED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "acl/acl.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/source.h"
#include "base/str.h"
#include "expand/expand.h"
#include "match/list.h"

/* Sets of places where ACLs run. */
#define ACL_AT(where) (UINT32_C(1) << ACL_WHERE_##where)
#define ACL_ANYWHERE ((UINT32_C(1) << ACL_WHERE_COUNT) - 1)
#define ACL_NON_SMTP (ACL_AT(NOTSMTP) | ACL_AT(NOTSMTP_START))
/* Where a message is being received. */
#define ACL_RECEIVING \
    (ACL_AT(MAIL) | ACL_AT(RCPT) | ACL_AT(PREDATA) | ACL_AT(DATA) | ACL_AT(MIME) | ACL_AT(PRDR) | \
     ACL_AT(DKIM) | ACL_NON_SMTP)

/* --- Verbs (manual, 44.18) */

enum acl_verb_id {
    VERB_ACCEPT,
    VERB_DEFER,
    VERB_DENY,
    VERB_DISCARD,
    VERB_DROP,
    VERB_REQUIRE,
    VERB_WARN,
    VERB_COUNT
};

struct acl_verb {
    const char *name;
    enum acl_verb_id id;
    bool endpass; /* may have `endpass` among its conditions */
};

/* The verb of that name (case matters, as in Exim), or NULL. */
const struct acl_verb *acl_verb_find(struct str name);

/* --- Conditions and modifiers (44.21, 44.26) */

struct acl_run;
struct acl_item;

/* What a condition yields; modifiers yield CHECK_TRUE, CHECK_DEFER or CHECK_ERROR. */
enum acl_check {
    CHECK_TRUE,
    CHECK_FALSE,
    CHECK_DROP,    /* false, because a nested ACL said `drop` */
    CHECK_DISCARD, /* a nested ACL said `discard` */
    CHECK_DEFER,
    CHECK_ERROR,
};

/* What stands behind the equals sign, and when it is expanded. */
enum acl_argument {
    ARGUMENT_NONE,     /* endpass */
    ARGUMENT_VALUE,    /* expanded before the row's function is called */
    ARGUMENT_VARIABLE, /* the same, behind a variable's name: set */
    ARGUMENT_LIST,     /* a list, matched by the row's function */
    ARGUMENT_CALL,     /* an ACL with arguments, each expanded on its own */
    ARGUMENT_MESSAGE,  /* expanded when the statement is decided */
};

struct acl_kind {
    const char *name;
    bool modifier; /* no condition: it cannot be negated */
    bool refused;  /* Exim knows it, this version does not do it */
    enum acl_argument argument;
    enum list_kind list; /* for ARGUMENT_LIST */
    uint32_t allowed;    /* ACL_AT(...): where it may be used */
    /* Looks at a fixed argument when the ACL is compiled: what this version cannot do is refused
     * then. NULL: nothing to look at. False: err. */
    bool (*inspect)(struct str fixed, struct error *err);
    /* Tests or acts; value is the expanded argument of ARGUMENT_VALUE and ARGUMENT_VARIABLE. */
    enum acl_check (*check)(struct acl_run *run, const struct acl_item *item, struct str value);
};

/* The row of that name, or NULL. */
const struct acl_kind *acl_kind_find(struct str name);

/* --- Compiled ACLs */

/* Room for one more behind n elements of size octets: the array, moved when it had to grow. */
void *acl_room(struct arena *arena, void *array, size_t n, size_t size);

/* The words of `acl = name argument ...`. */
struct acl_call {
    struct str name_text;       /* the first word as written */
    const struct template *name;
    const struct template *args[SCOPE_ACL_ARGS];
    unsigned nargs;
};

/* One condition or modifier of a statement. */
struct acl_item {
    const struct acl_kind *kind;
    bool negated;
    struct str text;     /* the argument as written */
    struct str variable; /* of `set`: acl_c... or acl_m... */
    union {              /* by kind->argument */
        const struct template *value; /* NONE: unused; VALUE, VARIABLE, MESSAGE */
        const struct list *list;
        const struct acl_call *call;
    } u;
};

struct acl_statement {
    const struct acl_verb *verb;
    struct source_pos where;
    struct acl_item *items;
    size_t n;
};

struct acl {
    struct str name;  /* STR_NULL: inline */
    struct str label; /* as log and debugging lines call it: ACL "name", or inline ACL */
    bool named;       /* in the configuration, not in a file of its own or inline */
    struct acl_statement *statements;
    size_t n;
};

/* Compiles logical lines. named: an ACL of the configuration, so that errors are Exim's for the
 * configuration file ("error in ACL: ..."). NULL: err. What it makes lives in the arena. */
struct acl *acl_compile_lines(struct arena *arena, struct str name, const struct source_lines *lines,
                              bool named, struct error *err);

/* Takes text apart into logical lines, as the configuration reader does: comments and blank lines
 * left out, continuations joined. file: for the places; NULL: inline text. */
struct source_lines acl_text_lines(struct arena *arena, struct str text, const char *file);

/* The ACLs of a set, in the order of their names. */
size_t acl_count(const struct acl_set *set);
const struct acl *acl_at(const struct acl_set *set, size_t i);

/* The ACL that an expanded spec stands for: a name, an absolute file name, inline text. What must be
 * compiled now and cannot be kept goes to the context's arena. NULL: err. */
const struct acl *acl_find(const struct acl_context *context, struct str spec, struct error *err);

/* --- Running */

struct acl_run {
    struct acl_context *context;
    const struct acl *acl;
    const struct acl_statement *statement;
    const struct acl_item *message;      /* the statement's last `message` and `log_message` so far */
    const struct acl_item *log_message;
    bool endpass;                        /* `endpass` was passed */
    struct str user_text, log_text;      /* what conditions and nested ACLs have said */
};

/* Finds and runs the ACL for an expanded spec; what the place forbids as a result is not looked at. */
enum acl_result acl_run_spec(struct acl_context *context, struct str spec, struct acl_outcome *outcome);

/* Leaves in the run why a check went wrong, for the log, and returns the status. */
enum acl_check acl_say(struct acl_run *run, enum acl_check status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Expands t. CHECK_TRUE: *value; a forced failure leaves the empty string there and sets *forced.
 * CHECK_ERROR: said already; text is what the error calls the string. */
enum acl_check acl_expand(struct acl_run *run, const struct template *t, struct str text, struct str *value,
                          bool *forced);

/* --- Messages (44.21) */

/* Works out user_text and log_text when the conditions' status decides the statement in a way that its
 * messages are for. */
void acl_use_messages(struct acl_run *run, enum acl_check status);

/* What `warn` does with its texts when its conditions are true, and when they cannot be tested. */
void acl_warn(struct acl_run *run);
void acl_warn_skipped(struct acl_run *run);

/* add_header and the message of warn: the lines of text go to the host one by one. */
void acl_add_headers(struct acl_context *context, struct str text);

#endif
