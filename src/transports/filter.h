/* Transport filters (manual, 24: transport_filter). Private to src/transports. */
#ifndef TRANSPORTS_FILTER_H
#define TRANSPORTS_FILTER_H

#include "transports/output.h"

/* Runs the command with the message, lines ending in LF, as its input, and gives what it writes to the output.
 * False: err. */
bool message_filter_run(struct message_writer *writer, struct line_output *output, struct error *err);

#endif
