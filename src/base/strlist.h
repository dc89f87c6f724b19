/* Exim's string lists (manual, 6.20): items separated by a colon or another character that
 * `<x` at the start names, white space around items ignored, a doubled separator standing
 * for one, and control characters as separators written <\n. */
#ifndef BASE_STRLIST_H
#define BASE_STRLIST_H

#include <stdbool.h>

#include "base/str.h"

struct strlist {
    const char *p, *end;
    char separator;
    bool tainted;
};

/* Begins to read list; the separator is `separator` (usually ':') unless the list names one.
 * The list must outlive the reading. */
void strlist_begin(struct strlist *it, struct str list, char separator);

/* The next item, copied into the arena. False: no more. Empty items in the middle are
 * returned as empty strings; an empty item at the very end is not an item. */
bool strlist_next(struct strlist *it, struct arena *arena, struct str *item);

/* Adds an item to a list being built in `list` with the given separator: the separator is
 * doubled inside the item, an empty item is written so that it is read back. first: no item yet. */
struct buffer;
void strlist_add(struct buffer *list, struct str item, char separator, bool first);

#endif
