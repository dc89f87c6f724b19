/* saslauthd (manual, 11.7): asks Cyrus's saslauthd. The question is four records, each a length in two octets and
 * so many octets: login, password, service and realm; the answer is one, which begins with OK or NO. */
#include "base/arena.h"
#include "base/buffer.h"
#include "base/secret.h"
#include "build_config.h"
#include "passwords/checkers.h"
#include "passwords/daemon.h"

enum {
    RECORDS = 4,
    RECORD_LIMIT = 256, /* octets; the daemon hangs up on more */
    HEAD = 2,           /* octets of a length */
    VERDICT = 2,        /* octets of OK, NO */
    ANSWER_LIMIT = HEAD + UINT16_MAX,
};

/* False: the daemon could not take it, or would take a beginning of it. */
static bool add_record(struct buffer *question, struct str value)
{
    if (value.n > RECORD_LIMIT || (value.n > 0 && str_find(value, '\0') >= 0))
        return false;
    buffer_add_char(question, (char)(value.n >> 8));
    buffer_add_char(question, (char)(value.n & 0xff));
    buffer_add(question, value);
    return true;
}

/* Octets that the answer's length announces. */
static size_t announced(struct str answer)
{
    return (size_t)(unsigned char)answer.s[0] << 8 | (unsigned char)answer.s[1];
}

static bool is_complete(struct str answer)
{
    return answer.n >= HEAD && answer.n >= HEAD + announced(answer);
}

static enum password_status judge(struct str answer, struct error *err)
{
    if (is_complete(answer) && announced(answer) >= VERDICT) {
        struct str verdict = {answer.s + HEAD, VERDICT, false};

        if (str_is(verdict, "OK"))
            return PASSWORD_RIGHT;
        if (str_is(verdict, "NO"))
            return PASSWORD_WRONG;
    }
    error_set(err, "saslauthd daemon at %s gave no proper answer", CYRUS_SASLAUTHD_SOCKET);
    return PASSWORD_DEFER;
}

static enum password_status ask(struct arena *arena, const struct str *args, unsigned nargs, struct error *err)
{
    static const struct daemon daemon = {
        .name = "saslauthd",
        .socket = CYRUS_SASLAUTHD_SOCKET,
        .answer_limit = ANSWER_LIMIT,
        .complete = is_complete,
    };
    struct buffer question = BUFFER_IN(arena);
    struct str answer;

    for (unsigned i = 0; i < RECORDS; i++)
        if (!add_record(&question, i < nargs ? args[i] : STR_NULL))
            return PASSWORD_WRONG;
    if (!daemon_ask(&daemon, arena, buffer_str(&question), &answer, err))
        return PASSWORD_DEFER;
    return judge(answer, err);
}

static enum password_status saslauthd(struct arena *arena, const struct str *args, unsigned nargs, struct error *err)
{
    struct arena *secret = arena_new(ARENA_SECRET);
    enum password_status status = ask(secret, args, nargs, err);

    (void)arena; /* the password is part of the question */
    arena_free(secret);
    return status;
}

const struct password_checker password_checker_saslauthd = {
    .name = "saslauthd",
    .min_args = 2,
    .max_args = RECORDS,
    .check = saslauthd,
};
