/* Inside of list matching: the compiled list, a match under way, and what the files of this room ask
 * of each other. list.h is what others see. */
#ifndef MATCH_WALK_H
#define MATCH_WALK_H

#include "match/cache.h"
#include "match/item.h"
#include "match/list.h"

struct template;
struct strlist;

struct list {
    enum list_kind kind;
    enum item_place place;
    struct source_pos where;
    struct str source;               /* as configured */
    const struct template *template; /* what has to be expanded first; NULL: nothing */
    struct str text;                 /* the text of the items below */
    struct item *items;              /* when there is no template */
    size_t n;
    bool single; /* the text is one item, whatever separators are in it */
    bool cache;  /* of a named list: its results may be cached although it is expanded */
};

/* list_compile() before the list is handed out. */
struct list *list_compile_mutable(struct arena *arena, enum list_kind kind, struct str text,
                                  struct source_pos where);

/* Begins to read the items of the list's text. */
void list_items(const struct list *list, struct str text, struct strlist *items);

/* A list of the one item `text`, whatever separators are in it. keep: as for item_parse(). */
const struct list *list_of_one(struct arena *arena, enum list_kind kind, struct str text, bool keep);

/* A list that is not expanded. */
const struct list *list_compile_plain(struct arena *arena, enum list_kind kind, enum item_place place,
                                      struct str text);

/* One match under way. Nested lists share it. */
struct matching {
    struct scope *scope;
    enum list_kind kind;
    struct str subject; /* as it came; an address has its domain in lower case */
    struct str folded;  /* in lower case */
    const struct match_host *host; /* host lists */
    struct ip ip;                  /* its address; no bits: there is none */
    bool addresses_only;           /* match_ip: the name of the host is not to be asked for */
    bool caseful;   /* +caseful has been seen: it stays in force behind a named list that says it */
    bool captures;  /* an address item sets the numeric variables (31.5) */
    bool unstable;  /* something was expanded: the result is not fit to be cached */
    unsigned depth; /* of named lists */
    const char *option; /* the list is this option's, and the trace calls it so; else NULL */
    struct str value;   /* the data of the matching item */
    struct str why;     /* of FOUND_UNKNOWN and FOUND_LATER */
    struct error *err;
};

/* What became of one item. */
enum found {
    FOUND_NO,
    FOUND_YES,
    FOUND_DEFER,   /* err says why, unless that was logged: then its text is STR_NULL */
    FOUND_UNKNOWN, /* a name or an address could not be found: m->why */
    FOUND_LATER,   /* ... could not be asked for now: m->why */
};

/* Goes through a list (walk.c). */
enum match_result match_walk(struct matching *m, const struct list *list);

/* Items that look at one string: FOUND_NO or _YES or _DEFER (strings.c). subject: what literals are
 * compared with, and keys; original: what regular expressions are matched with. Captures are set. */
enum found match_string_item(struct matching *m, const struct item *item, struct str subject,
                             struct str original, bool caseful);
enum found match_regex(struct matching *m, const struct item *item, struct str subject, bool caseful,
                       bool set_captures);

/* Items of a kind of list (strings.c, hosts.c, addresses.c). */
enum found match_domain_item(struct matching *m, const struct item *item);
enum found match_local_part_item(struct matching *m, const struct item *item);
enum found match_host_item(struct matching *m, const struct item *item);
enum found match_address_item(struct matching *m, const struct item *item);

/* Matches an item with each of the host's names, which are looked up when they are not known (host_names.c). */
enum found match_host_names(struct matching *m, const struct item *item,
                            enum found (*match)(struct matching *m, const struct item *item, struct str name));

/* Whether the host's address is one of the name's (host_names.c). */
enum found match_addresses_of(struct matching *m, struct str name);

/* @mx_any and its kin (mx.c). */
enum found match_mx_item(struct matching *m, const struct item *item);

/* Looks an item's key up (searches.c); m->value is the data. parts: see search_find(). */
enum found match_search(struct matching *m, const struct item *item, struct str key,
                        struct search_parts *parts);

/* Sets $0 and the next two (searches.c). */
void match_set_captures(struct matching *m, const struct str *captures, unsigned n);

/* Logs what Exim writes to the main and panic logs by itself and gives FOUND_DEFER with an empty err:
 * there is no more to say (walk.c). */
enum found match_panic(struct matching *m, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
