/* Mail about refused submissions: see error_report.h. */
#include "main/error_report.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "main/deliveries.h"
#include "main/mail_table.h"
#include "main/startup.h"
#include "queue/queue.h"
#include "smtp/submit.h"

/* As dsn_from says. */
static struct str from_value(struct program *program)
{
    struct error err = ERROR_IN(program->arena);
    struct scope scope = {.arena = program->arena, .process = &program->process};
    struct str from;

    if (expand(&scope, program->config->main.dsn_from, program->arena, &from, &err) == EXPAND_OK)
        return from;
    log_write(LOG_MAIN | LOG_PANIC, "expansion of dsn_from failed: %.*s", STR_ARG(err.text));
    return str_join3(program->arena, STR("Mail Delivery System <Mailer-Daemon@"), program->process.qualify_domain,
                     STR(">"));
}

/* A file in memory with the text, to be read from its beginning. -1: there is no memory. */
static int file_of(struct str text)
{
    int fd = memfd_create("report", MFD_CLOEXEC);
    size_t done = 0;

    while (fd >= 0 && done < text.n) {
        ssize_t n = write(fd, text.s + done, text.n - done);

        if (n < 0) {
            close(fd);
            return -1;
        }
        done += (size_t)n;
    }
    if (fd >= 0)
        lseek(fd, 0, SEEK_SET);
    return fd;
}

bool error_report_send(void *ctx, const struct submission_report *report)
{
    struct program *program = ctx;
    struct str login = queue_of(program).incoming.login;
    struct smtp_peer peer = {.mode = SMTP_LOCAL, .out_fd = STDOUT_FILENO, .trusted = true, .login = login, .ident = login,
                             .reference = report->id};
    char *const nobody[] = {NULL};
    const struct smtp_submission submission = {
        .sender = STR(""),
        .recipients = nobody,
        .from_headers = true,
        .dot_is_data = true,
        .protocol = STR_NULL,
        .is_report = true,
        .mail = error_report_send, /* which is never asked to: there is no sender */
        .ctx = program,
    };
    struct smtp_settings *settings = smtp_settings_new(program->arena, program->config, program->acls, &program->process);
    enum smtp_submission_end end;

    settings->mail = mail_table_for_reports(program);
    peer.in_fd = file_of(
        submission_report_message(program->arena, report, &program->config->main, from_value(program)));
    if (peer.in_fd < 0) {
        log_write(LOG_MAIN | LOG_PANIC, "no report to %.*s: %s", STR_ARG(report->sender), strerror(errno));
        return false;
    }
    end = smtp_submit(settings, &peer, &submission);
    close(peer.in_fd);
    log_set_message(report->id);
    if (end != SUBMISSION_TAKEN)
        log_write(LOG_MAIN | LOG_PANIC, "Child mail process returned status 1");
    return end == SUBMISSION_TAKEN;
}
