/* Errors of retry rules by name (manual, 32.5). */
#include <errno.h>
#include <string.h>

#include "base/ascii.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "mail/delivery_error.h"
#include "mail/retry_rules.h"

enum suffix {
    SUFFIX_NONE,
    SUFFIX_DIGITS,  /* 4xx */
    SUFFIX_TIME,    /* _5d */
    SUFFIX_HOST,    /* _MX, _A */
    SUFFIX_CONNECT, /* _connect, and then those */
};

static const struct name {
    const char *text;
    int error;
    enum suffix suffix;
    bool shown; /* by -brt; Exim shows the others as an asterisk */
} names[] = {
    {"auth_failed", DELIVERY_AUTH_FAILED, SUFFIX_NONE, true},
    {"data_4", DELIVERY_DATA_4XX, SUFFIX_DIGITS, false},
    {"lost_connection", DELIVERY_CONNECTION_LOST, SUFFIX_NONE, false},
    {"lookup", DELIVERY_HOST_LOOKUP, SUFFIX_NONE, false},
    {"mail_4", DELIVERY_MAIL_4XX, SUFFIX_DIGITS, false},
    {"quota", DELIVERY_QUOTA, SUFFIX_TIME, true},
    {"rcpt_4", DELIVERY_RCPT_4XX, SUFFIX_DIGITS, false},
    {"refused", ECONNREFUSED, SUFFIX_HOST, true},
    {"timeout", ETIMEDOUT, SUFFIX_CONNECT, true},
    {"tls_required", DELIVERY_TLS_REQUIRED, SUFFIX_NONE, false},
};

static struct str behind(struct str text, size_t n)
{
    return (struct str){text.s + n, text.n - n, text.tainted};
}

static bool read_digits(struct str text, const struct name *name, struct retry_error *error, struct error *err)
{
    size_t n = strlen(name->text);
    struct str rest = behind(text, n);

    if (rest.n != 2 || !(rest.s[0] == 'x' || ascii_is_digit(rest.s[0])) ||
        !(rest.s[1] == 'x' || (ascii_is_digit(rest.s[0]) && ascii_is_digit(rest.s[1]))))
        return error_set(err, "%.*s must be followed by xx, dx, or dd, where x is literal and d is any digit", (int)n,
                         text.s);
    for (int i = 0; i < 2; i++)
        error->digits[i] = rest.s[i] == 'x' ? -1 : (signed char)(rest.s[i] - '0');
    return true;
}

/* _MX, _A or nothing. */
static bool read_host(struct str rest, struct retry_error *error)
{
    if (str_is_nocase(rest, "_MX"))
        error->host = DELIVERY_MORE_MX;
    else if (str_is_nocase(rest, "_A"))
        error->host = DELIVERY_MORE_ADDRESS;
    return rest.n == 0 || error->host != 0;
}

static bool read_connect(struct str rest, struct retry_error *error)
{
    if (str_is_nocase(rest, "_dns"))
        return true; /* has never meant anything else than timeout alone */
    error->connecting = str_starts_nocase(rest, "_connect");
    return read_host(error->connecting ? behind(rest, strlen("_connect")) : rest, error);
}

static bool read_suffix(struct str text, const struct name *name, struct retry_error *error, struct error *err)
{
    struct str rest = behind(text, strlen(name->text));

    switch (name->suffix) {
    case SUFFIX_DIGITS:
        return read_digits(text, name, error, err);
    case SUFFIX_TIME:
        return rest.n == 0 || interval_parse(behind(rest, 1), &error->unread) || error_set(err, "bad time value");
    case SUFFIX_HOST:
        return read_host(rest, error) || error_set(err, "A or MX expected after \"%s\"", name->text);
    case SUFFIX_CONNECT:
        return read_connect(rest, error) ||
               error_set(err, "\"A\", \"MX\", or \"connect\" expected after \"%s\"", name->text);
    case SUFFIX_NONE:
        break;
    }
    return true;
}

/* Whether text is the name, or the name and the beginning of what may follow. */
static bool is_name(struct str text, const struct name *name)
{
    size_t n = strlen(name->text);

    if (!str_starts_nocase(text, name->text))
        return false;
    if (name->suffix == SUFFIX_DIGITS || text.n == n)
        return true;
    return name->suffix != SUFFIX_NONE && text.s[n] == '_';
}

bool retry_error_read(struct str text, struct retry_error *error, struct error *err)
{
    *error = (struct retry_error){.digits = {-1, -1}};
    if (str_is(text, "*"))
        return true;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (is_name(text, &names[i])) {
            error->error = names[i].error;
            return read_suffix(text, &names[i], error, err);
        }
    return error_set(err, "unknown or malformed retry error \"%.*s\"", STR_ARG(text));
}

struct retry_failure retry_error_example(const struct retry_error *error)
{
    struct retry_failure failure = {.error = error->error, .more = error->host};

    if (error->connecting)
        failure.more |= DELIVERY_MORE_CONNECT;
    if (error->error == DELIVERY_QUOTA)
        failure.more = error->unread;
    else if (error->digits[0] >= 0)
        failure.more = delivery_more_4xx(10 * error->digits[0] + (error->digits[1] >= 0 ? error->digits[1] : 0), false);
    return failure;
}

static bool is_4xx(int error)
{
    return error == DELIVERY_RCPT_4XX || error == DELIVERY_MAIL_4XX || error == DELIVERY_DATA_4XX;
}

bool retry_error_matches(const struct retry_error *error, const struct retry_failure *failure)
{
    int code = failure->more >> 8;

    if (error->error == 0)
        return true;
    if (error->error == DELIVERY_QUOTA && (failure->error == EDQUOT || failure->error == ENOSPC))
        return failure->more >= error->unread;
    if (error->error != failure->error)
        return false;
    if (error->error == DELIVERY_QUOTA)
        return failure->more >= error->unread;
    if (is_4xx(error->error))
        return (error->digits[0] < 0 || error->digits[0] == code / 10) &&
               (error->digits[1] < 0 || error->digits[1] == code % 10);
    return (!error->host || error->host == (failure->more & 255)) &&
           (!error->connecting || (failure->more & DELIVERY_MORE_CONNECT));
}

void retry_error_print(struct buffer *out, const struct retry_error *error)
{
    const struct name *name = names, *end = names + sizeof names / sizeof *names;

    while (name < end && name->error != error->error)
        name++;
    if (name == end || !name->shown) {
        buffer_add_char(out, '*');
        return;
    }
    buffer_add_cstr(out, name->text);
    if (error->unread > 0)
        buffer_printf(out, "_%.*s", STR_ARG(interval_format(out->arena, error->unread)));
    if (error->connecting)
        buffer_add_cstr(out, "_connect");
    if (error->host)
        buffer_add_cstr(out, error->host == DELIVERY_MORE_MX ? "_MX" : "_A");
}
