/* Whether there is room for messages (manual, 14: check_spool_space and others). */
#ifndef MAIL_SPACE_H
#define MAIL_SPACE_H

#include <stdbool.h>
#include <stdint.h>

#include "config/main_options.h"

/* Whether the partitions of the spool and of the logs have as much as the options ask for, and besides `size`
 * octets for the message to come (0 or less: not known). What there is not is logged. */
bool mail_space_suffices(const struct main_options *options, int64_t size);

#endif
