/* The lmtp transport (manual, chapter 28): LMTP to a command or to a UNIX socket. */
#include "transports/lmtp_options.h"
#include "transports/transport.h"

extern const struct transport_driver transport_driver_lmtp;
const struct transport_driver transport_driver_lmtp = {
    .info = {.name = "lmtp",
             .options = lmtp_options,
             .option_count = LMTP_OPTION_COUNT,
             .config_size = sizeof(struct lmtp_config)},
    .local = true,
};
