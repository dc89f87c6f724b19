/* The conditions (manual, 44.26), all but `acl` (nested.c) and `verify` (verify.c). Each function is a row's
 * of the table in kinds.c. */
#include "acl/kinds.h"
#include "base/ascii.h"
#include "base/log.h"
#include "base/truth.h"

/* A list that could not be searched is a temporary failure; why is in the log, not in the reply. */
static enum acl_check of_match(struct acl_run *run, enum match_result result, const struct error *err)
{
    switch (result) {
    case MATCH_YES:
        return CHECK_TRUE;
    case MATCH_NO:
        return CHECK_FALSE;
    case MATCH_DEFER:
    case MATCH_ERROR:
        break;
    }
    if (!str_is_empty(err->text))
        acl_say(run, CHECK_DEFER, "%.*s", STR_ARG(err->text));
    return CHECK_DEFER;
}

/* Is subject in the item's list? data (may be NULL) gets the data of the match, nothing without one. */
static enum acl_check search(struct acl_run *run, const struct acl_item *item, struct str subject,
                             struct str *data)
{
    struct error err = ERROR_IN(run->context->arena);
    struct str found = STR_NULL;
    enum match_result result = list_match(run->context->scope, item->u.list, subject, &found, &err);

    if (data != NULL)
        *data = result == MATCH_YES ? found : STR_NULL;
    return of_match(run, result, &err);
}

enum acl_check acl_check_authenticated(struct acl_run *run, const struct acl_item *item, struct str value)
{
    const struct scope_connection *connection = run->context->scope->connection;

    (void)value;
    if (connection == NULL || str_is_null(connection->host_authenticated))
        return CHECK_FALSE;
    return search(run, item, connection->host_authenticated, NULL);
}

enum acl_check acl_check_encrypted(struct acl_run *run, const struct acl_item *item, struct str value)
{
    const struct scope_connection *connection = run->context->scope->connection;

    (void)value;
    if (connection == NULL || !connection->tls_in.active)
        return CHECK_FALSE;
    return search(run, item, connection->tls_in.cipher, NULL);
}

/* Digits, with a minus sign in front or not: any number but 0 is true. */
static bool read_number(struct str value, bool *nonzero)
{
    size_t i = value.n > 0 && value.s[0] == '-';

    *nonzero = false;
    if (i == value.n)
        return false;
    for (; i < value.n; i++) {
        if (!ascii_is_digit(value.s[i]))
            return false;
        *nonzero = *nonzero || value.s[i] != '0';
    }
    return true;
}

enum acl_check acl_check_condition(struct acl_run *run, const struct acl_item *item, struct str value)
{
    bool yes;

    (void)item;
    if (read_number(value, &yes))
        return yes ? CHECK_TRUE : CHECK_FALSE;
    switch (truth_of(value)) {
    case TRUTH_YES:
        return CHECK_TRUE;
    case TRUTH_NO:
        return CHECK_FALSE;
    case TRUTH_OTHER:
        break;
    }
    return acl_say(run, CHECK_DEFER, "invalid \"condition\" value \"%.*s\"", STR_ARG(value));
}

enum acl_check acl_check_hosts(struct acl_run *run, const struct acl_item *item, struct str value)
{
    struct scope *scope = run->context->scope;
    struct error err = ERROR_IN(run->context->arena);
    enum match_result result = list_match_connection(scope, item->u.list, &value, &err);

    scope->acl->host_data = result == MATCH_YES ? value : STR_NULL;
    return of_match(run, result, &err);
}

enum acl_check acl_check_domains(struct acl_run *run, const struct acl_item *item, struct str value)
{
    struct scope_address *address = run->context->scope->address;

    (void)value;
    return address == NULL ? CHECK_FALSE : search(run, item, address->domain, &address->domain_data);
}

/* The local part is matched as the client wrote it: how its case counts is up to the list. */
enum acl_check acl_check_local_parts(struct acl_run *run, const struct acl_item *item, struct str value)
{
    struct scope_address *address = run->context->scope->address;

    (void)value;
    if (address == NULL)
        return CHECK_FALSE;
    return search(run, item,
                  str_is_null(address->original_local_part) ? address->local_part
                                                            : address->original_local_part,
                  &address->local_part_data);
}

enum acl_check acl_check_recipients(struct acl_run *run, const struct acl_item *item, struct str value)
{
    struct scope_address *address = run->context->scope->address;

    (void)value;
    return search(run, item, run->context->recipient, address == NULL ? NULL : &address->recipient_data);
}

static struct str sender_of(const struct acl_run *run)
{
    const struct scope_message *message = run->context->scope->message;

    return message == NULL || str_is_null(message->sender_address) ? STR("") : message->sender_address;
}

enum acl_check acl_check_senders(struct acl_run *run, const struct acl_item *item, struct str value)
{
    struct scope_address *address = run->context->scope->address;

    (void)value;
    return search(run, item, sender_of(run), address == NULL ? NULL : &address->sender_data);
}

enum acl_check acl_check_sender_domains(struct acl_run *run, const struct acl_item *item, struct str value)
{
    struct str sender = sender_of(run);
    ptrdiff_t at = str_rfind(sender, '@');
    struct str domain = {sender.s + (at < 0 ? sender.n : (size_t)at + 1), 0, sender.tainted};

    (void)value;
    domain.n = (size_t)(sender.s + sender.n - domain.s);
    return search(run, item, domain, NULL);
}
