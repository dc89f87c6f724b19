/* The commands and what is common to all of them. Private to src/smtp. */
#ifndef SMTP_COMMANDS_H
#define SMTP_COMMANDS_H

#include "smtp/state.h"

/* Reads one command and obeys it. */
void smtp_command(struct smtp_session *s);

#endif
