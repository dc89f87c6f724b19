/* What -bV says about a configuration that can be read: what is bound to go wrong when it is used. */
#ifndef MAIN_CHECK_H
#define MAIN_CHECK_H

#include "base/complaint.h"
#include "main/startup.h"

struct checker {
    struct program *program;
    struct arena *arena;
    struct str subject; /* what is being looked at: authenticator plain, server_condition */
    unsigned count;     /* of warnings */
};

/* Looks at everything and writes a warning for each fault to standard error, with its place and a caret under
 * it. Nothing is changed by it. */
void check_config(struct program *program);

/* --- For the files of this check */

/* Adds a warning: with the string that it is about, or with a place alone. */
void check_complain(void *checker, const struct complaint *complaint);
void check_warn(struct checker *c, struct source_pos where, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Authenticators that nobody will ever be offered, or succeed with. */
void check_authenticators(struct checker *c);

#endif
