/* Lookups (manual, chapter 9): one file per type, one table. Below are the interface of a type and
 * the search around it (partial keys, defaults, options, caching). */
#ifndef LOOKUPS_LOOKUP_H
#define LOOKUPS_LOOKUP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/str.h"

enum lookup_status {
    LOOKUP_FOUND,
    LOOKUP_NOT_FOUND,
    LOOKUP_DEFER, /* could not be done now; err says why */
};

/* What a lookup type asks of whoever looks up: matching a key of a wildlsearch or iplsearch file
 * against the subject needs expansions and lists, which live above. */
struct lookup_services {
    /* Does subject match pattern as an item of a domain list (wildlsearch, nwildlsearch)?
     * expand: the pattern is expanded first. */
    enum lookup_status (*match_pattern)(void *ctx, struct str subject, struct str pattern, bool expand,
                                        struct error *err);
    /* Does an IP address lie in the network `pattern`? */
    bool (*match_network)(void *ctx, struct str address, struct str pattern);
    void *ctx;
};

struct lookup_request {
    struct arena *arena;
    struct str file;    /* for single-key types: the absolute file or directory name */
    struct str key;     /* key or query */
    struct str options; /* what followed the type's name behind a comma, without ret= and cache= */
    const struct lookup_services *services;
    bool *do_not_cache; /* set by the type when the result must not be cached */
};

struct lookup_type {
    const char *name;
    bool single_key;       /* takes a file name; else a query */
    bool is_directory;     /* its file is a directory */
    bool any_key;          /* an empty key is allowed */
    /* Opens file (NULL for query types); the handle is cached per process. NULL: err is set. */
    void *(*open)(struct str file, struct error *err);
    enum lookup_status (*find)(void *handle, const struct lookup_request *request, struct str *result,
                               struct error *err);
    void (*close)(void *handle);
    /* ${quote_<name>:...}: NULL when the type has no quoting of its own. STR_NULL: bad option. */
    struct str (*quote)(struct arena *arena, struct str text, struct str option);
    void (*version_report)(struct buffer *out);
};

/* The table. */
const struct lookup_type *lookup_type_find(struct str name);
/* Names for -bV ("Lookups (built-in): ..."), in the table's order. */
void lookup_type_names(void (*each)(void *ctx, const struct lookup_type *type), void *ctx);

/* A parsed search style: [partial[N][(affix)]-]type[,options][*|*@]. */
struct search {
    const struct lookup_type *type;
    int partial; /* -1: not partial; else the least number of non-wild components */
    struct str affix;
    enum { SEARCH_NO_DEFAULT, SEARCH_STAR, SEARCH_STAR_AT } deflt;
    struct str options; /* without ret=, cache= */
    bool ret_key;       /* ret=key */
    bool ret_full;      /* ret=full (dsearch) stays in options; here only key */
    bool no_cache_read; /* cache=no_rd */
};

/* Parses a style. False: err holds Exim's text. */
bool search_parse(struct arena *arena, struct str text, struct search *search, struct error *err);

/* Looks key up in file (or as a query). parts: when not NULL, set to the wild and fixed parts of a
 * partial match for $1 $2. The result lives in the arena; tainted file names are refused. */
struct search_parts {
    bool set;
    struct str wild, fixed;
};
enum lookup_status search_find(const struct search *search, struct arena *arena, struct str file, struct str key,
                               const struct lookup_services *services, struct search_parts *parts,
                               struct str *result, struct error *err);

/* Forgets cached handles and results (end of a message or session, after a fork). */
void search_tidyup(void);

#endif
