/* The pipe transport (manual, chapter 29): a command that reads the message. */
#include "transports/pipe_options.h"
#include "transports/transport.h"

extern const struct transport_driver transport_driver_pipe;
const struct transport_driver transport_driver_pipe = {
    .info = {.name = "pipe",
             .options = pipe_options,
             .option_count = PIPE_OPTION_COUNT,
             .config_size = sizeof(struct pipe_config)},
    .local = true,
};
