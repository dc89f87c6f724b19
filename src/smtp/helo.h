/* HELO and EHLO. Private to src/smtp. */
#ifndef SMTP_HELO_H
#define SMTP_HELO_H

#include "base/ip.h"
#include "smtp/state.h"

/* "[1.2.3.4]", "[::1]", "[IPv6:::1]": the address in it. False: no address literal. */
bool smtp_parse_literal(struct smtp_session *s, struct str name, struct ip *ip);

/* Takes the name that a batch gives, where it is one. */
void smtp_helo_take_name(struct smtp_session *s, struct str name);

/* Finds out whether the HELO name belongs to the peer, unless that was tried for this name: the result is
 * in connection->helo_verified and helo_dnssec (manual, 14: helo_try_verify_hosts; `verify = helo`). */
void smtp_helo_verify(struct smtp_session *s);

#endif
