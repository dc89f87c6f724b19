/* Help for the tests of expansions: see expand_testing.h. */
#include "expand_testing.h"

#include "testing.h"

#include "base/arena.h"
#include "base/buffer.h"
#include "base/print.h"
#include "base/strlist.h"

/* --- Services: named lists of two names, ACLs that say what their names say */

static enum match_result match_strings(struct scope *scope, enum match_kind kind, struct str subject,
                                       struct str list, struct str *value, struct error *err)
{
    struct strlist it;
    struct str item;
    (void)kind;
    if (str_is(list, "+broken")) {
        error_set(err, "it is broken");
        return MATCH_ERROR;
    }
    if (kind == MATCH_PATTERN)
        return str_eq(subject, list) ? MATCH_YES : MATCH_NO;
    for (strlist_begin(&it, list, ':'); strlist_next(&it, scope->arena, &item);) {
        if (str_eq_nocase(subject, item)) {
            *value = item;
            return MATCH_YES;
        }
    }
    return MATCH_NO;
}

static enum match_result run_acl(struct scope *scope, struct str name, const struct str *args, unsigned nargs,
                                 struct str *message, struct error *err)
{
    if (nargs > 0) {
        *message = str_printf(scope->arena, "%.*s of %u", STR_ARG(args[0]), nargs);
        message->tainted = args[0].tainted;
    }
    if (str_is(name, "accept"))
        return MATCH_YES;
    if (str_is(name, "deny"))
        return MATCH_NO;
    if (str_is(name, "defer"))
        return MATCH_DEFER;
    error_set(err, "no such ACL");
    return MATCH_ERROR;
}

static bool named_list(struct scope *scope, struct str name, char kind, struct str *value, struct error *err)
{
    (void)scope;
    if (str_is(name, "locals") && (kind == 'd' || kind == '\0')) {
        *value = STR("a.b : c.d");
        return true;
    }
    return error_set(err, "\"%.*s\" is not a named list", STR_ARG(name));
}

static void find_host_name(struct scope *scope)
{
    scope->connection->host_name_looked_up = true;
    scope->connection->host_name = str_taint(STR("peer.example"));
}

static const struct scope_services services = {
    .match = match_strings, .acl = run_acl, .named_list = named_list, .find_host_name = find_host_name};

/* --- The scope */

static void fill(struct expand_testing *t)
{
    t->process = (struct scope_process){
        .primary_hostname = STR("mail.test"),
        .qualify_domain = STR("qualify.test"),
        .qualify_recipient = STR("recipients.test"),
        .spool_directory = STR("/var/spool/test"),
        .version_number = STR("4.99"),
        .exim_uid = 102,
        .exim_gid = 105,
    };
    t->connection = (struct scope_connection){
        .host_address = STR("10.1.2.3"),
        .host_port = 4567,
        .helo_name = str_taint(STR("client.example")),
        .interface_port = -1,
        .acl_c = {.arena = t->arena},
    };
    t->message = (struct scope_message){
        .sender_address = str_taint(STR("Joe@sender.test")),
        .sender_set = true,
        .size = -1,
        .acl_m = {.arena = t->arena},
    };
    t->address = (struct scope_address){
        .local_part = str_taint(STR("x")),
        .domain = str_taint(STR("dom.test")),
    };
    varset_set(&t->connection.acl_c, STR("acl_c_foo"), STR("CFOO"));
    varset_set(&t->message.acl_m, STR("acl_m_bar"), STR("MBAR"));
    t->scope = (struct scope){
        .arena = t->arena,
        .services = &services,
        .process = &t->process,
        .connection = &t->connection,
        .message = &t->message,
        .address = &t->address,
        .acl = &t->acl,
    };
}

int expand_testing_setup(void **state)
{
    void *files = NULL;
    if (temp_files_setup(&files) != 0)
        return -1;
    struct arena *arena = ((struct temp_files *)files)->arena;
    struct expand_testing *t = ARENA_NEW(arena, struct expand_testing);
    t->files = files;
    t->arena = arena;
    fill(t);
    *state = t;
    return 0;
}

int expand_testing_teardown(void **state)
{
    struct expand_testing *t = *state;
    void *files = t->files;
    return temp_files_teardown(&files);
}

/* --- Outcomes */

struct str expand_outcome(struct expand_testing *t, struct str source)
{
    static const char *const words[] = {
        [EXPAND_FORCED] = "Forced: ", [EXPAND_FAILED] = "Failed: ", [EXPAND_DEFER] = "Deferred: "};
    struct error err = ERROR_IN(t->arena);
    struct str value;
    enum expand_status status = expand_string(&t->scope, source, t->arena, &value, &err);
    assert_int_equal(t->scope.depth, 0);
    if (status == EXPAND_OK) {
        assert_non_null(value.s);
        assert_int_equal(value.s[value.n], '\0');
        return value;
    }
    assert_true(str_is_null(value));
    assert_true(err.text.n > 0);
    return str_join(t->arena, str_of(words[status]), err.text);
}

static struct str in_directory(struct expand_testing *t, struct str text)
{
    struct buffer b = BUFFER_IN(t->arena);
    for (size_t i = 0; i < text.n; i++) {
        if (text.s[i] == '~')
            buffer_add_cstr(&b, t->files->directory);
        else
            buffer_add_char(&b, text.s[i]);
    }
    return buffer_str(&b);
}

void check_expand_cases(struct expand_testing *t, const struct expand_case *cases, size_t n, const char *file,
                        int line)
{
    bool good = true;
    for (size_t i = 0; i < n; i++) {
        struct str got = expand_outcome(t, in_directory(t, cases[i].source));
        struct str expected = in_directory(t, cases[i].outcome);
        if (str_eq(got, expected))
            continue;
        good = false;
        print_error("%.*s\n  gives    %.*s\n  and not  %.*s\n", STR_ARG(cases[i].source),
                    STR_ARG(printable(t->arena, got)), STR_ARG(printable(t->arena, expected)));
    }
    if (!good)
        _fail(file, line);
}
