/* Domain, host, address and local-part lists (manual, chapter 10), compiled: a list whose text does
 * not depend on anything is taken apart once, when the configuration is read. */
#ifndef MATCH_LIST_H
#define MATCH_LIST_H

#include <stdbool.h>

#include "base/error.h"
#include "base/source.h"
#include "base/str.h"
#include "expand/scope.h"

enum list_kind { LIST_DOMAIN, LIST_HOST, LIST_ADDRESS, LIST_LOCAL_PART };

struct list;        /* a compiled list */
struct named_lists; /* domainlist, hostlist, addresslist, localpartlist of a configuration */

/* Compiles the text (copied). Never fails: bad items raise their error when they are reached. */
const struct list *list_compile(struct arena *arena, enum list_kind kind, struct str text,
                                struct source_pos where);
/* The same for a text that is a single item, whatever separators are in it. */
const struct list *list_compile_item(struct arena *arena, enum list_kind kind, struct str text,
                                     struct source_pos where);
struct str list_source(const struct list *list);

/* Reports what can be known to be wrong with the list before anything is matched. It may be NULL. */
struct complaints;
void list_complain(const struct list *list, const struct named_lists *named, const struct complaints *complaints);

/* Named lists. */
struct named_lists *named_lists_new(struct arena *arena);
/* hide: not shown by -bP to unprivileged users; cache: domainlist_cache and friends. False: the name
 * is taken already or bad (err says so in Exim's words). */
bool named_lists_add(struct named_lists *lists, enum list_kind kind, struct str name, struct str text,
                     bool hide, bool cache, struct source_pos where, struct error *err);
const struct list *named_lists_find(const struct named_lists *lists, enum list_kind kind, struct str name);
bool named_lists_hidden(const struct named_lists *lists, enum list_kind kind, struct str name);
void named_lists_each(const struct named_lists *lists, enum list_kind kind,
                      void (*each)(void *ctx, struct str name, const struct list *list, bool hide),
                      void *ctx);

/* The remote host a host list is matched against. */
struct match_host {
    struct str address; /* empty: a local submission, which only an empty item matches */
    struct str name;    /* when known; else scope->services->find_host_name() is asked when needed */
};

/* Is the host, domain, address or local part in the list? A NULL list: MATCH_NO. value (may be NULL)
 * gets the data of the matching item (lookup result, or the item; STR_NULL when there is none, as for
 * hosts that match by address). MATCH_DEFER and MATCH_ERROR: err (may be NULL) says why; its text is
 * STR_NULL when the reason is already in the main and panic logs, where Exim too writes it by itself.
 * Captured strings are left in scope->captures. Named lists are scope->lists. Working memory is
 * scope->arena; a list that needs no expanding takes next to nothing of it. */
enum match_result list_match_host(struct scope *scope, const struct list *list, const struct match_host *host,
                                  struct str *value, struct error *err);
enum match_result list_match_connection(struct scope *scope, const struct list *list, struct str *value,
                                        struct error *err); /* scope->connection's peer */
enum match_result list_match(struct scope *scope, const struct list *list, struct str subject,
                             struct str *value, struct error *err);

/* The same for an address, with the numeric variables set as rewriting rules want it (manual, 31.5). */
enum match_result list_match_rewriting(struct scope *scope, const struct list *list, struct str address);

/* The same for the list of a main option, which the trace calls by the option's name. A NULL list is
 * an option that is not set: the trace says so. */
enum match_result list_match_connection_option(struct scope *scope, const struct list *list,
                                               const char *option, struct error *err);
enum match_result list_match_option(struct scope *scope, const struct list *list, const char *option,
                                    struct str subject, struct error *err);

/* Results of named lists, kept while scope->match_cache is set (manual, 10.8): make one per session, in
 * its arena; clear it when a message, or whatever the results belong to, has ended. NULL may be cleared. */
struct match_cache *match_cache_new(struct arena *arena);
void match_cache_clear(struct match_cache *cache);

/* The service behind match_domain, match_ip and so on (struct scope_services.match). */
enum match_result list_match_text(struct scope *scope, enum match_kind kind, struct str subject,
                                  struct str text, struct str *value, struct error *err);

/* The service behind listnamed (struct scope_services.named_list): the list's text, with the named lists
 * it refers to put in their places and colons as separators. kind: 'd', 'h', 'a', 'l', or 0 for any.
 * False: err holds Exim's text. */
bool list_named_text(struct scope *scope, struct str name, char kind, struct str *value, struct error *err);

/* Logs `no IP address found for host NAME`, and for whom that was asked, where log_selector has
 * host_lookup_failed. */
void match_report_no_address(struct scope *scope, struct str name);

#endif
