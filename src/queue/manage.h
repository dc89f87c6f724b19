/* -M: what administrators do to messages in the queue (manual, 5.2). */
#ifndef QUEUE_MANAGE_H
#define QUEUE_MANAGE_H

#include <stdio.h>

#include "queue/queue.h"

enum queue_action {
    ACTION_FREEZE,         /* -Mf */
    ACTION_THAW,           /* -Mt */
    ACTION_REMOVE,         /* -Mrm */
    ACTION_GIVE_UP,        /* -Mg */
    ACTION_DELIVER,        /* -M */
    ACTION_DELIVER_GENTLY, /* -Mc */
    ACTION_MARK_ALL,       /* -Mmad */
    ACTION_MARK,           /* -Mmd: the addresses */
    ACTION_ADD_RECIPIENTS, /* -Mar: the addresses */
    ACTION_EDIT_SENDER,    /* -Mes: the address */
    ACTION_SHOW_BODY,      /* -Mvb */
    ACTION_SHOW_HEADERS,   /* -Mvh */
    ACTION_SHOW_LOG,       /* -Mvl */
    ACTION_SHOW_COPY,      /* -Mvc */
    ACTION_MOVE,           /* -MG: to the queue */
};

/* Does it to one message. arguments: what follows the id, NULL-terminated. who: the caller's login. False: the exit
 * code is 1; what is wrong has been said on out. */
bool queue_manage(const struct queue *queue, enum queue_action action, struct str queue_name, struct str id,
                  char *const *arguments, struct str who, FILE *out);

#endif
