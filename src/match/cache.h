/* Results of named lists, kept for as long as a message lasts (manual, 10.8). */
#ifndef MATCH_CACHE_H
#define MATCH_CACHE_H

#include "match/list.h"

/* A kept result for a list and a subject. False: there is none. A NULL cache has nothing. */
bool match_cache_get(const struct match_cache *cache, const struct list *list, struct str subject,
                     enum match_result *result, struct str *value);

/* Keeps a result (MATCH_NO or MATCH_YES); a NULL cache keeps nothing. */
void match_cache_put(struct match_cache *cache, const struct list *list, struct str subject,
                     enum match_result result, struct str value);

#endif
