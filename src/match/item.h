/* One item of a list, taken apart. What an item may be depends on the kind of its list and on where
 * it stands: manual, 10.3 and 10.9 to 10.22. */
#ifndef MATCH_ITEM_H
#define MATCH_ITEM_H

#include <stdbool.h>

#include "base/ip.h"
#include "base/str.h"
#include "lookups/lookup.h"
#include "match/list.h"

struct regex;

/* A regular expression that is kept with its item; compiled when it is first used. */
struct item_regex {
    struct arena *arena;
    const struct regex *caseless; /* NULL: not yet */
};

enum item_type {
    /* Any kind of list */
    ITEM_EMPTY,
    ITEM_LITERAL,
    ITEM_SUFFIX, /* *rest */
    ITEM_REGEX,
    ITEM_LOOKUP,
    ITEM_NAMED, /* +name */
    ITEM_FILE,
    ITEM_CONTROL, /* +caseful, +include_unknown ... */
    /* Domain lists */
    ITEM_PRIMARY,  /* @: primary_hostname; in host lists as ITEM_HOST_NAME */
    ITEM_LOCAL_IP, /* @[]; in host lists too */
    ITEM_MX,       /* @mx_any and its kin */
    /* Host lists */
    ITEM_ANY_HOST, /* * */
    ITEM_NETWORK,  /* an address, or a network */
    ITEM_BAD_NETWORK,
    ITEM_HOST_NAME, /* a plain name: its addresses count */
    ITEM_NET_LOOKUP,
    /* Address lists */
    ITEM_ADDRESS,   /* local@domain, or a domain item alone */
    ITEM_AT_LOOKUP, /* @@lookup */
};

enum control {
    CONTROL_CASEFUL,
    CONTROL_INCLUDE_UNKNOWN,
    CONTROL_IGNORE_UNKNOWN,
    CONTROL_INCLUDE_DEFER,
    CONTROL_IGNORE_DEFER,
};

/* Where an item stands: which of the forms count. */
enum item_place {
    PLACE_LIST,     /* in the list itself: all of them */
    PLACE_MATCH_IP, /* in a list of match_ip: lookups are by address without being told so */
    PLACE_FILE,     /* in a file that a list names: neither files, named lists nor controls */
    PLACE_PATTERN,  /* a key of a wildlsearch file, a local part that an @@ lookup gave: nor `@` */
};

struct item_lookup {
    struct search search;
    struct str file, query; /* what search_find() wants: one of them; by-subject keys come with the match */
    struct str type_name;   /* as written, for error texts */
    struct str error;       /* the style could not be parsed: why */
    int mask;               /* ITEM_NET_LOOKUP: bits of the address that are looked up; -1: a bare address */
    bool partial_ignored;   /* a partial style in an address list: is not applicable, and said so */
};

struct item_network {
    struct ip ip;
    unsigned length;
};

struct item_address {
    struct str local;          /* STR_NULL: any */
    bool local_suffix;         /* it began with an asterisk, which is not part of it */
    const struct list *domain; /* a domain list of one item */
};

struct item {
    enum item_type type;
    bool negated;
    struct str raw;  /* as it stands in the list, `!` included */
    struct str text; /* without that: what a match gives as its value */
    struct str arg;  /* what follows the *, the + or the >; the pattern; the file name; the host name */
    union {
        enum control control;
        struct item_regex *regex; /* NULL: the item is too short-lived to keep one */
        struct item_lookup *lookup;
        struct item_network network;
        struct item_address *address;
    };
};

/* Takes an item apart; never fails: an item that makes no sense says so when it is reached. keep: the
 * item lives long, so that what is compiled later is worth keeping with it. */
void item_parse(struct arena *arena, enum list_kind kind, enum item_place place, struct str raw, bool keep,
                struct item *item);

#endif
