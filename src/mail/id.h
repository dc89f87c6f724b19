/* Message ids in the form of Exim 4.97 and later: seconds, process id and a fraction of a second in base 62
 * (manual, 3.4). */
#ifndef MAIL_ID_H
#define MAIL_ID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum { MAIL_ID_LENGTH = 6 + 1 + 11 + 1 + 4 };

/* A new id. No other one of this machine is the same; host_number (option localhost_number; -1: not set) keeps
 * it apart from those of machines with other numbers. */
struct str mail_id_new(struct arena *arena, int host_number);

/* Whether it has the form of an id: letters, digits and hyphens in their places. */
bool mail_id_is_valid(struct str text);

/* The same, or the shorter form that Exim's had before 4.97. */
bool mail_id_is_any(struct str text);

/* The moment it was made, in seconds since 1970. */
int64_t mail_id_time(struct str id);

#endif
