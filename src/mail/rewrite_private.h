/* What the files of rewriting share. Private to src/mail. */
#ifndef MAIL_REWRITE_PRIVATE_H
#define MAIL_REWRITE_PRIVATE_H

#include "mail/rewrite.h"

/* As rewrite_address(). *whole is what takes the place of the whole address in a header line, with its name and
 * comments (flag w); STR_NULL: nothing does. */
struct str rewrite_address_whole(struct scope *scope, const struct rewrite_rules *rules, struct str address,
                                 enum rewrite_place place, struct str *whole);

#endif
