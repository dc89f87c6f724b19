/* The smtp transport (manual, chapter 30): SMTP and LMTP to other hosts. */
#include "transports/smtp_options.h"
#include "transports/transport.h"

extern const struct transport_driver transport_driver_smtp;
const struct transport_driver transport_driver_smtp = {
    .info = {.name = "smtp",
             .options = smtp_options,
             .option_count = SMTP_OPTION_COUNT,
             .config_size = sizeof(struct smtp_config)},
    .local = false,
};
