/* The options of a search style: what follows the type's name behind a comma, as `name=value` pairs
 * with commas between them. Unknown ones are ignored, as Exim does. */
#ifndef LOOKUPS_OPTION_H
#define LOOKUPS_OPTION_H

#include <stdbool.h>

#include "base/str.h"

/* The value of the named option: of the last one, when it is there several times. False: it is not
 * there. The value is a part of `options`, not copied and not NUL-terminated. */
bool lookup_option(struct str options, const char *name, struct str *value);

#endif
