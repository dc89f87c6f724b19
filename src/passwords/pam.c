/* pam (manual, 11.7): the system's pluggable authentication modules, under the service name "exim". The argument is
 * a list: the user, then what to answer when modules ask, one item for each question.
 *
 * The modules run in a child process: whatever they do to the process, leak or wait for, a session survives it,
 * and can put an end to it when its time is up. */
#include <errno.h>
#include <fcntl.h>
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/log.h"
#include "passwords/checkers.h"
#include "passwords/pam_answers.h"

#define SERVICE "exim"

enum {
    REPORT_LIMIT = 512, /* octets of a code and a text */
    DECIMAL = 10,
};

/* --- In the child */

/* Answers one message; what only informs gets none. False: there is no answer to it, or it is of a kind that
 * strings cannot answer. */
static bool answer_message(struct pam_answers *answers, const struct pam_message *message,
                           struct pam_response *response)
{
    struct str answer;

    switch (message->msg_style) {
    case PAM_PROMPT_ECHO_ON:
    case PAM_PROMPT_ECHO_OFF:
        if (!pam_answers_next(answers, &answer))
            return false;
        response->resp = strdup(answer.s);
        return response->resp != NULL;
    case PAM_ERROR_MSG:
    case PAM_TEXT_INFO:
        return true;
    default:
        return false;
    }
}

/* The conversation function: an answer for each of the messages, or none at all. Modules free the answers. */
static int converse(int count, const struct pam_message **messages, struct pam_response **responses, void *ctx)
{
    struct pam_response *made;

    *responses = NULL;
    if (count <= 0 || count > PAM_MAX_NUM_MSG)
        return PAM_CONV_ERR;
    made = calloc((size_t)count, sizeof *made);
    if (!made)
        return PAM_BUF_ERR;
    for (int i = 0; i < count; i++)
        if (!answer_message(ctx, messages[i], &made[i])) {
            while (--i >= 0)
                free(made[i].resp);
            free(made);
            return PAM_CONV_ERR;
        }
    *responses = made;
    return PAM_SUCCESS;
}

/* Authenticates and asks whether the account may be used, and writes the result to standard output: PAM's code and
 * its text. The process has nothing else to do, so that nobody misses what is not freed. */
static int run_modules(void *ctx)
{
    struct pam_answers *answers = ctx;
    const struct pam_conv conversation = {converse, answers};
    pam_handle_t *pam = NULL;
    char report[REPORT_LIMIT];
    int code = pam_start(SERVICE, answers->user.s, &conversation, &pam), n;

    if (code == PAM_SUCCESS)
        code = pam_authenticate(pam, PAM_SILENT);
    if (code == PAM_SUCCESS)
        code = pam_acct_mgmt(pam, PAM_SILENT);
    n = snprintf(report, sizeof report, "%d %s", code, pam_strerror(pam, code));
    if (pam)
        pam_end(pam, code);
    return n > 0 && write(STDOUT_FILENO, report, (size_t)n) == n ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* --- In the session's process */

/* With no service file to read, PAM falls back to the service "other", which mostly denies everybody: say so, since
 * nothing else does. */
static void log_unreadable_service(void)
{
    static const char *const places[] = {"/etc/pam.d/" SERVICE, "/usr/lib/pam.d/" SERVICE};
    int why = ENOENT;

    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (faccessat(AT_FDCWD, places[i], R_OK, AT_EACCESS) == 0)
            return;
        if (errno != ENOENT)
            why = errno;
    }
    if (access("/etc/pam.conf", R_OK) != 0 || access("/etc/pam.d", F_OK) == 0)
        log_write(LOG_MAIN, "PAM: cannot read the service file %s: %s", places[0], strerror(why));
}

/* What the code that the modules gave means. The texts of all others are for the log. */
static enum password_status judge(struct str report, struct error *err)
{
    char *text;
    long code;

    errno = 0;
    code = strtol(report.s, &text, DECIMAL);
    if (text == report.s || *text != ' ') {
        error_set(err, "PAM: the modules gave no result");
        return PASSWORD_DEFER;
    }
    switch (code) {
    case PAM_SUCCESS:
        return PASSWORD_RIGHT;
    case PAM_AUTH_ERR:
    case PAM_USER_UNKNOWN:
    case PAM_ACCT_EXPIRED:
        log_unreadable_service();
        return PASSWORD_WRONG;
    default:
        log_unreadable_service();
        error_set(err, "%s", text + 1);
        return PASSWORD_DEFER;
    }
}

static enum password_status run(struct pam_answers *answers, struct error *err)
{
    const struct child_spec spec = {
        .run = run_modules,
        .ctx = answers,
        .input = STR_NULL,
        .output_limit = REPORT_LIMIT,
        .deadline = deadline_in(password_settings()->timeout),
    };
    struct buffer report = BUFFER_IN(answers->arena);
    int code = 0;

    switch (child_run(&spec, &report, &code, err)) {
    case CHILD_EXITED:
        return judge(buffer_str(&report), err);
    case CHILD_KILLED:
        error_set(err, "PAM: a module died of signal %d", code);
        break;
    case CHILD_TIMEOUT:
        error_set(err, "PAM: the modules took more than %d seconds", password_settings()->timeout);
        break;
    case CHILD_FAILED:
        break;
    }
    return PASSWORD_DEFER;
}

static enum password_status pam(struct arena *arena, const struct str *args, unsigned nargs, struct error *err)
{
    struct arena *secret = arena_new(ARENA_SECRET);
    struct pam_answers answers;
    enum password_status status = PASSWORD_WRONG;

    (void)arena, (void)nargs; /* the answers are secrets */
    if (pam_answers_begin(&answers, secret, args[0]))
        status = run(&answers, err);
    arena_free(secret);
    return status;
}

const struct password_checker password_checker_pam = {
    .name = "pam",
    .min_args = 1,
    .max_args = 1,
    .check = pam,
};
PASSWORD_CHECKER_EXPORT(password_checker_pam)
