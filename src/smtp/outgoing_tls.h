/* TLS, as a client, over connections to services that are no mail servers: what authenticators and expansions
 * ask for. Private to src/smtp. */
#ifndef SMTP_OUTGOING_TLS_H
#define SMTP_OUTGOING_TLS_H

#include <stdint.h>

#include "base/error.h"
#include "base/stream.h"

/* Negotiates over the channel below, which must live as long as the arena: when that is reset, TLS is closed.
 * host: the service's name, sent as SNI unless it is an address. Certificates are not verified: such services
 * have self-signed ones, as a rule, and Exim asks for none either. NULL: err says why. */
struct channel *smtp_outgoing_tls(struct arena *arena, struct channel *below, struct str host, int64_t deadline,
                                  struct error *err);

#endif
