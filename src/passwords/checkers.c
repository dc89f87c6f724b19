/* The table of password checkers. A new one is a file and a row here. */
#include "passwords/checkers.h"

#include <stddef.h>

static const struct password_checker *const checkers[] = {
    &password_checker_crypteq,
};

enum { CHECKERS = sizeof checkers / sizeof *checkers };

const struct password_checker *password_checker_find(struct str name)
{
    for (size_t i = 0; i < CHECKERS; i++)
        if (str_is(name, checkers[i]->name))
            return checkers[i];
    return NULL;
}

void password_checker_names(void (*each)(void *ctx, const char *name), void *ctx)
{
    for (size_t i = 0; i < CHECKERS; i++)
        each(ctx, checkers[i]->name);
}
