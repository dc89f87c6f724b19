/* Matching with a single pattern: the keys of wildlsearch files. */
#ifndef MATCH_PATTERN_H
#define MATCH_PATTERN_H

#include "lookups/lookup.h"
#include "match/list.h"

/* Is subject matched by the pattern alone (kind MATCH_PATTERN)? No captures are left. */
enum match_result match_pattern(struct scope *scope, struct str subject, struct str pattern,
                                struct error *err);

/* The function for struct lookup_services; its ctx is a struct scope. */
enum lookup_status match_pattern_service(void *scope, struct str subject, struct str pattern, bool expand,
                                         struct error *err);

#endif
