/* Password checkers behind expansion conditions: crypteq, later pam, saslauthd, pwcheck, radius.
 * One file each, one table. */
#ifndef PASSWORDS_PASSWORD_H
#define PASSWORDS_PASSWORD_H

#include <stdbool.h>

#include "base/error.h"
#include "base/str.h"

struct arena;

enum password_status {
    PASSWORD_RIGHT,
    PASSWORD_WRONG,
    PASSWORD_DEFER, /* could not be checked; err holds Exim's text */
};

struct password_checker {
    const char *name; /* the condition's name */
    unsigned min_args, max_args;
    /* args: the braced, expanded arguments; missing ones are STR_NULL. Comparisons are constant-time,
     * intermediate secrets wiped. */
    enum password_status (*check)(struct arena *arena, const struct str *args, unsigned nargs,
                                  struct error *err);
};

/* The checker for a condition name, or NULL. */
const struct password_checker *password_checker_find(struct str name);
void password_checker_names(void (*each)(void *ctx, const char *name), void *ctx);

#endif
