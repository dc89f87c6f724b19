/* Expansions: arbitrary text compiles, and evaluates to a value or to a failure with a reason. Nothing
 * outside is touched: what reads files, runs commands or connects is forbidden, lists, ACLs and passwords are
 * doubles. What a peer said (the marker below) never comes out without its taint.
 *
 * The input is the template, and behind octets 255 a header section and the text in $acl_m_x. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "base/strlist.h"
#include "expand/expand.h"
#include "expand/scope.h"
#include "passwords/password.h"

#include "fuzz.h"

#define MARKER "q7ZtWm3xKp0V"

enum { WORK_LIMIT = 200000, SIZE_LIMIT = 4096 };

static void require(bool holds)
{
    if (!holds)
        abort();
}

/* --- Doubles */

static enum password_status check(struct arena *arena, const struct str *args, unsigned n, struct error *err)
{
    (void)arena;
    (void)err;
    return n > 1 && str_eq(args[0], args[1]) ? PASSWORD_RIGHT : PASSWORD_WRONG;
}

const struct password_checker *password_checker_find(struct str name, struct error *err)
{
    static const struct password_checker checker = {.name = "crypteq", .min_args = 2, .max_args = 2, .check = check};
    if (str_is(name, "crypteq"))
        return &checker;
    error_set(err, "there is no such checker");
    return NULL;
}

static enum match_result match(struct scope *scope, enum match_kind kind, struct str subject, struct str list,
                               struct str *value, struct error *err)
{
    struct strlist it;
    struct str item;
    (void)kind;
    (void)err;
    for (strlist_begin(&it, list, ':'); strlist_next(&it, scope->arena, &item);) {
        if (str_eq(subject, item)) {
            *value = item;
            return MATCH_YES;
        }
    }
    return MATCH_NO;
}

/* An ACL gives its first argument as its message. */
static enum match_result acl(struct scope *scope, struct str name, const struct str *args, unsigned nargs,
                             struct str *message, struct error *err)
{
    (void)scope;
    if (nargs > 0)
        *message = args[0];
    if (name.n == 0)
        error_set(err, "no name");
    return name.n == 0 ? MATCH_ERROR : name.n == 1 ? MATCH_DEFER : name.n == 2 ? MATCH_NO : MATCH_YES;
}

static bool named_list(struct scope *scope, struct str name, char kind, struct str *value, struct error *err)
{
    (void)scope;
    (void)kind;
    if (name.n != 1)
        return error_set(err, "no such list");
    *value = STR("a : b");
    return true;
}

static void find_host_name(struct scope *scope)
{
    scope->connection->host_name_looked_up = true;
}

static const struct scope_services services = {
    .match = match, .acl = acl, .named_list = named_list, .find_host_name = find_host_name};

/* --- */

static void note(void *ctx, const struct complaint *complaint)
{
    require(complaint->offset <= *(const size_t *)ctx && complaint->text.n > 0);
}

/* What comes up to the next octet 255. */
static struct str take_part(struct arena *arena, const uint8_t **data, size_t *size)
{
    const uint8_t *end = *size == 0 ? NULL : memchr(*data, 255, *size);
    size_t n = end == NULL ? *size : (size_t)(end - *data);
    struct str part = str_copy_n(arena, (const char *)*data, n, false);
    size_t taken = n + (end != NULL);
    *data += taken;
    *size -= taken;
    return part;
}

static void evaluate(struct arena *arena, const struct template *t, struct scope *scope)
{
    struct error err = ERROR_IN(arena);
    struct str value, constant;
    size_t length = template_source(t).n;
    bool faulty = template_complain(t, &(struct complaints){note, &length});
    enum expand_status status = expand(scope, t, arena, &value, &err);
    require(scope->depth == 0 && !scope->in_item && scope->capture_count == 2);
    require(str_eq(scope->captures[1], STR(MARKER)));
    if (status != EXPAND_OK) {
        require(str_is_null(value) && err.text.n > 0);
        return;
    }
    require(!faulty && value.s != NULL && value.s[value.n] == '\0');
    require(value.tainted || memmem(value.s, value.n, MARKER, sizeof MARKER - 1) == NULL);
    require(!template_constant(t, &constant) || constant.s == value.s);
}

/* Whether the input has a part of the marker, from which an expansion could put the whole together. The
 * fuzzer learns the parts from comparisons. */
static bool has_part_of_marker(const uint8_t *data, size_t size)
{
    enum { PART = 3 };

    for (size_t i = 0; i + PART < sizeof MARKER; i++)
        if (memmem(data, size, &MARKER[i], PART) != NULL)
            return true;
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > SIZE_LIMIT || has_part_of_marker(data, size))
        return 0;
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct str source = take_part(arena, &data, &size);
    struct str tainted = str_taint(STR(MARKER));
    struct scope_process process = {.primary_hostname = STR("mail.test")};
    struct scope_connection connection = {
        .host_address = STR("10.1.2.3"), .helo_name = tainted, .acl_c.arena = arena};
    struct scope_message message = {.sender_address = str_taint(STR("a@" MARKER)), .acl_m.arena = arena};
    struct scope scope = {
        .arena = arena,
        .services = &services,
        .process = &process,
        .connection = &connection,
        .message = &message,
        .auth_vars = {tainted, str_taint(STR("a\0" MARKER ":b"))},
        .captures = {STR_NULL, tainted},
        .capture_count = 2,
        .forbid = ~0U,
        .work_limit = WORK_LIMIT,
    };
    message.headers = str_taint(take_part(arena, &data, &size));
    varset_set(&message.acl_m, STR("acl_m_x"), take_part(arena, &data, &size));
    evaluate(arena, template_compile(arena, source, (struct source_pos){NULL, 0}), &scope);
    arena_free(arena);
    return 0;
}
