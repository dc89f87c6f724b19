/* ETRN: one process at a time for an argument (manual, 14: smtp_etrn_serialize). */
#ifndef SMTP_ETRN_LOCK_H
#define SMTP_ETRN_LOCK_H

#include "base/str.h"

enum { ETRN_LOCK_TAKEN = -2, ETRN_LOCK_FAILED = -3 /* errno */ };

/* Takes the lock for an argument of ETRN. wait: until it is free. Returns a descriptor, which is closed on exec: the lock
 * lasts until the last process that has it is gone; or one of the above. Makes the directory db below the spool's, and a
 * file in it, when they are not there. */
int etrn_lock(struct str spool_directory, struct str argument, bool wait);

/* What an argument that begins with "#" is about: messages with a recipient that has this in it. */
static inline struct str etrn_text(struct str argument)
{
    return (struct str){argument.s + 1, argument.n - 1, argument.tainted};
}

#endif
