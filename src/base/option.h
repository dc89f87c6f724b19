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
    OPTION_COMMAND,           /* struct str: split into words first, each expanded when used */
    OPTION_INT_TEMPLATE,      /* const struct template *: an integer, or expanded when used if there is a $ in it */
    OPTION_TIME_TEMPLATE,     /* const struct template *: an interval, or the same */
    OPTION_TEMPLATE_LIST,     /* struct option_templates: split at colons first, each item expanded when used */
    OPTION_BOOL,              /* bool: x, no_x, not_x, x = yes|true|no|false */
    OPTION_TRISTATE,          /* struct option_bool: the same, and whether it was set */
    OPTION_BOOL_TEMPLATE,     /* struct option_bool: the same, or expanded when used if there is a $ in it */
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
    OPTION_USER_TEMPLATE,     /* struct option_account: a number or a login name, or expanded when used */
    OPTION_GROUP_TEMPLATE,    /* struct option_account */
    /* const struct template *: what can be set several times, all of which counts. */
    OPTION_HEADERS,           /* joined by newlines */
    OPTION_HEADER_NAMES,      /* joined by colons */
    OPTION_VARIABLES,         /* joined by semicolons */
    OPTION_CONDITION,         /* joined by ${if and} */
};

/* The C type of the field of an option of that type, for structs that are made from a list of options. */
#define OPTION_FIELD_STRING struct str
#define OPTION_FIELD_TEMPLATE const struct template *
#define OPTION_FIELD_COMMAND struct str
#define OPTION_FIELD_INT_TEMPLATE const struct template *
#define OPTION_FIELD_TIME_TEMPLATE const struct template *
#define OPTION_FIELD_TEMPLATE_LIST struct option_templates
#define OPTION_FIELD_BOOL bool
#define OPTION_FIELD_TRISTATE struct option_bool
#define OPTION_FIELD_BOOL_TEMPLATE struct option_bool
#define OPTION_FIELD_INT int
#define OPTION_FIELD_MKINT int
#define OPTION_FIELD_KINT int
#define OPTION_FIELD_OCTAL int
#define OPTION_FIELD_TIME int
#define OPTION_FIELD_TIME_LIST struct option_times
#define OPTION_FIELD_FIXED int
#define OPTION_FIELD_UID struct option_id
#define OPTION_FIELD_GID struct option_id
#define OPTION_FIELD_UID_LIST struct option_ids
#define OPTION_FIELD_GID_LIST struct option_ids
#define OPTION_FIELD_DOMAIN_LIST const struct list *
#define OPTION_FIELD_HOST_LIST const struct list *
#define OPTION_FIELD_ADDRESS_LIST const struct list *
#define OPTION_FIELD_LOCAL_PART_LIST const struct list *
#define OPTION_FIELD_REWRITE struct str
#define OPTION_FIELD_USER_TEMPLATE struct option_account
#define OPTION_FIELD_GROUP_TEMPLATE struct option_account
#define OPTION_FIELD_HEADERS const struct template *
#define OPTION_FIELD_HEADER_NAMES const struct template *
#define OPTION_FIELD_VARIABLES const struct template *
#define OPTION_FIELD_CONDITION const struct template *

struct option_bool {
    bool value;
    bool set;
    const struct template *expanded; /* NULL: value counts */
};

/* A user or a group. */
struct option_account {
    bool set;    /* id counts; it was looked up when the configuration was read */
    unsigned id;
    bool has_group; /* of a login name: its own group */
    unsigned group;
    const struct template *expanded; /* NULL: none, or fixed */
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
    OPTION_ABSENT,  /* as OPTION_REFUSED, and usual builds of Exim do not have it either: -bP does not show it */
    OPTION_PAIR,    /* bool: sets the two options NAME_recipient and NAME_sender */
};

struct option {
    const char *name;
    enum option_type type;
    enum option_state state;
    size_t offset;             /* of the value in the options struct; unused for OPTION_REFUSED */
    const char *default_text;  /* as an admin would write it, read like a setting; NULL: unset, zero, false */
};

#endif
