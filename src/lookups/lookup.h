/* Lookups (manual, chapter 9): one file per type, one table. Below are the interface of a type and
 * the search around it (partial keys, defaults, options, caching). */
#ifndef LOOKUPS_LOOKUP_H
#define LOOKUPS_LOOKUP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/str.h"

struct arena;

enum lookup_status {
    LOOKUP_FOUND,
    LOOKUP_NOT_FOUND,
    /* Could not be done now; err says why (${lookup} puts `lookup of "KEY" gave DEFER: ` in front). */
    LOOKUP_DEFER,
    /* The file could not be opened or must not be used; err is the whole message. */
    LOOKUP_NO_FILE,
};

/* What a lookup type asks of whoever looks up: matching a key of a wildlsearch file against the
 * subject needs expansions and lists, which live above. */
struct lookup_services {
    /* Does subject match pattern as the one item of a list (kind MATCH_PATTERN)? expand: the pattern is
     * expanded first; a forced failure means it does not match. FOUND, NOT_FOUND or DEFER. */
    enum lookup_status (*match_pattern)(void *ctx, struct str subject, struct str pattern, bool expand,
                                        struct error *err);
    void *ctx;
};

struct lookup_request {
    struct arena *arena;
    struct str file;    /* for single-key types: the absolute file or directory name */
    struct str key;     /* key or query */
    struct str options; /* what followed the type's name behind a comma: "ret=full,filter=dir" */
    const struct lookup_services *services; /* may be NULL: wildlsearch then defers */
};

struct lookup_type {
    const char *name;
    bool single_key;       /* takes a file name; else a query */
    bool keep_results;     /* finding is slow: search_find() remembers the last results */
    /* Opens file (STR_NULL for query types); the handle is kept by the process. NULL: err is set. */
    void *(*open)(struct str file, struct error *err);
    /* Whether the file behind a kept handle is still the one that was opened. NULL: always. */
    bool (*current)(const void *handle, struct str file);
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

/* A parsed search style: [partial[N][(affix)]-]type[*|*@][,options]. */
struct search {
    const struct lookup_type *type;
    int partial; /* -1: not partial; else the least number of non-wild components */
    struct str affix;
    enum { SEARCH_NO_DEFAULT, SEARCH_STAR, SEARCH_STAR_AT } deflt;
    struct str options; /* all that followed the comma */
    bool ret_key;       /* ret=key: the result is the key, untainted */
    bool no_cache_read; /* cache=no_rd */
};

/* Parses a style. False: err holds Exim's text. */
bool search_parse(struct arena *arena, struct str text, struct search *search, struct error *err);

/* Looks key up in file (or as a query: file is STR_NULL then). The result lives in the arena and is
 * untainted; tainted file names are refused. An empty key of a single-key type is found by a default
 * only. parts, which may be NULL: the wild and fixed parts of the key for $1 and $2, set when something was
 * found and the style is a partial one or a default was taken. */
struct search_parts {
    bool set;
    struct str wild, fixed;
};
enum lookup_status search_find(const struct search *search, struct arena *arena, struct str file,
                               struct str key, const struct lookup_services *services,
                               struct search_parts *parts, struct str *result, struct error *err);

/* Forgets results, and the handles whose types cannot tell whether they are current: at the end of a
 * message or session, after a fork. Files whose version is checked at every use stay in memory. */
void search_tidyup(void);

/* Forgets everything, at the end of the process. */
void search_close(void);

/* How many files are kept (option lookup_open_max; 25 at first). The least recently used one goes. */
void search_open_max(unsigned files);

#endif
