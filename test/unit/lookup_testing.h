/* Looking up with a type itself, whether it is built in or in a module. */
#ifndef UNIT_LOOKUP_TESTING_H
#define UNIT_LOOKUP_TESTING_H

#include "lookups/lookup.h"
#include "temp_files.h"

/* The outcome in one line: "=RESULT"; "no"; "defer TEXT"; "nofile TEXT". options is what follows a style's
 * comma, NULL for nothing. The key counts as tainted unless it is a query. */
const char *look_up_type(struct temp_files *files, const struct lookup_type *type, const char *options,
                         struct str file, struct str key);

#endif
