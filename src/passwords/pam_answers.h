/* The argument of the pam condition: a list of the user and of answers to what PAM's modules ask. */
#ifndef PASSWORDS_PAM_ANSWERS_H
#define PASSWORDS_PAM_ANSWERS_H

#include <stdbool.h>

#include "base/strlist.h"

struct pam_answers {
    struct arena *arena;
    struct str user;
    struct strlist rest;
    bool exhausted; /* the empty answer behind the last was given */
};

/* Begins to read the list, which must outlive the reading. False: there is no user, or there are NULs, which would
 * end a string for PAM: a beginning must not pass for the whole. */
bool pam_answers_begin(struct pam_answers *answers, struct arena *arena, struct str list);

/* The answer to the next question: the next item; behind the last there is one empty answer more, for passwords
 * that are empty. False: none is left. */
bool pam_answers_next(struct pam_answers *answers, struct str *answer);

#endif
