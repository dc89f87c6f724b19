/* The hosts that a delivery goes to: from the router, or from the options hosts and fallback_hosts. Private to
 * src/transports. */
#ifndef TRANSPORTS_SMTP_HOSTS_H
#define TRANSPORTS_SMTP_HOSTS_H

#include "transports/smtp_options.h"
#include "transports/transport.h"

/* What could not be done about hosts. */
struct hosts_failure {
    int error;       /* enum delivery_error */
    struct str text;
    bool panic;      /* the configuration is at fault */
};

/* The list for the delivery, in the order in which the hosts are to be tried. NULL: failure. */
struct mail_host *smtp_hosts(struct delivery *delivery, const struct smtp_config *options,
                             struct hosts_failure *failure);

/* The list to go to when the first has failed; NULL: none. */
struct mail_host *smtp_fallback_hosts(struct delivery *delivery, const struct smtp_config *options);

/* Looks up a host that has no address: one of its addresses goes into it, the others into hosts behind it. False:
 * failure. A host that has one is left as it is. */
bool smtp_host_look_up(struct delivery *delivery, const struct smtp_config *options, struct mail_host *host,
                       struct hosts_failure *failure);

/* The port that hosts without one of their own are called at. False: failure. */
bool smtp_port(struct scope *scope, struct arena *arena, const struct transport_instance *transport, int *port,
               struct hosts_failure *failure);

/* The value of an option that may have to be expanded; a failure to do so is no. */
bool smtp_bool(struct scope *scope, const struct option_bool *option);

/* What the option protocol says. */
bool smtp_is_lmtp(const struct smtp_config *options);
bool smtp_is_smtps(const struct smtp_config *options);

#endif
