/* Lookups (manual, chapter 9): one file per type, one table. Below are the interface of a type and
 * the search around it (partial keys, defaults, options, caching). */
#ifndef LOOKUPS_LOOKUP_H
#define LOOKUPS_LOOKUP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/module.h"
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

/* What a lookup asks of whoever looks up: matching a key of a wildlsearch file against the subject
 * needs expansions and lists, which live above. */
struct lookup_services {
    /* Does subject match pattern as the one item of a list (kind MATCH_PATTERN)? expand: the pattern is
     * expanded first; a forced failure means it does not match. FOUND, NOT_FOUND or DEFER. */
    enum lookup_status (*match_pattern)(void *ctx, struct str subject, struct str pattern, bool expand,
                                        struct error *err);
    /* What of the configuration is being used, for log lines: "ACL warn, FILE 13"; STR_NULL: not known.
     * May be NULL. */
    struct str (*place)(void *ctx, struct arena *arena);
    void *ctx;
    /* Whether a DNS lookup was validated by DNSSEC: "yes", "no", or empty when that was not asked. May be NULL. */
    void (*validated)(void *ctx, struct str answer);
    bool secret; /* the key may have a password in it: it must not be logged */
};

struct lookup_request {
    struct arena *arena;
    struct str file;    /* the absolute file or directory name, for types that have one */
    struct str key;     /* key or query */
    struct str options; /* what followed the type's name behind a comma: "ret=full,filter=dir" */
    const struct lookup_services *services; /* may be NULL: wildlsearch then defers */
    /* For find() to set, of types that keep results: what was asked for may have changed the data, so that
     * neither this result nor any before it must be kept. */
    bool *changed;
    uint32_t *lifetime; /* likewise: for how many seconds the result may be kept; UINT32_MAX: any time */
};

/* What main options say to lookup types. */
struct lookup_settings {
    struct str sqlite_dbfile;  /* STR_NULL or empty: not set */
    int sqlite_lock_timeout;   /* seconds */
    struct str redis_servers;  /* STR_NULL: not set */
    /* STR_NULL: not set */
    struct str ldap_default_servers, ldap_ca_cert_dir, ldap_ca_cert_file, ldap_cert_file, ldap_cert_key;
    struct str ldap_cipher_suite, ldap_require_cert;
    bool ldap_start_tls;
    int ldap_version; /* -1: the library's best */
};

/* The taint (base/str.h) of text that was quoted for the queries of one type: one bit for each. */
enum lookup_quoted {
    LOOKUP_QUOTED_SQLITE = 1 << 1,
    LOOKUP_QUOTED_REDIS = 1 << 2,
    LOOKUP_QUOTED_LDAP = 1 << 3,
};

struct lookup_type {
    const char *name;
    bool single_key;       /* takes a file name; else a query */
    /* For types whose queries go to a file: the file where a query names none (9.26). NULL: they do not. */
    struct str (*default_file)(const struct lookup_settings *settings);
    bool keep_results;     /* finding is slow: search_find() remembers the last results */
    /* Opens file (STR_NULL for query types); the handle is kept by the process. NULL: err is set. */
    void *(*open)(struct str file, struct error *err);
    /* Whether the file behind a kept handle is still the one that was opened. NULL: always. */
    bool (*current)(const void *handle, struct str file);
    enum lookup_status (*find)(void *handle, const struct lookup_request *request, struct str *result,
                               struct error *err);
    void (*close)(void *handle);
    /* Checks the user and the password that are in a query: FOUND, NOT_FOUND or DEFER. NULL: cannot. */
    enum lookup_status (*authenticate)(void *handle, struct arena *arena, struct str query, struct error *err);
    /* ${quote_<name>:...}: NULL when the type has no quoting of its own. STR_NULL: bad option. */
    struct str (*quote)(struct arena *arena, struct str text, struct str option);
    enum lookup_quoted quoted; /* what ${quote_<name>:...} makes of taint */
    void (*version_report)(struct buffer *out);
};

/* The table. find loads a module where the build says so; NULL: err (which may be NULL) says why. mapped does not
 * load, and is NULL for what is in a module that nobody has loaded. each
 * goes through the types in the order of -bV; module: the one that the type is in, NULL: built in. */
const struct lookup_type *lookup_type_find(struct str name, struct error *err);
const struct lookup_type *lookup_type_mapped(struct str name);
void lookup_type_each(void (*each)(void *ctx, const char *name, const char *module), void *ctx);
/* Types of Exim that this build has not got. */
void lookup_type_each_unsupported(void (*each)(void *ctx, const char *name), void *ctx);

/* What a loadable module exports under the name LOOKUP_MODULE_SYMBOL: types, a NULL behind the last. */
#define LOOKUP_MODULE_SYMBOL "gatepost_lookup_module"
struct lookup_module {
    struct module_head head;
    const struct lookup_type *types[8];
};

/* Behind the types of a file, with a pointer to each: exports them when the file is built as a module. */
#ifdef GATEPOST_MODULE
#define LOOKUP_EXPORT(...) \
    __attribute__((visibility("default"))) extern const struct lookup_module gatepost_lookup_module; \
    const struct lookup_module gatepost_lookup_module = {{MODULE_BUILD}, {__VA_ARGS__, NULL}};
#else
#define LOOKUP_EXPORT(...)
#endif

/* Puts the settings in force for the process; strings are copied. */
void lookup_configure(const struct lookup_settings *settings);
const struct lookup_settings *lookup_settings(void);

/* Checks the user and the password that are in a query of that type, over a connection of its own. NO_FILE: this build
 * has no such type, or it cannot; err says which. */
enum lookup_status lookup_authenticate(const char *name, struct arena *arena, struct str query, struct error *err);

/* The distinguished name of the last entry that an LDAP lookup found, for $ldap_dn; STR_NULL: there was none. */
void lookup_set_ldap_dn(struct str name);
struct str lookup_ldap_dn(void);

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

/* Looks key up in file (or as a query: file is STR_NULL then). A query to a file says which with the option
 * `file=`, or in its first word when that begins with a slash; else it is the type's default_file(). The
 * result lives in the arena and is untainted; tainted file names are refused, and tainted text in a query
 * that is not quoted for its type is logged (9.2). An empty key of a single-key type is found by a default
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
 * message or session, before a fork. Files whose version is checked at every use stay in memory. */
void search_tidyup(void);

/* Forgets everything, at the end of the process. */
void search_close(void);

/* How many files are kept (option lookup_open_max; 25 at first). The least recently used one goes. */
void search_open_max(unsigned files);

#endif
