/* The verify condition (manual, 44.26), as far as it needs neither routing nor the DNS nor a message:
 * `helo` and `certificate`. */
#include "acl/kinds.h"

static enum acl_check verify_certificate(struct acl_run *run)
{
    const struct scope_connection *connection = run->context->scope->connection;

    if (connection != NULL && connection->tls_in.active && connection->tls_in.certificate_verified)
        return CHECK_TRUE;
    run->user_text = run->context->scope->acl->acl_verify_message = STR("no verified certificate");
    return CHECK_FALSE;
}

/* Input that does not come over TCP/IP needs no verification. */
static enum acl_check verify_helo(struct acl_run *run)
{
    const struct acl_context *context = run->context;
    const struct scope_connection *connection = context->scope->connection;

    if (connection == NULL || str_is_null(connection->host_address))
        return CHECK_TRUE;
    if (!connection->helo_verified && context->host->verify_helo != NULL)
        context->host->verify_helo(context->owner);
    return connection->helo_verified ? CHECK_TRUE : CHECK_FALSE;
}

/* NULL: Exim knows it, this version does not do it. Neither row has options. */
static const struct verify_row {
    const char *name;
    enum acl_check (*check)(struct acl_run *run);
} rows[] = {
    {"arc", NULL},
    {"certificate", verify_certificate},
    {"csa", NULL},
    {"header_names_ascii", NULL},
    {"header_sender", NULL},
    {"header_syntax", NULL},
    {"helo", verify_helo},
    {"not_blind", NULL},
    {"recipient", NULL},
    {"reverse_host_lookup", NULL},
    {"sender", NULL},
};

/* The row for what stands before options and an address, or NULL. */
static const struct verify_row *find(struct str value)
{
    size_t n = 0;

    while (n < value.n && value.s[n] != '/' && value.s[n] != '=' && value.s[n] != ' ')
        n++;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (str_is_nocase((struct str){value.s, n, value.tainted}, rows[i].name))
            return &rows[i];
    return NULL;
}

/* What cannot be verified is refused as soon as it is seen; nonsense waits until it is used, as in Exim. */
bool acl_verify_inspect(struct str fixed, struct error *err)
{
    const struct verify_row *row = find(fixed);

    if (row != NULL && row->check == NULL)
        return error_set(err, "ACL condition \"verify = %s\" is known to Exim but not supported by gatepost",
                         row->name);
    return true;
}

enum acl_check acl_check_verify(struct acl_run *run, const struct acl_item *item, struct str value)
{
    const struct verify_row *row = find(value);
    struct error err = ERROR_IN(run->context->arena);

    (void)item;
    if (row == NULL)
        return acl_say(run, CHECK_ERROR,
                       "expected \"sender[=address]\", \"recipient\", \"helo\", \"header_syntax\", "
                       "\"header_sender\", \"header_names_ascii\" or \"reverse_host_lookup\" at start of ACL "
                       "condition \"verify %.*s\"", STR_ARG(value));
    if (!acl_verify_inspect(value, &err))
        return acl_say(run, CHECK_ERROR, "%.*s", STR_ARG(err.text));
    if (str_find(value, '/') >= 0)
        return acl_say(run, CHECK_ERROR, "unexpected '/' found in \"%.*s\" (this verify item has no options)",
                       STR_ARG(value));
    return row->check(run);
}
