/* ETRN (RFC 1985; manual, 49.8). */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

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

/* In the new process: nothing of the session is left to the command. */
static void become(char **argv)
{
    int null = open("/dev/null", O_RDWR);

    setsid();
    if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0)
        _exit(127);
    execv(argv[0], argv);
    _exit(127);
}

/* Starts a command that nobody waits for: it is left to init. False: errno. */
static bool start(char **argv)
{
    pid_t child = fork();
    int status;

    if (child < 0)
        return false;
    if (child == 0) {
        pid_t grandchild = fork();

        if (grandchild == 0)
            become(argv);
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

    if (!argv) {
        log_write(LOG_MAIN | LOG_PANIC, "failed to set up ETRN command: %.*s", STR_ARG(err.text));
        smtp_reply(s, "458 Internal failure");
        return;
    }
    if (s->peer->mode == SMTP_TEST)
        debug(DEBUG_receive, "ETRN command execution skipped\n");
    else if (!start(argv))
        log_write(LOG_MAIN | LOG_PANIC, "failed to start ETRN command \"%s\": %s", argv[0], strerror(errno));
    smtp_reply(s, "250 OK");
}

/* Without a command of the administrator's, "#text" asks for the queue to be run. This version keeps no
 * queue: there is nothing waiting. */
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
        smtp_reply(s, "250 OK");
}
