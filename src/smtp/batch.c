/* Batched SMTP: see batch.h. */
#include "smtp/batch.h"

#include <stdio.h>

#include "smtp/arrival.h"
#include "smtp/reply.h"

static void tell(FILE *out, const struct smtp_session *s, struct str line)
{
    const struct smtp_batch *b = s->peer->batch;
    struct str command = s->log_line;

    fprintf(out, "An error was detected while processing a file of BSMTP input.\nThe error message was:\n\n  %.*s\n\n",
            STR_ARG(line));
    fprintf(out, "The SMTP transaction started in line %d.\nThe error was detected in line %d.\n", b->transaction_line,
            b->lines);
    if (!str_is_null(command))
        fprintf(out, "The SMTP command at fault was:\n\n   %.*s\n\n", STR_ARG(command));
    fprintf(out, "%d previous message%s successfully processed.\nThe rest of the batch was abandoned.\n", b->messages,
            b->messages == 1 ? " was" : "s were");
}

void smtp_batch_response(struct smtp_session *s, struct str line)
{
    struct smtp_batch *b = s->peer->batch;

    if (line.n < 3 || line.s[0] < '4' || b->failed)
        return;
    b->failed = true;
    tell(stderr, s, line);
    printf("%.*s\nTransaction started in line %d\nError detected in line %d\n", STR_ARG(line), b->transaction_line,
           b->lines);
    if (!str_is_null(s->log_line))
        printf("%.*s\n", STR_ARG(s->log_line));
    smtp_session_end(s, SMTP_END_ERRORS);
}

void smtp_batch_refuse(struct smtp_session *s, const struct acl_outcome *outcome)
{
    smtp_log_rejected(s, outcome);
    smtp_respond(s, STR("550"), smtp_rejection_text(outcome), true);
}

int smtp_batch_exit_code(const struct smtp_batch *batch)
{
    return !batch->failed ? 0 : batch->messages > 0 ? 1 : 2;
}
