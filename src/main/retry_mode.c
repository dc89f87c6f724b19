/* -brt: which retry rule applies to an address or a host (manual, 5.2). */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "mail/address.h"
#include "main/modes.h"

static const struct address_rules rules = {.allow_null = true, .allow_domain_literals = true};

/* The sender that -f gives; STR_NULL when it gives none. */
static bool read_sender(const struct program *program, struct str *sender, struct error *err)
{
    const char *text = program->cl->envelope_sender;
    struct address address;

    *sender = STR_NULL;
    if (!text)
        return true;
    if (*text && !address_parse(program->arena, str_of(text), &rules, &address, err))
        return false;
    *sender = *text ? address.text : STR("");
    return true;
}

/* The arguments behind the first: another name, and an error. */
static bool read_arguments(char *const *arguments, struct retry_key *key, struct error *err)
{
    struct retry_error error;

    if (*arguments && strchr(*arguments, '.'))
        key->alternate = str_of(*arguments++);
    if (!*arguments)
        return true;
    if (!retry_error_read(str_of(*arguments), &error, err))
        return false;
    key->failure = retry_error_example(&error);
    return true;
}

static void show(const struct retry_rule *rule, struct arena *arena)
{
    struct buffer out = BUFFER_IN(arena);

    if (!rule) {
        puts("No retry information found");
        return;
    }
    retry_rule_print(&out, rule);
    printf("Retry rule: %.*s\n", STR_ARG(buffer_str(&out)));
}

int retry_mode(struct program *program)
{
    char *const *arguments = program->cl->arguments;
    struct error err = ERROR_IN(program->arena);
    struct retry_key key = {.key = str_of(*arguments)};
    struct scope_connection connection = {.is_local = true};
    struct scope_message message = {.size = -1};
    struct scope scope = program_scope(program, program->arena);

    scope.connection = &connection;
    scope.message = &message;
    if (!*arguments) {
        puts("-brt needs a domain or address argument");
        return 1;
    }
    if (!strpbrk(*arguments, "@."))
        printf("Warning: \"%s\" contains no '@' and no '.' characters. It is being \n"
               "treated as a one-component domain, not as a local part.\n\n", *arguments);
    if (!read_sender(program, &key.sender, &err) || !read_arguments(arguments + 1, &key, &err)) {
        printf("%.*s\n", STR_ARG(err.text));
        return 1;
    }
    message.sender_address = str_is_null(key.sender) ? STR("") : key.sender;
    show(retry_rules_find(&scope, &program->retry, &key), program->arena);
    return 0;
}
