/* Batched SMTP on standard input (manual, 49.11): no responses, and an end at the first error. */
#ifndef SMTP_BATCH_H
#define SMTP_BATCH_H

#include <stdbool.h>

#include "base/str.h"

struct smtp_session;

struct smtp_batch {
    int lines;             /* read so far */
    int transaction_line;  /* read when the transaction at hand began */
    int messages;          /* taken so far */
    bool failed;
};

/* Reads one command and obeys it. */
void smtp_batch_command(struct smtp_session *s);

/* acl_not_smtp has refused a message: log line and response. */
struct acl_outcome;
void smtp_batch_refuse(struct smtp_session *s, const struct acl_outcome *outcome);

/* A response that nobody reads: an error ends the batch, and is told on standard output and standard error. */
void smtp_batch_response(struct smtp_session *s, struct str line);

/* The exit code of -bS. */
int smtp_batch_exit_code(const struct smtp_batch *batch);

#endif
