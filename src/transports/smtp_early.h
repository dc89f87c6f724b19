/* Early pipelining (option hosts_pipe_connect; manual, 30.4 and 14: pipelining_connect_advertise_hosts): what a server
 * offered is kept in the hints store, so that at the next connection commands go out before its banner and its response
 * to EHLO have come. Those are read before the first response that the client needs, and what had been taken for
 * granted is compared with them. Private to src/transports. */
#ifndef TRANSPORTS_SMTP_EARLY_H
#define TRANSPORTS_SMTP_EARLY_H

#include "transports/smtp_remote.h"

/* Looks up what is known of the host, unless r->early.barred. */
void early_begin(struct remote *r);

/* Whether EHLO may go out now without what comes before it, because the server is known to take that in this phase: in
 * the clear, or on an encrypted connection. */
bool early_may(const struct remote *r);

/* Sends EHLO (later: with what comes next), and takes for granted what the server answered the last time: r->client.offer. The responses,
 * the banner's too where that is due, are read with client_await(), or before the next one that is waited for. Should
 * they differ in what matters, that fails, the connection is of no use any more, and early_in_vain(). */
void early_hello(struct remote *r, bool banner_due);

/* Whether the connection came to its end because of what was sent ahead: then it is to be tried again without that.
 * r->early.barred is set, and what was known of the host is forgotten. */
bool early_in_vain(struct remote *r);

/* Keeps what the server has just answered to EHLO: r->client.offer, whose response is `hello`. */
void early_note(struct remote *r, struct str hello);

/* A command that was sent ahead was refused: what is known of the host is not relied upon again. */
void early_forget(struct remote *r);

#endif
