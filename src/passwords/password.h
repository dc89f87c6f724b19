/* Password checkers behind expansion conditions: crypteq, pam, saslauthd, pwcheck, radius. One file each, one
 * table. */
#ifndef PASSWORDS_PASSWORD_H
#define PASSWORDS_PASSWORD_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/module.h"
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

/* The checker for a condition name; loads a module where the build says so. NULL: err (which may be NULL)
 * says why. */
const struct password_checker *password_checker_find(struct str name, struct error *err);

/* Goes through the checkers of this build; module: it would have to be loaded. */
void password_checker_each(void (*each)(void *ctx, const char *name, bool module), void *ctx);

/* What main options say to checkers. */
struct password_settings {
    int timeout; /* seconds that a checker which asks somebody else waits for him */
};

/* Puts the settings in force for the process. */
void password_configure(const struct password_settings *settings);
const struct password_settings *password_settings(void);

/* What a loadable module exports under the name PASSWORD_MODULE_SYMBOL. */
#define PASSWORD_MODULE_SYMBOL "gatepost_password_module"
struct password_module {
    struct module_head head;
    const struct password_checker *checker;
};

/* Behind a checker: exports it when the file is built as a module. */
#ifdef GATEPOST_MODULE
#define PASSWORD_CHECKER_EXPORT(checker_) \
    __attribute__((visibility("default"))) extern const struct password_module gatepost_password_module; \
    const struct password_module gatepost_password_module = {{MODULE_BUILD}, &(checker_)};
#else
#define PASSWORD_CHECKER_EXPORT(checker_)
#endif

#endif
