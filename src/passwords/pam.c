/* pam (manual, 11.7): the system's pluggable authentication modules, under the service name "exim". The argument is
 * a list: the user, then what to answer when modules ask, one item for each question.
 * The modules run in a child process. */
#include <errno.h>
#include <fcntl.h>
#include <security/pam_appl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/log.h"
#include "passwords/checkers.h"
#include "passwords/in_child.h"
#include "passwords/pam_answers.h"

#define SERVICE "exim"

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

/* Authenticates and asks whether the account may be used; the result is PAM's code and its text. */
static int run_modules(void *ctx)
{
    struct pam_answers *answers = ctx;
    const struct pam_conv conversation = {converse, answers};
    pam_handle_t *pam = NULL;
    int code = pam_start(SERVICE, answers->user.s, &conversation, &pam), status;

    if (code == PAM_SUCCESS)
        code = pam_authenticate(pam, PAM_SILENT);
    if (code == PAM_SUCCESS)
        code = pam_acct_mgmt(pam, PAM_SILENT);
    status = in_child_report(code, pam_strerror(pam, code));
    if (pam)
        pam_end(pam, code);
    return status;
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
static enum password_status judge(int code, struct str text, struct error *err)
{
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
        error_set(err, "%.*s", STR_ARG(text));
        return PASSWORD_DEFER;
    }
}

static enum password_status run(struct pam_answers *answers, struct error *err)
{
    struct str text;
    int code;

    if (!in_child(answers->arena, "PAM", run_modules, answers, &code, &text, err))
        return PASSWORD_DEFER;
    return judge(code, text, err);
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
