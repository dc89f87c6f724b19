/* Batched SMTP: see batch.h. */
#include "smtp/batch.h"

#include <stdio.h>
#include <string.h>

#include "smtp/state.h"

/* These do nothing in a batch, whatever they would answer. */
static bool is_without_effect(const struct smtp_command *command)
{
    static const char *const names[] = {"VRFY", "EXPN", "ETRN", "HELP", "NOOP"};

    for (size_t i = 0; command && i < sizeof names / sizeof *names; i++)
        if (strcmp(command->name, names[i]) == 0)
            return true;
    return false;
}

static void tell(FILE *out, const struct smtp_session *s, struct str line)
{
    const struct smtp_batch *b = s->peer->batch;
    struct str command = s->connection.smtp_command;

    fprintf(out, "An error was detected while processing a file of BSMTP input.\nThe error message was:\n\n  %.*s\n\n",
            STR_ARG(line));
    fprintf(out, "The SMTP transaction started in line %d.\nThe error was detected in line %d.\n", b->transaction_line,
            b->lines);
    if (!str_is_empty(command))
        fprintf(out, "The SMTP command at fault was:\n\n   %.*s\n\n", STR_ARG(command));
    fprintf(out, "%d previous message%s successfully processed.\nThe rest of the batch was abandoned.\n", b->messages,
            b->messages == 1 ? " was" : "s were");
}

void smtp_batch_response(struct smtp_session *s, struct str line)
{
    struct smtp_batch *b = s->peer->batch;

    if (line.n < 3 || line.s[0] < '4' || b->failed || is_without_effect(s->command))
        return;
    b->failed = true;
    tell(stderr, s, line);
    printf("%.*s\nTransaction started in line %d\nError detected in line %d\n", STR_ARG(line), b->transaction_line,
           b->lines);
    if (!str_is_empty(s->connection.smtp_command))
        printf("%.*s\n", STR_ARG(s->connection.smtp_command));
    smtp_session_end(s, SMTP_END_ERRORS);
}

int smtp_batch_exit_code(const struct smtp_batch *batch)
{
    return !batch->failed ? 0 : batch->messages > 0 ? 1 : 2;
}
