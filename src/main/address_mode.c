/* -bt, -bv and -bvs: where addresses would be delivered, and whether they can be verified (manual, 5.2). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/mailbox.h"
#include "mail/address.h"
#include "main/caller.h"
#include "main/modes.h"
#include "main/privileges.h"
#include "routers/address_test.h"
#include "routers/verify.h"
#include "smtp/services.h"

struct tester {
    struct program *program;
    struct arena *arena; /* of one address, or line */
    struct scope scope;
    struct scope_connection connection;
    struct scope_message message;
    struct scope_address address;
    struct scope_acl acl;
    struct smtp_acl_owner owner;
    struct address_set shown;
    enum address_test_result result;
};

static struct address_rules rules_of(const struct program *program)
{
    return (struct address_rules){.allow_null = true,
                                  .allow_domain_literals = true,
                                  .allow_utf8_domains = program->config->main.allow_utf8_domains};
}

/* -f, or who calls. */
static bool read_sender(struct tester *t, struct error *err)
{
    struct arena *arena = t->program->arena;
    const struct scope_process *process = &t->program->process;
    const struct address_rules rules = rules_of(t->program);
    const char *text = t->program->cl->envelope_sender;
    struct address sender;

    if (t->program->cl->mode == MODE_VERIFY_SENDER || (text && !*text)) {
        t->message.sender_address = STR("");
        return true;
    }
    if (!text) {
        t->message.sender_address = str_join3(arena, t->program->caller_login, STR("@"), process->qualify_domain);
        return true;
    }
    if (!address_parse(arena, str_of(text), &rules, &sender, err))
        return false;
    t->message.sender_address = sender.text;
    if (str_is_null(sender.domain) && sender.text.n > 0)
        t->message.sender_address = str_join3(arena, sender.text, STR("@"), process->qualify_domain);
    return true;
}

static bool begin(struct tester *t, struct program *program, struct error *err)
{
    *t = (struct tester){.program = program, .arena = arena_new(ARENA_PLAIN)};
    t->connection.acl_c.arena = t->message.acl_m.arena = program->arena;
    t->shown.arena = program->arena;
    t->message.size = -1;
    t->message.sender_set = true;
    t->acl.verify_mode = program->cl->mode == MODE_VERIFY_SENDER ? STR("S") : STR("R");
    t->scope = program_scope(program, t->arena);
    t->scope.connection = &t->connection;
    t->scope.message = &t->message;
    t->scope.address = &t->address;
    t->scope.acl = &t->acl;
    smtp_acl_owner_init(&t->owner, program->acls, &t->scope);
    return read_sender(t, err) && caller_describe(program, program->cl, &t->connection, err);
}

/* One address, complete or not. */
static void test_address(struct tester *t, struct str text)
{
    const struct program *program = t->program;
    const enum mode mode = program->cl->mode;
    const struct address_rules rules = rules_of(program);
    struct error err = ERROR_IN(t->arena);
    struct buffer out = BUFFER_IN(t->arena);
    struct address address;
    struct routing r;
    enum address_test_result result = ADDRESS_TEST_FAILED;

    if (!address_parse(t->arena, text, &rules, &address, &err) || address.text.n == 0) {
        buffer_printf(&out, "syntax error: %s\n",
                      str_is_null(err.text) ? "missing or malformed local part" : err.text.s);
    } else {
        if (str_is_null(address.domain))
            address.text = str_join3(t->arena, address.text, STR("@"), program->process.qualify_recipient);
        routing_begin(&r, program->config, &t->scope, t->arena,
                      mode == MODE_ADDRESS_TEST    ? ROUTING_TEST
                      : mode == MODE_VERIFY_SENDER ? ROUTING_VERIFY_SENDER
                                                   : ROUTING_VERIFY_RECIPIENT);
        address.text = router_rewrite(&r, address.text, mode == MODE_VERIFY_SENDER);
        result = mode == MODE_ADDRESS_TEST || program->cl->verbose
                     ? address_test_route(&r, address.text, &t->shown, &out)
                     : address_test_verify(&r, address.text, &out);
    }
    fwrite(out.s, 1, out.n, stdout);
    if (result > t->result)
        t->result = result;
}

/* An argument, or a line: addresses with commas between them. */
static void test_addresses(struct tester *t, struct str text)
{
    size_t from = 0;

    do {
        size_t comma = mailbox_find(text, from, ",");

        test_address(t, str_sub(t->arena, text, from, comma - from));
        from = comma + 1;
    } while (from < text.n);
    arena_reset(t->arena);
}

static void read_lines(struct tester *t)
{
    char *line = NULL;
    size_t capacity = 0;
    ssize_t n;

    for (;;) {
        printf("> ");
        fflush(stdout);
        n = getline(&line, &capacity, stdin);
        if (n < 0)
            break;
        test_addresses(t, str_trim(t->arena, str_copy_n(t->arena, line, (size_t)n, 1)));
    }
    putchar('\n');
    free(line);
}

/* Verification is a thing of reception, which is no business of root's (manual, 5.2). */
static bool drop_privileges(const struct program *program, struct error *err)
{
    return program->cl->mode == MODE_ADDRESS_TEST ? privileges_of_delivery(&program->process, &program->config->main)
                                                  : privileges_drop(&program->process, err);
}

int address_mode(struct program *program)
{
    struct tester t;
    struct error err = ERROR_IN(program->arena);

    if (!begin(&t, program, &err) || !drop_privileges(program, &err)) {
        fprintf(stderr, "%.*s\n", STR_ARG(err.text));
        t.result = ADDRESS_TEST_FAILED;
    } else if (!*program->cl->arguments) {
        read_lines(&t);
    } else {
        for (char *const *argument = program->cl->arguments; *argument; argument++)
            test_addresses(&t, str_taint(str_copy(t.arena, str_of(*argument))));
    }
    arena_free(t.arena);
    return (int)t.result;
}
