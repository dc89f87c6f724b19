/* The autoreply transport (manual, chapter 27): a message of its own in answer. */
#include "transports/autoreply_options.h"
#include "transports/transport.h"

extern const struct transport_driver transport_driver_autoreply;
const struct transport_driver transport_driver_autoreply = {
    .info = {.name = "autoreply",
             .options = autoreply_options,
             .option_count = AUTOREPLY_OPTION_COUNT,
             .config_size = sizeof(struct autoreply_config)},
    .local = true,
};
