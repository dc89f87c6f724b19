/* From the options about logs to the settings of the log sink (manual, chapter 53). */
#ifndef MAIN_LOGGING_H
#define MAIN_LOGGING_H

#include <stdbool.h>

#include "base/error.h"
#include "config/config.h"

/* Where log lines go. */
enum logging_to {
    LOGGING_FILES,
    LOGGING_STDERR,       /* alone, behind "LOG: ": a test */
    LOGGING_STDERR_DATED, /* alone, as they would be in a file */
};

/* Puts the configuration's log options in force. False: err says what is wrong with log_file_path. */
bool logging_begin(const struct config *config, enum logging_to to, struct error *err);

/* When there is no configuration, because it has an error: puts a panic log alone in force, where
 * log_file_path says, if it does. */
void logging_begin_failed(struct str log_file_path);

#endif
