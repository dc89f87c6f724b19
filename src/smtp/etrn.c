/* ETRN (RFC 1985; manual, 49.8). */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "smtp/etrn_lock.h"
#include "smtp/log_lines.h"
#include "smtp/policy.h"
#include "smtp/reply.h"

static void log_received(struct smtp_session *s)
{
    struct str who = smtp_host_and_ident(s, false);
    struct buffer line = BUFFER_IN(s->scratch);

    if (!log_selected(LOG_SEL_etrn))
        return;
    buffer_add_cstr(&line, "ETRN ");
    buffer_add(&line, s->argument);
    buffer_add_cstr(&line, " received from ");
    buffer_add(&line, who);
    log_write_str(LOG_MAIN, buffer_str(&line));
}

/* Expands the words of smtp_etrn_command. NULL: err says why not. */
static char **make_arguments(struct smtp_session *s, struct error *err)
{
    size_t n = s->prepared->etrn_argument_count;
    char **argv = ARENA_ARRAY(s->scratch, char *, n + 1);

    s->address.domain = s->argument;
    for (size_t i = 0; i < n; i++) {
        struct str source = template_source(s->prepared->etrn_arguments[i]), value;
        struct error why = ERROR_IN(s->scratch);
        struct str command = template_source(s->options->smtp_etrn_command);

        if (expand(&s->scope, s->prepared->etrn_arguments[i], s->scratch, &value, &why) != EXPAND_OK) {
            error_set(err, "Expansion of \"%.*s\" from command \"%.*s\" in ETRN processing failed: %.*s",
                      STR_ARG(source), STR_ARG(command), STR_ARG(why.text));
            return NULL;
        }
        if (value.tainted) {
            error_set(err, "Tainted arg %zu for ETRN processing command: '%.*s'", i, STR_ARG(value));
            return NULL;
        }
        argv[i] = (char *)value.s;
    }
    return argv;
}

/* --- One process at a time for an argument (smtp_etrn_serialize) */

enum { NO_LOCK = -1 };

/* False: answered. */
static bool take_lock(struct smtp_session *s, int *held)
{
    *held = s->options->smtp_etrn_serialize ? etrn_lock(s->settings->process->spool_directory, s->argument, false) : NO_LOCK;
    if (*held == ETRN_LOCK_TAKEN) {
        struct buffer reply = BUFFER_IN(s->scratch);

        buffer_add_cstr(&reply, "Already processing ");
        buffer_add(&reply, s->argument);
        smtp_respond(s, STR("458"), buffer_str(&reply), true);
        return false;
    }
    if (*held == ETRN_LOCK_FAILED) {
        log_write(LOG_MAIN | LOG_PANIC, "failed to lock ETRN in %.*s/db: %s",
                  STR_ARG(s->settings->process->spool_directory), strerror(errno));
        smtp_reply(s, "458 Internal failure");
        return false;
    }
    return true;
}

/* --- Starting it */

/* In the new process: nothing of the session is left to the command, except what it holds a lock with. */
static void become(char **argv, int held)
{
    int null = open("/dev/null", O_RDWR);

    setsid();
    if (held >= 0)
        fcntl(held, F_SETFD, 0);
    if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0)
        _exit(127);
    execv(argv[0], argv);
    _exit(127);
}

/* Starts a command that nobody waits for: it is left to init. False: errno. */
static bool start(char **argv, int held)
{
    pid_t child = fork();
    int status;

    if (child < 0)
        return false;
    if (child == 0) {
        pid_t grandchild = fork();

        if (grandchild == 0)
            become(argv, held);
        _exit(grandchild < 0 ? 1 : 0);
    }
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return false;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    errno = EAGAIN;
    return false;
}

static void run_command(struct smtp_session *s)
{
    struct error err = ERROR_IN(s->scratch);
    char **argv = make_arguments(s, &err);
    int held = NO_LOCK;

    if (!argv) {
        log_write(LOG_MAIN | LOG_PANIC, "failed to set up ETRN command: %.*s", STR_ARG(err.text));
        smtp_reply(s, "458 Internal failure");
        return;
    }
    if (s->peer->mode == SMTP_TEST)
        debug(DEBUG_receive, "ETRN command execution skipped\n");
    else if (!take_lock(s, &held))
        return;
    else if (!start(argv, held))
        log_write(LOG_MAIN | LOG_PANIC, "failed to start ETRN command \"%s\": %s", argv[0], strerror(errno));
    if (held >= 0)
        close(held);
    smtp_reply(s, "250 OK");
}

/* "#text": a queue run for the messages with a recipient that has the text in it (manual, 49.8). */
static void run_queue(struct smtp_session *s, const struct acl_outcome *outcome)
{
    const struct mail_services *mail = s->settings->mail;
    struct error err = ERROR_IN(s->scratch);
    int held = NO_LOCK;
    bool started = true;

    if (s->peer->mode == SMTP_TEST)
        debug(DEBUG_receive, "ETRN command execution skipped\n");
    else if (!take_lock(s, &held))
        return;
    else
        started = mail && mail->run_queue && mail->run_queue(mail->ctx, s->argument, held, &err);
    if (held >= 0)
        close(held);
    if (started) {
        smtp_policy_accept(s, outcome, "250", STR("OK"));
        return;
    }
    log_write(LOG_MAIN | LOG_PANIC, "failed to start a queue run for ETRN: %.*s", STR_ARG(err.text));
    smtp_reply(s, "458 Internal failure");
}

void smtp_etrn(struct smtp_session *s)
{
    struct acl_outcome outcome;

    if (s->transaction.sender_given) {
        smtp_fault(s, SMTP_PROTOCOL, 503, STR_NULL, STR("ETRN is not permitted inside a transaction"));
        return;
    }
    log_received(s);
    if (smtp_policy_run(s, ACL_WHERE_ETRN, STR_NULL, &outcome) != ACL_ACCEPT) {
        smtp_policy_refuse(s, ACL_WHERE_ETRN, s->argument, &outcome);
        return;
    }
    if (s->prepared->etrn_argument_count > 0)
        run_command(s);
    else if (!str_starts(s->argument, "#"))
        smtp_fault(s, SMTP_SYNTAX, 501, STR_NULL, STR("argument must begin with #"));
    else
        run_queue(s, &outcome);
}
