/* Operators on addresses: address, addresses, domain, local_part (manual, 11.6). */
#include "base/strlist.h"
#include "expand/apply.h"
#include "expand/header_address.h"
#include "expand/operators.h"

static bool parse(struct evaluation *ev, struct str text, struct header_address *address)
{
    const struct scope *scope = ev->scope;
    bool utf8_domains = (scope->process && scope->process->allow_utf8_domains) ||
                        (scope->message && scope->message->message_smtputf8.n > 0);

    return header_address_parse(ev->arena, text, utf8_domains, address);
}

APPLY_OPERATOR(apply_address)
{
    struct header_address address;
    if (parse(ev, op->operand, &address))
        buffer_add(out, address.address);
    return EXPAND_OK;
}

APPLY_OPERATOR(apply_domain)
{
    struct header_address address;
    if (parse(ev, op->operand, &address))
        buffer_add(out, address.domain);
    return EXPAND_OK;
}

APPLY_OPERATOR(apply_local_part)
{
    struct header_address address;
    if (parse(ev, op->operand, &address))
        buffer_add(out, address.local_part);
    return EXPAND_OK;
}

/* The addresses of a list; one that is wrong is left out. */
APPLY_OPERATOR(apply_addresses)
{
    struct str text = str_trim(ev->arena, op->operand), mailbox;
    struct buffer list = BUFFER_IN(ev->arena);
    char separator = ':';
    if (text.n > 0 && text.s[0] == '>') {
        text = str_sub(ev->arena, op->operand, (size_t)str_find(op->operand, '>') + 1, op->operand.n);
        if (text.n == 0)
            return evaluate_fail(ev, "output separator missing in expanding ${addresses:%.*s}",
                                 STR_ARG(op->operand));
        separator = text.s[0];
        text = str_sub(ev->arena, text, 1, text.n);
    }
    struct header_address_list it = {.text = text};
    for (bool first = true; header_address_next(&it, ev->arena, &mailbox);) {
        struct header_address address;
        if (!parse(ev, mailbox, &address))
            continue;
        strlist_add(&list, address.address, separator, first);
        first = false;
    }
    buffer_add(out, buffer_str(&list));
    return EXPAND_OK;
}

static const struct operator_row rows[] = {
    {"address", apply_address},
    {"addresses", apply_addresses},
    {"domain", apply_domain},
    {"local_part", apply_local_part},
};

const struct operator_table operator_address_table = ROWS(rows);
