/* Running an ACL from an expansion: the acl item and the acl condition. Inside src/expand only. */
#ifndef EXPAND_CALL_ACL_H
#define EXPAND_CALL_ACL_H

#include "expand/evaluate.h"

/* args: the ACL's name and its arguments. An ACL that defers is a forced failure, one that cannot be run
 * a failure. message: what its `message` modifier gave, or empty. */
enum expand_status call_acl(struct evaluation *ev, const struct str *args, unsigned n, bool *accepted,
                            struct str *message);

#endif
