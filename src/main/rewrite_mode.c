/* -brw: what the rewriting rules make of an address at each place (manual, 31.3). */
#include <stdio.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "mail/address.h"
#include "mail/rewrite.h"
#include "main/modes.h"

static const struct {
    enum rewrite_place place;
    const char *label;
} places[] = {
    {REWRITE_SENDER, "  sender: "},     {REWRITE_FROM, "    from: "},    {REWRITE_TO, "      to: "},
    {REWRITE_CC, "      cc: "},         {REWRITE_BCC, "     bcc: "},     {REWRITE_REPLY_TO, "reply-to: "},
    {REWRITE_ENV_FROM, "env-from: "},   {REWRITE_ENV_TO, "  env-to: "},
};

/* The argument with a domain; its operative part goes to *address. False: err. */
static bool complete(const struct program *program, struct str *text, struct address *address, struct error *err)
{
    static const struct address_rules rules = {.allow_domain_literals = true, .allow_utf8_domains = true};
    struct arena *arena = program->arena;

    if (str_find(*text, '@') < 0)
        *text = str_join3(arena, *text, STR("@"), program->process.qualify_recipient);
    return address_parse(arena, *text, &rules, address, err);
}

static struct str rewritten(struct scope *scope, const struct rewrite_rules *rules, struct str text,
                            const struct address *address, enum rewrite_place place)
{
    struct str line;

    if (!(place & REWRITE_HEADERS))
        return rewrite_address(scope, rules, address->text, place);
    line = rewrite_header(scope, rules, str_join(scope->arena, STR("X:"), text), place, false);
    return str_sub(scope->arena, line, 2, line.n);
}

static void show(const struct program *program, struct scope *scope, struct str text)
{
    const struct rewrite_rules *rules = program->rewrite;
    struct error err = ERROR_IN(program->arena);
    struct address address;
    struct str smtp = rewrite_smtp(scope, rules, text);

    if (!str_eq(smtp, text))
        printf("    SMTP: %.*s\n", STR_ARG(smtp));
    if (!(rewrite_places(rules) & (REWRITE_HEADERS | REWRITE_ENVELOPE)))
        return;
    if (!complete(program, &text, &address, &err)) {
        printf("Syntax error in %.*s\n%c%s\n", STR_ARG(text), ascii_upper(*err.text.s), err.text.s + 1);
        return;
    }
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        struct str result = rewritten(scope, rules, text, &address, places[i].place);

        printf("%s%.*s\n", places[i].label, STR_ARG(result));
    }
}

int rewrite_mode(struct program *program)
{
    char *const *arguments = program->cl->arguments;
    struct scope_connection connection = {.is_local = true};
    struct scope_message message = {.size = -1, .sender_address = STR("")};
    struct scope scope = program_scope(program, program->arena);

    scope.connection = &connection;
    scope.message = &message;
    if (!*arguments) {
        puts("-brw needs an address argument");
        return 1;
    }
    if (program->rewrite)
        show(program, &scope, str_of(*arguments));
    else
        puts("No rewrite rules are defined");
    return 0;
}
