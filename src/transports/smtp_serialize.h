/* One connection to a host at a time (option serialize_hosts): a record in the hints store as long as there is one.
 * Private to src/transports. */
#ifndef TRANSPORTS_SMTP_SERIALIZE_H
#define TRANSPORTS_SMTP_SERIALIZE_H

#include "transports/transport.h"

/* Claims the host. False: somebody else is connected to it. */
bool smtp_serialize_begin(struct delivery *delivery, const struct mail_host *host);
void smtp_serialize_end(struct delivery *delivery, const struct mail_host *host);

#endif
