/* From the options about logs to the settings of the log sink (manual, chapter 53). */
#ifndef MAIN_LOGGING_H
#define MAIN_LOGGING_H

#include <stdbool.h>

#include "base/error.h"
#include "config/config.h"

/* Puts the configuration's log options in force. to_stderr: a test session, nothing is written to files.
 * False: err says what is wrong with log_file_path. */
bool logging_begin(const struct config *config, bool to_stderr, struct error *err);

/* When there is no configuration, because it has an error: puts a panic log alone in force, where
 * log_file_path says, if it does. */
void logging_begin_failed(struct str log_file_path);

#endif
