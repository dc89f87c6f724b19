/* Exim's string lists (manual, 6.20 to 6.22): items separated by a colon or another character that
 * `<x` at the start names, white space around items ignored, a doubled separator standing
 * for one, and control characters as separators written <\n. */
#ifndef BASE_STRLIST_H
#define BASE_STRLIST_H

#include <stdbool.h>

#include "base/str.h"

struct strlist {
    const char *p, *end;
    char separator;
    uint16_t tainted;
};

/* Begins to read list; the separator is `separator` (usually ':') unless the list names one.
 * The list must outlive the reading. */
void strlist_begin(struct strlist *it, struct str list, char separator);

/* The next item, copied into the arena. False: no more. Empty items in the middle are
 * returned as empty strings; an empty item at the very end is not an item (manual, 6.22). */
bool strlist_next(struct strlist *it, struct arena *arena, struct str *item);

/* Adds an item to a list being built in `list` with the given separator: the separator is
 * doubled inside the item, and items that are empty or begin with it get a space in front. An empty
 * item that stays the last one is not read back (6.22), nor are separators inside an item when
 * the separator is a control character (6.21): what Exim writes has the same gaps. first: no item yet. */
struct buffer;
void strlist_add(struct buffer *list, struct str item, char separator, bool first);

#endif
