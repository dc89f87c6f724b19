/* The verify condition (manual, 44.26): the table of what can be verified, and where. */
#include "acl/verify.h"

#include <string.h>

#include "acl/kinds.h"
#include "base/ascii.h"

/* Where a message has arrived, or was there before. */
#define WITH_DATA \
    (ACL_AT(DATA) | ACL_AT(PRDR) | ACL_AT(MIME) | ACL_AT(DKIM) | ACL_AT(NOTSMTP) | ACL_AT(QUIT) | \
     ACL_AT(NOTQUIT))

static const struct verify_row {
    const char *name;
    enum acl_check (*check)(struct acl_run *run, struct acl_verify *verify); /* NULL: Exim knows it, this version
                                                                              * does not do it */
    uint32_t allowed; /* places */
    bool options;     /* may have options behind a slash */
    bool address;     /* may have an address behind an equals sign */
} rows[] = {
    {"arc", NULL, ACL_ANYWHERE, true, false},
    {"certificate", acl_verify_certificate, ACL_ANYWHERE, false, false},
    {"csa", acl_verify_csa, ACL_ANYWHERE, true, false},
    {"header_names_ascii", acl_verify_header_names_ascii, WITH_DATA, false, false},
    {"header_sender", acl_verify_header_sender, WITH_DATA, true, false},
    {"header_syntax", acl_verify_header_syntax, WITH_DATA, false, false},
    {"helo", acl_verify_helo, ACL_ANYWHERE, false, false},
    {"not_blind", acl_verify_not_blind, WITH_DATA, true, false},
    {"recipient", acl_verify_recipient, ACL_ANYWHERE, true, false},
    {"reverse_host_lookup", acl_verify_reverse_host_lookup, ACL_ANYWHERE, true, false},
    {"sender", acl_verify_sender, ACL_ANYWHERE, true, true},
};

/* Where an address stands in `name = address`; 0: none does. */
static size_t address_begin(const struct verify_row *row, struct str item)
{
    size_t i = strlen(row->name);

    if (!row->address || item.n <= i ||
        !str_eq_nocase((struct str){item.s, i, false}, (struct str){row->name, i, false}))
        return 0;
    while (i < item.n && ascii_is_space(item.s[i]))
        i++;
    return i < item.n && item.s[i] == '=' ? i + 1 : 0;
}

/* The row for the first part of the value. NULL: there is none. */
static const struct verify_row *find(struct str value, struct arena *arena, struct acl_verify *verify)
{
    struct str item = STR("");

    *verify = (struct acl_verify){.value = value, .address = STR_NULL, .arena = arena};
    strlist_begin(&verify->options, value, '/');
    if (!strlist_next(&verify->options, arena, &item))
        return NULL;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t begin = address_begin(&rows[i], item);

        if (begin > 0)
            verify->address = str_trim(arena, str_sub(arena, item, begin, item.n - begin));
        if (begin > 0 || str_is_nocase(item, rows[i].name))
            return &rows[i];
    }
    return NULL;
}

static bool refuse_unsupported(const struct verify_row *row, struct error *err)
{
    if (row != NULL && row->check == NULL)
        return error_set(err, "ACL condition \"verify = %s\" is known to Exim but not supported by gatepost",
                         row->name);
    return true;
}

/* Connections of callouts are not kept for deliveries. */
static bool refuse_hold(struct acl_verify *verify, struct error *err)
{
    struct str option, item;

    while (acl_verify_option(verify, &option)) {
        struct strlist it;

        if (!str_starts_nocase(option, "callout"))
            continue;
        strlist_begin(&it, str_sub(verify->arena, option, (size_t)(str_find(option, '=') + 1), option.n), ',');
        while (strlist_next(&it, verify->arena, &item))
            if (str_is_nocase(item, "hold"))
                return error_set(err, "callout option \"hold\" of ACL condition \"verify %.*s\" is known to Exim but "
                                 "not supported by gatepost", STR_ARG(verify->value));
    }
    return true;
}

/* What cannot be verified is refused as soon as it is seen; nonsense waits until it is used, as in Exim. */
bool acl_verify_inspect(struct str fixed, struct error *err)
{
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct acl_verify verify;
    bool fine = refuse_unsupported(find(fixed, arena, &verify), err) && refuse_hold(&verify, err);

    arena_free(arena);
    return fine;
}

bool acl_verify_option(struct acl_verify *verify, struct str *option)
{
    return strlist_next(&verify->options, verify->arena, option);
}

enum acl_check acl_verify_unknown_option(struct acl_run *run, const struct acl_verify *verify, struct str option)
{
    return acl_say(run, CHECK_ERROR, "unknown option \"%.*s\" in ACL condition \"verify %.*s\"", STR_ARG(option),
                   STR_ARG(verify->value));
}

enum acl_check acl_check_verify(struct acl_run *run, const struct acl_item *item, struct str value)
{
    struct acl_context *context = run->context;
    struct acl_verify verify;
    const struct verify_row *row = find(value, context->arena, &verify);
    struct error err = ERROR_IN(context->arena);

    (void)item;
    if (row == NULL)
        return acl_say(run, CHECK_ERROR,
                       "expected \"sender[=address]\", \"recipient\", \"helo\", \"header_syntax\", "
                       "\"header_sender\", \"header_names_ascii\" or \"reverse_host_lookup\" at start of ACL "
                       "condition \"verify %.*s\"", STR_ARG(value));
    if (!refuse_unsupported(row, &err))
        return acl_say(run, CHECK_ERROR, "%.*s", STR_ARG(err.text));
    if (!row->options && str_find(value, '/') >= 0)
        return acl_say(run, CHECK_ERROR, "unexpected '/' found in \"%.*s\" (this verify item has no options)",
                       STR_ARG(value));
    if (!(row->allowed & (UINT32_C(1) << context->where)))
        return acl_say(run, CHECK_ERROR, "cannot verify %s in ACL for %s", row->name,
                       acl_where_name(context->where));
    return row->check(run, &verify);
}

void acl_verify_unsupported(void (*each)(void *ctx, const char *kind, const char *name), void *ctx)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!rows[i].check)
            each(ctx, "verify", rows[i].name);
}
