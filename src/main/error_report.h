/* Mail to the sender of a submission that was refused (manual, 5.2: -oem, -oee). */
#ifndef MAIN_ERROR_REPORT_H
#define MAIN_ERROR_REPORT_H

#include "smtp/submission_report.h"

/* Sends the report as a message of its own, which passes what all submissions pass. program: a struct program. False:
 * it was not taken, and that is logged. */
bool error_report_send(void *program, const struct submission_report *report);

#endif
