/* What is made good in a message that a user submits, before it goes into the queue (manual, 48.1 to 48.18). */
#ifndef MAIL_FIXUPS_H
#define MAIL_FIXUPS_H

#include <stdbool.h>

#include "config/main_options.h"
#include "expand/scope.h"
#include "mail/message.h"

struct fixups {
    const struct main_options *options;
    const struct scope_process *process;
    struct scope *scope;         /* for options that are expanded */
    struct mail_message *message; /* ->handling says what controls there were */
    bool local;                  /* not by TCP/IP */
    bool trusted;                /* the caller may say who the message is from */
    bool extracting;             /* -t: recipients come from the header lines */
    struct str login;            /* of a local caller */
    struct str full_name;        /* of a local caller; empty: not known */
};

/* Adds and removes header lines. The message has its id, its sender and its headers without the Received: line
 * of this machine. What it does to the sender is logged as address rewriting is. */
void mail_fix_up(const struct fixups *f);

/* Whether one of the headers begins with "Resent-". */
bool mail_is_resent(const struct mail_message *message);

/* "name <address>", the name quoted and encoded as a header line needs it; the address alone without a name. */
struct str mail_full_address(struct arena *arena, struct str name, struct str address, struct str charset);

#endif
