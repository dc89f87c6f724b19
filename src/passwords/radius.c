/* radius (manual, 11.7): asks a RADIUS server (RFC 2865), by the radcli library, which its own file tells where that
 * is. The argument is a list of the user and the password, as for pam. The library leaks a little each time, so it
 * gets a process of its own. */
#include <radcli/radcli.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/strlist.h"
#include "build_config.h"
#include "passwords/checkers.h"
#include "passwords/in_child.h"

enum { PASSWORD_LIMIT = 128 }; /* octets (RFC 2865, 5.2) */

static bool add(rc_handle *handle, VALUE_PAIR **pairs, int attribute, const void *value, int n)
{
    return rc_avpair_add(handle, pairs, attribute, value, n, 0) != NULL;
}

/* What is to be checked. */
struct request {
    struct str user, password;
};

/* In the child: codes besides those of the library. */
enum { NO_CONFIGURATION = 1000, NO_DICTIONARY, NO_ATTRIBUTES };

static int ask(void *ctx)
{
    const struct request *request = ctx;
    char message[PW_MAX_MSG_SIZE] = "";
    uint32_t service = PW_AUTHENTICATE_ONLY;
    VALUE_PAIR *sent = NULL, *received = NULL;
    rc_handle *handle = rc_read_config(RADIUS_CONFIG_FILE);

    if (!handle)
        return in_child_report(NO_CONFIGURATION, "can't open " RADIUS_CONFIG_FILE);
    if (rc_read_dictionary(handle, rc_conf_str(handle, "dictionary")) != 0)
        return in_child_report(NO_DICTIONARY, "can't read dictionary");
    if (!add(handle, &sent, PW_USER_NAME, request->user.s, (int)request->user.n) ||
        !add(handle, &sent, PW_USER_PASSWORD, request->password.s, (int)request->password.n) ||
        !add(handle, &sent, PW_SERVICE_TYPE, &service, 0))
        return in_child_report(NO_ATTRIBUTES, "add user name, password or service type failed");
    return in_child_report(rc_auth(handle, 0, sent, &received, message), "unexpected response");
}

/* --- In the session's process */

static enum password_status judge(int code, struct str text, struct error *err)
{
    switch (code) {
    case OK_RC:
        return PASSWORD_RIGHT;
    case REJECT_RC:
        return PASSWORD_WRONG;
    case TIMEOUT_RC:
        error_set(err, "RADIUS: timed out");
        break;
    case NO_CONFIGURATION:
    case NO_DICTIONARY:
    case NO_ATTRIBUTES:
        error_set(err, "RADIUS: %.*s", STR_ARG(text));
        break;
    default:
        error_set(err, "RADIUS: %.*s (%d)", STR_ARG(text), code);
        break;
    }
    return PASSWORD_DEFER;
}

static enum password_status check(struct arena *arena, struct str list, struct error *err)
{
    struct request request = {.password = STR("")};
    struct strlist it;
    struct str text;
    int code;

    strlist_begin(&it, list, ':');
    if (str_find(list, '\0') >= 0 || !strlist_next(&it, arena, &request.user) || request.user.n == 0 ||
        request.user.n > AUTH_STRING_LEN)
        return PASSWORD_WRONG;
    strlist_next(&it, arena, &request.password);
    if (request.password.n > PASSWORD_LIMIT)
        return PASSWORD_WRONG;
    return in_child(arena, "RADIUS", ask, &request, &code, &text, err) ? judge(code, text, err) : PASSWORD_DEFER;
}

static enum password_status radius(struct arena *arena, const struct str *args, unsigned nargs, struct error *err)
{
    struct arena *secret = arena_new(ARENA_SECRET);
    enum password_status status = check(secret, args[0], err);

    (void)arena, (void)nargs;
    arena_free(secret);
    return status;
}

const struct password_checker password_checker_radius = {
    .name = "radius",
    .min_args = 1,
    .max_args = 1,
    .check = radius,
};
PASSWORD_CHECKER_EXPORT(password_checker_radius)
