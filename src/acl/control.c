/* Controls (manual, 44.22): the table, and what is common to obeying them. A control that concerns the
 * session or the message is carried out by whoever runs the ACL. */
#include "acl/control.h"

#include "acl/compiled.h"

#define SMTP (ACL_ANYWHERE & ~ACL_NON_SMTP)
/* Before, and until the end of, a message. */
#define MESSAGE (ACL_AT(MAIL) | ACL_AT(RCPT) | ACL_AT(PREDATA) | ACL_AT(DATA) | ACL_AT(MIME))
/* Before the data of a message. */
#define BEFORE_DATA (ACL_AT(MAIL) | ACL_AT(RCPT) | ACL_AT(PREDATA))

static const struct acl_control controls[] = {
    {"allow_auth_unadvertised", CONTROL_ALLOW_AUTH_UNADVERTISED, CONTROL_BY_HOST, false,
     ACL_AT(CONNECT) | ACL_AT(HELO)},
    {"caseful_local_part", CONTROL_CASEFUL_LOCAL_PART, CONTROL_BY_ACL, false, ACL_AT(RCPT)},
    {"caselower_local_part", CONTROL_CASELOWER_LOCAL_PART, CONTROL_BY_ACL, false, ACL_AT(RCPT)},
    {"cutthrough_delivery", CONTROL_CUTTHROUGH_DELIVERY, CONTROL_REFUSED, true, ACL_ANYWHERE},
    {"debug", CONTROL_DEBUG, CONTROL_BY_ACL, true, ACL_ANYWHERE},
    {"dkim_disable_verify", CONTROL_DKIM_DISABLE_VERIFY, CONTROL_GIVEN, false,
     SMTP & ~(ACL_AT(DATA) | ACL_AT(PRDR))},
    {"dmarc_disable_verify", CONTROL_DMARC_DISABLE_VERIFY, CONTROL_GIVEN, false,
     SMTP & ~(ACL_AT(DATA) | ACL_AT(PRDR))},
    {"dmarc_enable_forensic", CONTROL_DMARC_ENABLE_FORENSIC, CONTROL_REFUSED, false, ACL_ANYWHERE},
    {"dscp", CONTROL_DSCP, CONTROL_BY_HOST, true, SMTP & ~ACL_AT(NOTQUIT)},
    {"enforce_sync", CONTROL_ENFORCE_SYNC, CONTROL_BY_HOST, false, SMTP},
    {"fakedefer", CONTROL_FAKEDEFER, CONTROL_BY_HOST, true, MESSAGE | ACL_AT(PRDR)},
    {"fakereject", CONTROL_FAKEREJECT, CONTROL_BY_HOST, true, MESSAGE | ACL_AT(PRDR)},
    {"freeze", CONTROL_FREEZE, CONTROL_OF_MESSAGE, true, MESSAGE | ACL_AT(NOTSMTP)},
    {"no_callout_flush", CONTROL_NO_CALLOUT_FLUSH, CONTROL_GIVEN, false, SMTP},
    {"no_delay_flush", CONTROL_NO_DELAY_FLUSH, CONTROL_BY_HOST, false, SMTP},
    {"no_enforce_sync", CONTROL_NO_ENFORCE_SYNC, CONTROL_BY_HOST, false, SMTP},
    {"no_mbox_unspool", CONTROL_NO_MBOX_UNSPOOL, CONTROL_OF_MESSAGE, false, MESSAGE},
    {"no_multiline_responses", CONTROL_NO_MULTILINE_RESPONSES, CONTROL_BY_HOST, false, SMTP},
    {"no_pipelining", CONTROL_NO_PIPELINING, CONTROL_BY_HOST, false, SMTP},
    {"queue", CONTROL_QUEUE, CONTROL_OF_MESSAGE, true, MESSAGE | ACL_AT(NOTSMTP)},
    {"queue_only", CONTROL_QUEUE_ONLY, CONTROL_OF_MESSAGE, true, MESSAGE | ACL_AT(NOTSMTP)},
    {"submission", CONTROL_SUBMISSION, CONTROL_OF_MESSAGE, true, BEFORE_DATA},
    {"suppress_local_fixups", CONTROL_SUPPRESS_LOCAL_FIXUPS, CONTROL_OF_MESSAGE, false,
     BEFORE_DATA | ACL_AT(NOTSMTP_START)},
    {"utf8_downconvert", CONTROL_UTF8_DOWNCONVERT, CONTROL_OF_MESSAGE, true, ACL_AT(RCPT) | ACL_AT(VRFY)},
    {"wellknown", CONTROL_WELLKNOWN, CONTROL_REFUSED, true, ACL_AT(WELLKNOWN)},
};

/* The control that value begins with; *rest is what follows its name. NULL: none. */
static const struct acl_control *find(struct str value, struct str *rest)
{
    size_t n = 0;

    while (n < value.n && value.s[n] != '/')
        n++;
    *rest = (struct str){value.s + n, value.n - n, value.tainted};
    for (size_t i = 0; i < sizeof controls / sizeof *controls; i++)
        if (str_is((struct str){value.s, n, false}, controls[i].name))
            return &controls[i];
    return NULL;
}

bool acl_control_inspect(struct str fixed, struct error *err)
{
    struct str rest;
    const struct acl_control *control = find(fixed, &rest);

    if (control != NULL && control->state == CONTROL_REFUSED)
        return error_set(err, "control \"%s\" is known to Exim but not supported by gatepost", control->name);
    if (control != NULL && control->id == CONTROL_DEBUG && rest.n > 1)
        return acl_control_debug_inspect((struct str){rest.s + 1, rest.n - 1, rest.tainted}, err);
    return true;
}

/* $local_part as the client wrote it, or in lower case. */
static void set_local_part_case(struct acl_context *context, bool caseful)
{
    struct scope_address *address = context->scope->address;

    if (address == NULL || str_is_null(address->original_local_part))
        return;
    address->local_part = caseful ? address->original_local_part
                                  : str_lower(context->arena, address->original_local_part);
}

bool acl_control_apply(struct acl_context *context, struct str value, struct error *err)
{
    struct str rest;
    const struct acl_control *control = find(value, &rest);
    struct str parameter = STR_NULL;

    if (control == NULL || (rest.n > 0 && !control->parameter))
        return error_set(err, "syntax error in \"control=%.*s\"", STR_ARG(value));
    if (!acl_control_inspect(value, err))
        return false;
    if (control->id == CONTROL_DSCP && rest.n == 0)
        return error_set(err, "syntax error in \"control=%.*s\"", STR_ARG(value));
    if (!(control->allowed & (UINT32_C(1) << context->where)))
        return error_set(err, "cannot use \"control=%s\" in %s ACL", control->name,
                         acl_where_name(context->where));
    if (rest.n > 0)
        parameter = str_copy_n(context->arena, rest.s + 1, rest.n - 1, rest.tainted);

    switch (control->state) {
    case CONTROL_BY_HOST:
        return context->host->control(context->owner, control, rest.n > 1 ? parameter : STR_NULL, err);
    case CONTROL_BY_ACL:
        if (control->id == CONTROL_DEBUG)
            return acl_control_debug(context, rest.n > 1 ? parameter : STR_NULL, err);
        set_local_part_case(context, control->id == CONTROL_CASEFUL_LOCAL_PART);
        break;
    case CONTROL_OF_MESSAGE:
        return acl_control_of_message(context, control, value, parameter, err);
    case CONTROL_GIVEN:
    case CONTROL_REFUSED:
        break;
    }
    return true;
}

void acl_control_unsupported(void (*each)(void *ctx, const char *kind, const char *name), void *ctx)
{
    for (size_t i = 0; i < sizeof controls / sizeof *controls; i++)
        if (controls[i].state == CONTROL_REFUSED)
            each(ctx, "control", controls[i].name);
}
