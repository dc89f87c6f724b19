/* Sets of addresses: see address_set.h. */
#include "mail/address_set.h"

#include <string.h>

#include "base/arena.h"

/* Where the address is, or has to go. */
static size_t place(const struct address_set *set, struct str address, bool *found)
{
    size_t low = 0, high = set->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = str_cmp(set->v[middle], address);

        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *found = false;
    return low;
}

bool address_set_has(const struct address_set *set, struct str address)
{
    bool found;

    place(set, address, &found);
    return found;
}

bool address_set_add(struct address_set *set, struct str address)
{
    bool found;
    size_t at = place(set, address, &found);

    if (found)
        return false;
    if (set->n == set->capacity) {
        size_t more = set->capacity > 0 ? 2 * set->capacity : 8;

        set->v = arena_grow(set->arena, set->v, set->capacity * sizeof *set->v, more * sizeof *set->v);
        set->capacity = more;
    }
    memmove(&set->v[at + 1], &set->v[at], (set->n - at) * sizeof *set->v);
    set->v[at] = str_copy(set->arena, address);
    set->n++;
    return true;
}
