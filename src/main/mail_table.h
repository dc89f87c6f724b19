/* What sessions ask of routing and of the queue (mail/services.h), put together. */
#ifndef MAIN_MAIL_TABLE_H
#define MAIN_MAIL_TABLE_H

#include "mail/services.h"
#include "main/startup.h"

/* The table for a program; lives as long as it. */
const struct mail_services *mail_table_new(struct program *program);

/* The same, for messages that the program itself has to send: they are not the caller's. */
const struct mail_services *mail_table_for_reports(struct program *program);

#endif
