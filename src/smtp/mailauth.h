/* AUTH= on MAIL (RFC 4954 section 5; manual, 33.2). Private to src/smtp. */
#ifndef SMTP_MAILAUTH_H
#define SMTP_MAILAUTH_H

#include "smtp/state.h"

/* Decides on an AUTH= value and sets $authenticated_sender if it is accepted. False: the MAIL command has
 * been refused and answered. */
bool smtp_mailauth(struct smtp_session *s, struct str value);

#endif
