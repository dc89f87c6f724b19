/* Options that say by a word what becomes of an address: host_find_failed and host_all_ignored of manualroute
 * (manual, 20.1). Private to src/routers. */
#ifndef ROUTERS_OUTCOME_H
#define ROUTERS_OUTCOME_H

#include <stdbool.h>

#include "base/str.h"

enum outcome {
    OUTCOME_DECLINE,
    OUTCOME_DEFER,
    OUTCOME_FAIL,
    OUTCOME_FREEZE,
    OUTCOME_IGNORE,
    OUTCOME_PASS,
};

/* False: the word is none of them. */
bool outcome_of(struct str word, enum outcome *outcome);
const char *outcome_name(enum outcome outcome);

#endif
