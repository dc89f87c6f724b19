/* Who the process is: giving up root (the processes that talk to peers run as the Exim user), and whether its
 * caller is an administrator. */
#ifndef MAIN_PRIVILEGES_H
#define MAIN_PRIVILEGES_H

#include <stdbool.h>

#include "base/error.h"
#include "config/main_options.h"
#include "expand/scope.h"

/* Becomes process->exim_uid and exim_gid for good when the process runs as root; otherwise nothing changes.
 * False: err says what failed; the process must not go on. */
bool privileges_drop(const struct scope_process *process, struct error *err);

/* The same for what belongs to deliveries, where deliver_drop_privilege says so (manual, 14): queue runs and tests of
 * addresses. False: that failed, which the log says. */
bool privileges_of_delivery(const struct scope_process *process, const struct main_options *options);

/* Administrators: root, the Exim user, and members of admin_groups (manual, 5.2). */
bool privileges_of_admin(const struct scope_process *process, const struct main_options *options);

/* Whether the caller is trusted (manual, 5.2): root, the Exim user, one of trusted_users, or a member of
 * trusted_groups. It may say who a message is from. */
bool privileges_of_trusted(const struct scope_process *process, const struct main_options *options);

#endif
