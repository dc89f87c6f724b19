/* pwcheck (manual, 11.7): asks Cyrus's pwcheck, the daemon before saslauthd. The question is the login and the
 * password, each ended by a NUL; the answer, to the end of the connection, is OK or says what is wrong. */
#include "base/arena.h"
#include "base/buffer.h"
#include "build_config.h"
#include "passwords/checkers.h"
#include "passwords/daemon.h"

enum { ANSWER_LIMIT = 1024 };

static enum password_status ask(struct arena *arena, struct str user, struct str password, struct error *err)
{
    static const struct daemon daemon = {
        .name = "pwcheck", .socket = CYRUS_PWCHECK_SOCKET, .answer_limit = ANSWER_LIMIT};
    struct buffer question = BUFFER_IN(arena);
    struct str answer;

    buffer_add(&question, user);
    buffer_add_char(&question, '\0');
    buffer_add(&question, password);
    buffer_add_char(&question, '\0');
    if (!daemon_ask(&daemon, arena, buffer_str(&question), &answer, err))
        return PASSWORD_DEFER;
    if (str_is_empty(answer)) {
        error_set(err, "pwcheck daemon at %s gave no answer", daemon.socket);
        return PASSWORD_DEFER;
    }
    return str_starts(answer, "OK") ? PASSWORD_RIGHT : PASSWORD_WRONG;
}

/* One argument: USER:PASSWORD. The password may have colons in it. */
static enum password_status pwcheck(struct arena *arena, const struct str *args, unsigned nargs, struct error *err)
{
    struct arena *secret = arena_new(ARENA_SECRET);
    ptrdiff_t colon = str_find(args[0], ':');
    size_t n = colon < 0 ? args[0].n : (size_t)colon;
    enum password_status status = PASSWORD_WRONG;

    (void)arena, (void)nargs;
    if (n > 0 && str_find(args[0], '\0') < 0)
        status = ask(secret, str_sub(secret, args[0], 0, n), str_sub(secret, args[0], n + 1, args[0].n), err);
    arena_free(secret);
    return status;
}

const struct password_checker password_checker_pwcheck = {
    .name = "pwcheck",
    .min_args = 1,
    .max_args = 1,
    .check = pwcheck,
};
