/* Option tables: what a part of the program can be told in the configuration file. A row says
 * the option's name, its type, where its value goes, its default and whether it is in use. The
 * configuration reader fills the values, -bP prints them, -bV and the manual list them. */
#ifndef BASE_OPTION_H
#define BASE_OPTION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct template; /* src/expand: a compiled expansion */
struct list;     /* src/match: a compiled list */

enum option_type {            /* type of the field at `offset` */
    OPTION_STRING,            /* struct str: taken as it is; STR_NULL when unset */
    OPTION_TEMPLATE,          /* const struct template *: expanded when used; NULL when unset */
    OPTION_INT_TEMPLATE,      /* const struct template *: an integer, or expanded when used if there is a $ in it */
    OPTION_TIME_TEMPLATE,     /* const struct template *: an interval, or the same */
    OPTION_TEMPLATE_LIST,     /* struct option_templates: split at colons first, each item expanded when used */
    OPTION_BOOL,              /* bool: x, no_x, not_x, x = yes|true|no|false */
    OPTION_INT,               /* int: decimal, octal with 0, hex with 0x; K, M, G */
    OPTION_MKINT,             /* int: the same, printed with K or M where that is exact */
    OPTION_OCTAL,             /* int: always octal, printed so */
    OPTION_KINT,              /* int: in kilobytes; K, M, G */
    OPTION_TIME,              /* int: seconds; 1h30m */
    OPTION_TIME_LIST,         /* struct option_times */
    OPTION_FIXED,             /* int: thousandths; up to three decimals; -1 when unset */
    OPTION_UID,               /* struct option_id: a number or a login name */
    OPTION_GID,               /* struct option_id */
    OPTION_UID_LIST,          /* struct option_ids */
    OPTION_GID_LIST,          /* struct option_ids */
    OPTION_DOMAIN_LIST,       /* const struct list *: NULL when unset */
    OPTION_HOST_LIST,         /* const struct list * */
    OPTION_ADDRESS_LIST,      /* const struct list * */
    OPTION_LOCAL_PART_LIST,   /* const struct list * */
    OPTION_REWRITE,           /* struct str: rewriting rules, kept as text */
};

struct option_templates {
    const struct template **v;
    size_t n;
    struct str text; /* as it was set, for -bP; STR_NULL: unset */
};

struct option_times {
    int *seconds;
    size_t n;
};

struct option_id {
    unsigned id;
    bool set;
};

struct option_ids {
    unsigned *v;
    size_t n;
};

/* Where an option stands (design, compatibility rule 1). */
enum option_state {
    OPTION_USED,    /* set it and it works */
    OPTION_REFUSED, /* Exim knows it, this build does not do it: one clear error when it is set */
    OPTION_SYNONYM, /* another name of the option that default_text names */
};

struct option {
    const char *name;
    enum option_type type;
    enum option_state state;
    size_t offset;             /* of the value in the options struct; unused for OPTION_REFUSED */
    const char *default_text;  /* as an admin would write it, read like a setting; NULL: unset, zero, false */
};

#endif
