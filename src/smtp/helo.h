/* HELO and EHLO. Private to src/smtp. */
#ifndef SMTP_HELO_H
#define SMTP_HELO_H

#include "smtp/state.h"

/* Finds out whether the HELO name belongs to the peer, unless that was tried for this name: the result is
 * $connection->helo_verified (manual, 14: helo_try_verify_hosts; `verify = helo`). */
void smtp_helo_verify(struct smtp_session *s);

#endif
