/* Callouts (manual, 44.45 to 44.48): whether a host would take mail for an address is asked of the host. What it
 * said is remembered in the hints store. */
#ifndef TRANSPORTS_CALLOUT_H
#define TRANSPORTS_CALLOUT_H

#include "config/config.h"
#include "mail/recipient.h"
#include "mail/services.h"

/* Verifies an address that was routed to the recipient's transport and hosts, by the options of the request, and
 * sets its answer. An address that goes to no smtp transport is as good as verified. The scope is as before
 * afterwards. */
enum mail_verify_result callout_verify(const struct config *config, struct scope *scope,
                                       const struct mail_recipient *recipient, struct mail_verify *request);

#endif
