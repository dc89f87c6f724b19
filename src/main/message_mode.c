/* A message on standard input: -bm, -t, and recipients as arguments (manual, 5.2). */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "main/caller.h"
#include "main/error_report.h"
#include "main/mail_table.h"
#include "main/modes.h"
#include "main/privileges.h"
#include "smtp/submit.h"

static struct str text_of(const char *s)
{
    return s ? str_of(s) : STR_NULL;
}

/* -oM counts from those who are trusted. */
static bool describe(struct program *program, struct smtp_peer *peer, struct error *err)
{
    struct scope_connection caller = {.host_port = 0};
    struct command_line untrusted = {.mode = program->cl->mode};

    if (!caller_describe(program, peer->trusted ? program->cl : &untrusted, &caller, err))
        return false;
    peer->host_address = caller.host_address;
    peer->host_port = caller.host_port;
    peer->interface_address = caller.interface_address;
    peer->interface_port = caller.interface_port;
    peer->host_name = caller.host_name;
    peer->ident = caller.ident;
    peer->reference = program->cl->message_reference ? str_of(program->cl->message_reference) : STR("");
    return true;
}

int message_mode(struct program *program)
{
    const struct command_line *cl = program->cl;
    struct error err = ERROR_IN(program->arena);
    struct smtp_peer peer = {
        .mode = SMTP_LOCAL,
        .in_fd = STDIN_FILENO,
        .out_fd = STDOUT_FILENO,
        .trusted = privileges_of_trusted(&program->process, &program->config->main),
        .login = program->caller_login,
        .full_name = program->caller_name,
    };
    const struct smtp_submission submission = {
        .sender = text_of(cl->envelope_sender),
        .recipients = cl->arguments,
        .from_headers = cl->from_headers,
        .dot_is_data = cl->dot_is_data,
        .no_qualify = cl->no_qualify,
        .no_fixups = cl->no_fixups,
        .protocol = peer.trusted ? text_of(cl->protocol) : STR_NULL,
        .mail = cl->errors == ERRORS_PRINT || cl->errors == ERRORS_QUIET ? NULL : error_report_send,
        .ctx = program,
    };
    struct smtp_settings *settings;

    if (cl->no_fixups && !peer.trusted) {
        fputs("exim: permission denied (-G requires a trusted user)\n", stderr);
        return 1;
    }
    if (!describe(program, &peer, &err)) {
        fprintf(stderr, "%.*s\n", STR_ARG(err.text));
        return 1;
    }
    settings = smtp_settings_new(program->arena, program->config, program->acls, &program->process);
    settings->mail = mail_table_new(program);
    switch (smtp_submit(settings, &peer, &submission)) {
    case SUBMISSION_TAKEN:
        return 0;
    case SUBMISSION_REFUSED_BY_MAIL:
        return cl->errors == ERRORS_MAIL_OK ? 0 : 1;
    case SUBMISSION_NO_RECIPIENTS:
        return 2;
    case SUBMISSION_FAILED:
        break;
    }
    return 1;
}
