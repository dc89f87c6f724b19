/* LDAP queries: see ldap_query.h. */
#include "lookups/ldap_query.h"

#include <ldap.h>
#include <limits.h>
#include <string.h>

#include "base/ascii.h"
#include "base/buffer.h"
#include "base/quoted.h"

enum {
    DECIMAL = 10,
    HEXADECIMAL = 16,
    SHOWN = 16, /* octets of what should have been a URL */
};

/* --- Parameters */

static bool malformed(struct error *err)
{
    return error_set(err, "malformed parameter setting precedes LDAP URL");
}

/* What begins like this is the URL, whatever comes then; no parameter does. */
static bool is_url(struct str rest)
{
    return str_starts_nocase(rest, "ldap");
}

/* Sees what the URL is for. */
static bool read_scheme(struct ldap_query *query, struct str url, struct error *err)
{
    static const char *const schemes[] = {"ldap://", "ldaps://", "ldapi://"};

    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        if (!str_starts_nocase(url, schemes[i]))
            continue;
        query->ldaps = i == 1;
        query->ldapi = i == 2;
        return true;
    }
    return error_set(err, "LDAP URL does not start with \"ldap://\", \"ldaps://\", or \"ldapi://\" (it starts with "
                          "\"%.*s...\")",
                     (int)(url.n < SHOWN ? url.n : SHOWN), url.s);
}

static unsigned hex_value(char c)
{
    if (ascii_is_digit(c))
        return (unsigned)(c - '0');
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + DECIMAL : HEXADECIMAL;
}

/* Without %XX: the same quoting will do for names here as in URLs. */
static struct str without_url_quoting(struct arena *arena, struct str text)
{
    struct buffer out = BUFFER_IN(arena);

    for (size_t i = 0; i < text.n; i++) {
        unsigned high = HEXADECIMAL, low = HEXADECIMAL;

        if (text.s[i] == '%' && i + 2 < text.n) {
            high = hex_value(text.s[i + 1]);
            low = hex_value(text.s[i + 2]);
        }
        if (high < HEXADECIMAL && low < HEXADECIMAL) {
            buffer_add_char(&out, (char)(high * HEXADECIMAL + low));
            i += 2;
        } else {
            buffer_add_char(&out, text.s[i]);
        }
    }
    return buffer_str(&out);
}

static bool read_number(struct str value, const char *name, int *number, struct error *err)
{
    long n = 0;

    for (size_t i = 0; i < value.n; i++) {
        if (!ascii_is_digit(value.s[i]) || n > INT_MAX / DECIMAL)
            return error_set(err, "LDAP parameter %s is not a number", name);
        n = n * DECIMAL + (value.s[i] - '0');
    }
    if (value.n == 0 || n > INT_MAX)
        return error_set(err, "LDAP parameter %s is not a number", name);
    *number = (int)n;
    return true;
}

static bool read_dereference(struct str value, int *dereference, struct error *err)
{
    static const struct {
        const char *name;
        int value;
    } words[] = {
        {"never", LDAP_DEREF_NEVER},
        {"searching", LDAP_DEREF_SEARCHING},
        {"finding", LDAP_DEREF_FINDING},
        {"always", LDAP_DEREF_ALWAYS},
    };

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_is_nocase(value, words[i].name)) {
            *dereference = words[i].value;
            return true;
        }
    return error_set(err, "LDAP option DEREFERENCE is not \"never\", \"searching\", \"finding\" or \"always\"");
}

static bool read_referrals(struct str value, bool *referrals, struct error *err)
{
    *referrals = str_is_nocase(value, "follow");
    return *referrals || str_is_nocase(value, "nofollow") ||
           error_set(err, "LDAP option REFERRALS is not \"follow\" or \"nofollow\"");
}

static bool set_parameter(struct arena *arena, struct ldap_query *query, struct str name, struct str value,
                          struct error *err)
{
    if (str_is_nocase(name, "user"))
        query->user = without_url_quoting(arena, value);
    else if (str_is_nocase(name, "pass"))
        query->password = value;
    else if (str_is_nocase(name, "servers"))
        query->servers = value;
    else if (str_is_nocase(name, "size"))
        return read_number(value, "SIZE", &query->size, err);
    else if (str_is_nocase(name, "time"))
        return read_number(value, "TIME", &query->time, err);
    else if (str_is_nocase(name, "nettime") || str_is_nocase(name, "connect"))
        return read_number(value, "NETTIME", &query->nettime, err);
    else if (str_is_nocase(name, "dereference"))
        return read_dereference(value, &query->dereference, err);
    else if (str_is_nocase(name, "referrals"))
        return read_referrals(value, &query->referrals, err);
    else
        return error_set(err, "unknown parameter \"%.*s=\" precedes LDAP URL", STR_ARG(name));
    return true;
}

static struct str rest_of(const char *p, const char *end)
{
    return (struct str){p, (size_t)(end - p), false};
}

static void skip_space(const char **p, const char *end)
{
    while (*p < end && ascii_is_space(**p))
        ++*p;
}

bool ldap_query_read(struct arena *arena, struct str text, struct ldap_query *query, struct error *err)
{
    const char *p = text.s, *end = str_end(text);

    *query = (struct ldap_query){.dereference = -1, .referrals = true};
    for (skip_space(&p, end); !is_url(rest_of(p, end)); skip_space(&p, end)) {
        const char *start = p;
        struct str name, value;

        while (p < end && (ascii_is_alnum(*p) || *p == '_'))
            p++;
        skip_space(&p, end);
        if (p == end || *p != '=')
            return malformed(err);
        name = str_copy_n(arena, start, (size_t)(p++ - start), false);
        if (p < end && *p == '"') {
            value = quoted_read(arena, &p, end);
            if (p < end && !ascii_is_space(*p))
                return malformed(err);
        } else {
            for (start = p; p < end && !ascii_is_space(*p);)
                p++;
            value = str_copy_n(arena, start, (size_t)(p - start), false);
        }
        if (!set_parameter(arena, query, name, value, err))
            return false;
    }
    query->url = str_copy(arena, rest_of(p, end));
    if (!read_scheme(query, query->url, err))
        return false;
    if (str_find(query->url, '\0') >= 0 || (!str_is_null(query->user) && str_find(query->user, '\0') >= 0))
        return error_set(err, "LDAP query with a NUL in it");
    return true;
}

/* --- Quoting */

static void add_url_quoted(struct buffer *out, char c)
{
    if (ascii_is_alnum(c) || (c != '\0' && strchr("!$'-._()*+", c)))
        buffer_add_char(out, c);
    else
        buffer_printf(out, "%%%02X", (unsigned)(unsigned char)c);
}

static void quote_filter(struct buffer *out, struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.s[i] != '\0' && strchr("*()\\", text.s[i])) {
            add_url_quoted(out, '\\');
            buffer_printf(out, "%02X", (unsigned)(unsigned char)text.s[i]);
        } else {
            add_url_quoted(out, text.s[i]);
        }
    }
}

/* Spaces and # at the start, and spaces at the end, have to be marked, too. */
static void quote_name(struct buffer *out, struct str text)
{
    size_t leading = 0, last = text.n;

    while (leading < text.n && (text.s[leading] == ' ' || text.s[leading] == '#'))
        leading++;
    while (last > leading && text.s[last - 1] == ' ')
        last--;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.s[i];

        if (i < leading || i >= last || (c != '\0' && strchr(",+\"\\<>;", c)))
            add_url_quoted(out, '\\');
        add_url_quoted(out, c);
    }
}

struct str ldap_quote(struct arena *arena, struct str text, struct str option)
{
    struct buffer out = BUFFER_IN(arena);

    if (str_is_null(option))
        quote_filter(&out, text);
    else if (str_is_nocase(option, "dn"))
        quote_name(&out, text);
    else
        return STR_NULL;
    out.tainted = text.tainted;
    return buffer_str(&out);
}
