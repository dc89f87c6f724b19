/* What the process keeps of lookups: open handles, and the last results of slow types. */
#ifndef LOOKUPS_CACHE_H
#define LOOKUPS_CACHE_H

#include "lookups/lookup.h"

struct kept; /* a kept handle */

/* The handle for a file (STR_NULL for query types): a kept one when it is current, else a new one.
 * NULL: it could not be opened, err is set. It stays as it is until cache_release(), whatever other
 * lookups happen meanwhile: a key of a wildlsearch file may itself look something up. */
struct kept *cache_open(const struct lookup_type *type, struct str file, struct error *err);
void cache_release(struct kept *kept);

void *kept_handle(const struct kept *kept);

/* A result that was kept for that key and those options. False: there is none. */
bool cache_get(const struct kept *kept, struct str key, struct str options, struct arena *arena,
               enum lookup_status *status, struct str *result);

/* Keeps a result (LOOKUP_FOUND or LOOKUP_NOT_FOUND) for so many seconds; UINT32_MAX: for any time. */
void cache_put(struct kept *kept, struct str key, struct str options, enum lookup_status status,
               struct str result, uint32_t lifetime);

/* Forgets the results that were kept. */
void cache_forget(struct kept *kept);

#endif
