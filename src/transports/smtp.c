/* The smtp transport (manual, chapter 30): SMTP and LMTP to other hosts. */
#include "transports/smtp_delivery.h"
#include "transports/smtp_options.h"
#include "transports/transport.h"

static bool init(struct transport_instance *transport, struct error *err)
{
    const struct smtp_config *o = transport->instance.config;

    if (!str_is_nocase(o->protocol, "smtp") && !smtp_is_lmtp(o) && !smtp_is_smtps(o))
        return error_set(err, "%.*s transport: protocol must be smtp, smtps, submissions or lmtp",
                         STR_ARG(transport->instance.name));
    if (o->command_timeout <= 0 || o->data_timeout <= 0 || o->final_timeout <= 0)
        return error_set(err, "command, data, or final timeout value is zero for %.*s transport",
                         STR_ARG(transport->instance.name));
    return true;
}

static struct mail_host *hosts(struct delivery *d)
{
    const struct smtp_config *o = d->transport->instance.config;
    struct hosts_failure failure;

    return o->connection_max_messages == 1 ? NULL : smtp_hosts(d, o, &failure);
}

extern const struct transport_driver transport_driver_smtp;
const struct transport_driver transport_driver_smtp = {
    .info = {.name = "smtp",
             .options = smtp_options,
             .option_count = SMTP_OPTION_COUNT,
             .config_size = sizeof(struct smtp_config)},
    .local = false,
    .init = init,
    .deliver = smtp_deliver,
    .hosts = hosts,
};
