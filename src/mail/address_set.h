/* A set of addresses, in order: those that a message need not be delivered to any more (manual, 57.1: the
 * non-recipients tree). */
#ifndef MAIL_ADDRESS_SET_H
#define MAIL_ADDRESS_SET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct address_set {
    struct arena *arena;
    struct str *v; /* sorted by octets */
    size_t n, capacity;
};

/* Adds a copy; false: it was there already. */
bool address_set_add(struct address_set *set, struct str address);
bool address_set_has(const struct address_set *set, struct str address);

#endif
