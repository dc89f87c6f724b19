/* Header lines one by one: see header_lines.h. */
#include "acl/header_lines.h"

#include <string.h>

#include "base/ascii.h"

struct str header_lines(const struct acl_run *run)
{
    const struct scope_message *message = run->context->scope->message;

    return message == NULL || str_is_null(message->headers) ? STR("") : message->headers;
}

/* What follows the first line that neither begins with white space nor is the one at p. */
static const char *next_header(const char *p, const char *end)
{
    do {
        const char *lf = memchr(p, '\n', (size_t)(end - p));

        p = lf ? lf + 1 : end;
    } while (p < end && (*p == ' ' || *p == '\t'));
    return p;
}

bool header_line_take(struct str *text, struct header_line *header)
{
    const char *p = text->s, *end = text->s + text->n, *next, *colon;

    if (text->n == 0)
        return false;
    next = next_header(p, end);
    header->all = (struct str){p, (size_t)(next - p), text->tainted};
    colon = memchr(p, ':', header->all.n);
    colon = colon ? colon : next;
    header->name = (struct str){p, (size_t)(colon - p), text->tainted};
    for (colon += colon < next; colon < next && ascii_is_space(*colon); colon++)
        ;
    header->body = (struct str){colon, (size_t)(next - colon), text->tainted};
    header->type = mail_header_type_of(header->all);
    *text = (struct str){next, (size_t)(end - next), text->tainted};
    return true;
}

struct address_rules header_address_rules(const struct acl_context *context)
{
    struct address_rules rules = context->address_rules;

    rules.allow_null = false;
    rules.allow_domain_literals = true;
    return rules;
}

enum acl_check header_test_failed(struct acl_run *run, enum acl_check status, struct str user, struct str text)
{
    if (run->context->return_error_details)
        run->user_text = str_join(run->context->arena, STR("Rejected after DATA: "), str_is_null(user) ? text : user);
    run->log_text = text;
    return status;
}
