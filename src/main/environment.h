/* The environment that expansions and child processes see (manual, 14: keep_environment, add_environment). */
#ifndef MAIN_ENVIRONMENT_H
#define MAIN_ENVIRONMENT_H

#include <stdbool.h>

#include "base/error.h"
#include "base/str.h"

/* Removes every variable that keep does not name (STR_NULL: all; *purged says whether there was any) and
 * adds those of add. False: err says which item is malformed. */
bool environment_clean(struct arena *arena, struct str keep, struct str add, bool *purged, struct error *err);

#endif
