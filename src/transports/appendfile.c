/* The appendfile transport (manual, chapter 26): messages appended to files, or put into files of their own. */
#include "transports/appendfile_options.h"
#include "transports/transport.h"

extern const struct transport_driver transport_driver_appendfile;
const struct transport_driver transport_driver_appendfile = {
    .info = {.name = "appendfile",
             .options = appendfile_options,
             .option_count = APPENDFILE_OPTION_COUNT,
             .config_size = sizeof(struct appendfile_config)},
    .local = true,
};
