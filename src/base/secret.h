/* Handling of secrets: constant-time comparison, wiping, random octets. */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/* Equality in time that depends on the lengths only. */
bool secret_equal(struct str a, struct str b);

/* Overwrites n octets; never optimised away. */
void secret_wipe(void *p, size_t n);

/* n octets from getrandom(2); ends the process when the kernel has none to give. */
void random_octets(void *p, size_t n);

#endif
