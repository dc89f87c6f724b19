/* verify = header_names_ascii, header_syntax and not_blind (manual, 44.26): the header lines of a message that has
 * arrived. */
#include <stdlib.h>
#include <string.h>

#include "acl/header_lines.h"
#include "acl/verify.h"
#include "base/ascii.h"
#include "base/buffer.h"
#include "base/print.h"

/* --- header_names_ascii */

enum acl_check acl_verify_header_names_ascii(struct acl_run *run, struct acl_verify *verify)
{
    struct str headers = header_lines(run);
    struct header_line header;

    (void)verify;
    while (header_line_take(&headers, &header))
        for (size_t i = 0; i < header.name.n; i++)
            if (header.name.s[i] <= ' ' || header.name.s[i] > '~') /* what is not ASCII is negative, or greater */
                return header_test_failed(run, CHECK_FALSE, STR_NULL, str_printf(run->context->arena,
                                              "Invalid character in header \"%.*s\" found",
                                              STR_ARG(header.name)));
    return CHECK_TRUE;
}

/* --- header_syntax */

static const char *fault_of(const struct acl_context *context, enum mail_header_type type,
                            const struct address *address)
{
    bool sender = type == HEADER_FROM || type == HEADER_SENDER;
    bool recipient = type == HEADER_TO || type == HEADER_CC || type == HEADER_BCC;

    if (!str_is_null(address->domain) || (!recipient && context->unqualified_sender_allowed) ||
        (!sender && context->unqualified_recipient_allowed))
        return NULL;
    return "unqualified address not permitted";
}

/* "domain missing or malformed: failing address in "To:" header is: @" */
static struct str complaint(const struct acl_run *run, struct str why, struct str name, struct str item)
{
    enum { SHOWN = 1024 };
    struct buffer text = BUFFER_IN(run->context->arena);
    struct str shown = item;

    if (shown.n > SHOWN)
        shown.n = SHOWN;
    while (name.n > 0 && ascii_is_space(name.s[name.n - 1]))
        name.n--;
    buffer_printf(&text, "%.*s: failing address in \"%.*s:\" header %s: %.*s", STR_ARG(why), STR_ARG(name),
                  shown.n < item.n ? "begins" : "is", STR_ARG(shown));
    text.tainted = true;
    return printable(run->context->arena, buffer_str(&text));
}

static enum acl_check check_addresses(struct acl_run *run, const struct header_line *header)
{
    struct acl_context *context = run->context;
    const struct address_rules rules = header_address_rules(context);
    struct address_list list = {.text = header->body};
    struct error err = ERROR_IN(context->arena);
    struct address address;
    struct str item;
    bool good;

    while (address_list_next(&list, context->arena, &rules, &item, &address, &good, &err)) {
        const char *fault = good ? fault_of(context, header->type, &address) : NULL;

        if (!good || fault != NULL)
            return header_test_failed(run, CHECK_FALSE, STR_NULL, complaint(run, good ? str_of(fault) : err.text, header->name, item));
    }
    return CHECK_TRUE;
}

static bool has_addresses(enum mail_header_type type)
{
    return type == HEADER_FROM || type == HEADER_REPLY_TO || type == HEADER_SENDER || type == HEADER_TO ||
           type == HEADER_CC || type == HEADER_BCC;
}

enum acl_check acl_verify_header_syntax(struct acl_run *run, struct acl_verify *verify)
{
    struct str headers = header_lines(run);
    enum acl_check status = CHECK_TRUE;
    struct header_line header;

    (void)verify;
    while (status == CHECK_TRUE && header_line_take(&headers, &header))
        if (has_addresses(header.type))
            status = check_addresses(run, &header);
    if (status == CHECK_FALSE)
        run->context->scope->acl->acl_verify_message = str_is_null(run->user_text) ? run->log_text
                                                                                    : run->user_text;
    return status;
}

/* --- not_blind */

/* Addresses in the form they are compared in: domains regardless of case, local parts as asked for. */
struct shown {
    struct arena *arena;
    bool caseless;
    struct str *v;
    size_t n;
};

static struct str form_of(const struct shown *shown, struct str address)
{
    ptrdiff_t at = str_rfind(address, '@');
    size_t local = shown->caseless || at < 0 ? 0 : (size_t)at;

    return str_join(shown->arena, str_sub(shown->arena, address, 0, local),
                    str_lower(shown->arena, str_sub(shown->arena, address, local, address.n)));
}

static int compare(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* What cannot be read shows nobody. */
static void add_addresses(struct acl_run *run, struct shown *shown, struct str body)
{
    struct acl_context *context = run->context;
    const struct address_rules rules = header_address_rules(context);
    struct address_list list = {.text = body};
    struct error err = ERROR_IN(context->arena);
    struct address address;
    struct str item;
    bool good;

    while (address_list_next(&list, context->arena, &rules, &item, &address, &good, &err)) {
        if (!good)
            continue;
        if (str_is_null(address.domain))
            address.text = str_join3(context->arena, address.text, STR("@"),
                                     context->scope->process->qualify_recipient);
        shown->v = acl_room(shown->arena, shown->v, shown->n, sizeof *shown->v);
        shown->v[shown->n++] = form_of(shown, address.text);
    }
}

static bool all_are_shown(const struct scope_message *message, const struct shown *shown)
{
    for (size_t i = 0; message != NULL && i < message->recipients_count; i++) {
        struct str form = form_of(shown, message->recipients[i].address);

        if (shown->n == 0 || bsearch(&form, shown->v, shown->n, sizeof *shown->v, compare) == NULL)
            return false;
    }
    return true;
}

enum acl_check acl_verify_not_blind(struct acl_run *run, struct acl_verify *verify)
{
    struct shown shown = {.arena = run->context->arena};
    struct str headers = header_lines(run), option;
    struct header_line header;

    while (acl_verify_option(verify, &option)) {
        if (!str_is_nocase(option, "case_insensitive"))
            return acl_verify_unknown_option(run, verify, option);
        shown.caseless = true;
    }
    while (header_line_take(&headers, &header))
        if (header.type == HEADER_TO || header.type == HEADER_CC)
            add_addresses(run, &shown, header.body);
    if (shown.n > 0)
        qsort(shown.v, shown.n, sizeof *shown.v, compare);
    if (all_are_shown(run->context->scope->message, &shown))
        return CHECK_TRUE;
    return header_test_failed(run, CHECK_FALSE, STR_NULL, STR("bcc recipient detected"));
}
