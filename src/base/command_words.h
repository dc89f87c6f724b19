/* Commands as configurations write them (manual, 29.3): words separated by white space; one in double quotes has
 * escapes, one in single quotes is as it is. */
#ifndef BASE_COMMAND_WORDS_H
#define BASE_COMMAND_WORDS_H

#include <stdbool.h>

#include "base/str.h"

/* The next word without its quotes; *p moves behind it. False: no more. */
bool command_word_next(struct arena *arena, const char **p, const char *end, uint16_t tainted, struct str *word);

#endif
