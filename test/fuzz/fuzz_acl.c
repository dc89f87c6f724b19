/* ACLs: arbitrary text as an ACL of the configuration and as inline text is compiled or refused with a
 * reason; what compiles runs to an end, with an outcome that makes sense. Nothing outside is touched: no
 * files, no commands, no names are looked up. ACLs run from expansions and ACLs that run themselves are left
 * out: a few lines of these can take as long and as much memory as they like, here as in Exim. */
#include <stdlib.h>
#include <string.h>

#include "acl/acl.h"
#include "acl/compiled.h"
#include "base/arena.h"
#include "base/log.h"

#include "fuzz.h"

#define NAME "fuzzed" /* of the ACL */

static void require(bool holds)
{
    if (!holds)
        abort();
}

/* --- A host that does nothing */

static bool control(void *owner, const struct acl_control *row, struct str parameter, struct error *err)
{
    (void)owner;
    (void)err;
    require(row != NULL && (str_is_null(parameter) || parameter.s[parameter.n] == '\0'));
    return true;
}

static void header(void *owner, struct str text)
{
    (void)owner;
    require(text.n > 0);
}

static void delay(void *owner, int seconds)
{
    (void)owner;
    require(seconds >= 0);
}

static struct str log_prefix(void *owner, struct arena *arena)
{
    (void)owner;
    (void)arena;
    return STR("");
}

static const struct acl_host host = {
    .control = control,
    .add_header = header,
    .remove_header = header,
    .delay = delay,
    .log_prefix = log_prefix,
};

static const struct scope_services services = {.match = list_match_text, .named_list = list_named_text};

/* --- */

static void run(struct arena *arena, const struct acl_set *acls, struct str spec, enum acl_where where)
{
    struct scope_process process = {.primary_hostname = STR("mail.test")};
    struct scope_connection connection = {.helo_name = str_taint(STR("x")), .acl_c.arena = arena};
    struct scope_message message = {.sender_address = str_taint(STR("s@a.b")), .acl_m.arena = arena};
    struct scope_address address = {
        .local_part = str_taint(STR("r")),
        .original_local_part = str_taint(STR("R")),
        .domain = STR("d.test"),
    };
    struct acl_warnings warnings = {.arena = arena};
    struct scope scope = {
        .arena = arena,
        .services = &services,
        .process = &process,
        .connection = &connection,
        .message = &message,
        .address = &address,
        .lists = named_lists_new(arena),
        .forbid = ~0U,
    };
    struct acl_context context = {
        .acls = acls,
        .scope = &scope,
        .host = &host,
        .where = where,
        .recipient = str_taint(STR("R@d.test")),
        .arena = arena,
        .warnings = &warnings,
    };
    struct acl_outcome outcome;
    const struct template *t = template_compile(arena, spec, (struct source_pos){NULL, 0});

    acl_run(&context, t, &outcome);
    require(outcome.result <= ACL_ERROR && context.depth == 0 && scope.acl == NULL);
    require(outcome.result != ACL_ERROR || str_is_null(outcome.user_message));
    require(!outcome.endpass_or_implicit || outcome.result == ACL_DENY);
}

/* Debugging lines are made, and go nowhere: with everything that is logged. */
static void be_quiet(void)
{
    const struct log_settings settings = {.debug_path = STR("/dev/null")};

    log_configure(&settings);
    require(debug_log_start(STR(""), STR("-all+acl+lists"), NULL));
}

static void compile_and_run(struct arena *arena, struct str text, enum acl_where where)
{
    struct acl_source source = {STR(NAME), {"fuzz", 1}, acl_text_lines(arena, text, "fuzz")};
    struct error err = ERROR_IN(arena);
    struct acl_set *set;

    if (!acl_compile(arena, &source, 1, &set, &err)) {
        require(err.text.n > 0 && err.where.line > 0);
        require(acl_compile(arena, NULL, 0, &set, &err));
    }
    if (memchr(text.s, '/', text.n) != NULL || memmem(text.s, text.n, NAME, strlen(NAME)) != NULL)
        return;
    run(arena, set, STR(NAME), where);
    run(arena, set, text, where);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena;

    if (size < 2)
        return 0;
    be_quiet();
    arena = arena_new(ARENA_PLAIN);
    compile_and_run(arena, str_copy_n(arena, (const char *)data + 1, size - 1, false),
                    data[0] % ACL_WHERE_COUNT);
    arena_free(arena);
    debug_log_stop(false);
    log_close();
    return 0;
}
