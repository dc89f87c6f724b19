/* radius (manual, 11.7): asks a RADIUS server (RFC 2865), by the radcli library, which its own file tells where that
 * is. The argument is a list of the user and the password, as for pam. */
#include <radcli/radcli.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/strlist.h"
#include "build_config.h"
#include "passwords/checkers.h"

enum { PASSWORD_LIMIT = 128 }; /* octets (RFC 2865, 5.2) */

static bool add(rc_handle *handle, VALUE_PAIR **pairs, int attribute, const void *value, int n)
{
    return rc_avpair_add(handle, pairs, attribute, value, n, 0) != NULL;
}

static enum password_status judge(int code, struct error *err)
{
    switch (code) {
    case OK_RC:
        return PASSWORD_RIGHT;
    case REJECT_RC:
        return PASSWORD_WRONG;
    case TIMEOUT_RC:
        error_set(err, "RADIUS: timed out");
        break;
    default:
        error_set(err, "RADIUS: unexpected response (%d)", code);
        break;
    }
    return PASSWORD_DEFER;
}

static enum password_status ask(rc_handle *handle, struct str user, struct str password, struct error *err)
{
    char message[PW_MAX_MSG_SIZE] = "";
    uint32_t service = PW_AUTHENTICATE_ONLY;
    VALUE_PAIR *sent = NULL, *received = NULL;
    enum password_status status = PASSWORD_DEFER;

    if (rc_read_dictionary(handle, rc_conf_str(handle, "dictionary")) != 0)
        error_set(err, "RADIUS: can't read dictionary");
    else if (!add(handle, &sent, PW_USER_NAME, user.s, (int)user.n) ||
             !add(handle, &sent, PW_USER_PASSWORD, password.s, (int)password.n) ||
             !add(handle, &sent, PW_SERVICE_TYPE, &service, 0))
        error_set(err, "RADIUS: add user name, password or service type failed");
    else
        status = judge(rc_auth(handle, 0, sent, &received, message), err);
    rc_avpair_free(sent);
    rc_avpair_free(received);
    return status;
}

static enum password_status radius(struct arena *arena, const struct str *args, unsigned nargs, struct error *err)
{
    struct arena *secret = arena_new(ARENA_SECRET);
    enum password_status status = PASSWORD_WRONG;
    struct str user, password;
    rc_handle *handle;
    struct strlist it;

    (void)arena, (void)nargs;
    strlist_begin(&it, args[0], ':');
    if (str_find(args[0], '\0') < 0 && strlist_next(&it, secret, &user) && user.n > 0 && user.n <= AUTH_STRING_LEN) {
        if (!strlist_next(&it, secret, &password))
            password = STR("");
        handle = rc_read_config(RADIUS_CONFIG_FILE);
        if (!handle)
            error_set(err, "RADIUS: can't open %s", RADIUS_CONFIG_FILE);
        status = !handle                        ? PASSWORD_DEFER
                 : password.n <= PASSWORD_LIMIT ? ask(handle, user, password, err)
                                                : PASSWORD_WRONG;
        if (handle)
            rc_destroy(handle);
    }
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
