/* The ACL compiler: logical lines become statements, lists and templates (manual, 44.17). Everything that
 * Exim finds wrong when it reads the configuration is found here, with its words; what it only finds
 * when a statement is obeyed stays for then. */
#include <stdarg.h>
#include <string.h>

#include "acl/compiled.h"
#include "base/ascii.h"
#include "base/quoted.h"

struct acl_compiler {
    struct arena *arena;
    struct error *err;
    bool named;
    const struct source_line *line;  /* being read */
    const char *p, *end;             /* in it */
    struct acl *acl;
};

static bool fail(struct acl_compiler *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool fail(struct acl_compiler *c, const char *format, ...)
{
    struct error inner = ERROR_IN(c->arena);
    va_list args;

    va_start(args, format);
    error_vset(&inner, format, args);
    va_end(args);
    return error_at(c->err, c->line->where, "%s%.*s", c->named ? "error in ACL: " : "", STR_ARG(inner.text));
}

/* --- Reading words */

static void skip_space(struct acl_compiler *c)
{
    while (c->p < c->end && ascii_is_space(*c->p))
        c->p++;
}

static bool is_word(char c)
{
    return ascii_is_alnum(c) || c == '_';
}

/* The run of letters, digits and underscores at p, which goes behind it and the white space that follows. */
static struct str read_word(struct acl_compiler *c)
{
    const char *from = c->p;
    struct str word;

    while (c->p < c->end && is_word(*c->p))
        c->p++;
    word = str_copy_n(c->arena, from, (size_t)(c->p - from), false);
    skip_space(c);
    return word;
}

/* --- Arguments */

/* The word at p: a quoted string, or what goes on until white space. */
static struct str call_word(struct acl_compiler *c, bool tainted)
{
    const char *from = c->p;
    struct str word;

    if (from < c->end && *from == '"') {
        word = quoted_read(c->arena, &c->p, c->end);
        word.tainted = tainted;
        return word;
    }
    while (c->p < c->end && !ascii_is_space(*c->p))
        c->p++;
    return str_copy_n(c->arena, from, (size_t)(c->p - from), tainted);
}

/* `acl = name a "b c" ...`: the words are expanded each on its own, so that an argument may come out as
 * anything. Words beyond the ninth argument are ignored, as in Exim. */
static const struct acl_call *compile_call(struct acl_compiler *c, bool tainted)
{
    struct acl_call *call = ARENA_NEW(c->arena, struct acl_call);

    call->name_text = call_word(c, tainted);
    call->name = template_compile(c->arena, call->name_text, c->line->where);
    for (skip_space(c); c->p < c->end && call->nargs < SCOPE_ACL_ARGS; skip_space(c)) {
        struct str word = call_word(c, tainted);

        call->args[call->nargs++] = template_compile(c->arena, word, c->line->where);
    }
    return call;
}

/* The name behind `set`: acl_c or acl_m, a digit or underscore, letters, digits and underscores. */
static bool read_variable(struct acl_compiler *c, struct acl_item *item)
{
    const char *from = c->p, *rest = c->p + 5;
    struct str modifier = str_copy_n(c->arena, from, (size_t)(c->end - from), false);

    if (c->end - from < 5 || (memcmp(from, "acl_c", 5) != 0 && memcmp(from, "acl_m", 5) != 0))
        return fail(c, "invalid variable name after \"set\" in ACL modifier \"set %.*s\" "
                    "(must start \"acl_c\" or \"acl_m\")", STR_ARG(modifier));
    if (rest >= c->end || (!ascii_is_digit(*rest) && *rest != '_'))
        return fail(c, "invalid variable name after \"set\" in ACL modifier \"set %.*s\" "
                    "(digit or underscore must follow acl_c or acl_m)", STR_ARG(modifier));
    for (c->p = rest; c->p < c->end && *c->p != '=' && !ascii_is_space(*c->p); c->p++)
        if (!is_word(*c->p))
            return fail(c, "invalid character \"%c\" in variable name in ACL modifier \"set %.*s\"", *c->p,
                        STR_ARG(modifier));
    item->variable = str_copy_n(c->arena, from, (size_t)(c->p - from), false);
    skip_space(c);
    return true;
}

/* Compiles the text behind the equals sign as the kind of the item asks. */
static bool compile_argument(struct acl_compiler *c, struct acl_item *item)
{
    struct error why = ERROR_IN(c->arena);
    struct str fixed;

    switch (item->kind->argument) {
    case ARGUMENT_NONE:
        break;
    case ARGUMENT_LIST:
        item->u.list = list_compile(c->arena, item->kind->list, item->text, c->line->where);
        break;
    case ARGUMENT_CALL:
        item->u.call = compile_call(c, item->text.tainted);
        break;
    case ARGUMENT_VALUE:
    case ARGUMENT_VARIABLE:
    case ARGUMENT_MESSAGE:
        item->u.value = template_compile(c->arena, item->text, c->line->where);
        if (item->kind->inspect != NULL && template_constant(item->u.value, &fixed) &&
            !item->kind->inspect(fixed, &why))
            return error_at(c->err, c->line->where, "%.*s", STR_ARG(why.text));
    }
    return true;
}

/* --- Statements */

/* A condition or modifier; p is at its name or at the exclamation mark before it. What stands behind
 * `endpass` is ignored, as in Exim. */
static bool compile_item(struct acl_compiler *c, struct acl_statement *statement)
{
    bool negated = c->p < c->end && *c->p == '!';
    const struct acl_kind *kind;
    struct acl_item *item;
    struct str line = c->line->text;
    const char *what;

    if (negated) {
        c->p++;
        skip_space(c);
    }
    kind = acl_kind_find(read_word(c));
    if (kind == NULL)
        return fail(c, "unknown ACL condition/modifier in \"%.*s\"", STR_ARG(line));
    what = kind->modifier ? "modifier" : "condition";
    if (kind->refused)
        return error_at(c->err, c->line->where,
                        "ACL %s \"%s\" is known to Exim but not supported by gatepost", what, kind->name);
    if (kind->modifier && negated)
        return fail(c, "ACL error: negation is not allowed with \"%s\"", kind->name);
    if (kind->argument == ARGUMENT_NONE && !statement->verb->endpass)
        return fail(c, "ACL error: \"%s\" is not allowed with \"%s\"", kind->name, statement->verb->name);

    statement->items = acl_room(c->arena, statement->items, statement->n, sizeof *item);
    item = &statement->items[statement->n++];
    item->kind = kind;
    item->negated = negated;
    if (kind->argument == ARGUMENT_NONE)
        return true;
    if (kind->argument == ARGUMENT_VARIABLE && !read_variable(c, item))
        return false;
    if (c->p >= c->end || *c->p != '=')
        return fail(c, "\"=\" missing after ACL \"%s\" %s", kind->name, what);
    c->p++;
    skip_space(c);
    item->text = str_copy_n(c->arena, c->p, (size_t)(c->end - c->p), line.tainted);
    return compile_argument(c, item);
}

/* A line that is `name:` ends the ACL: in a file or inline text, as in the configuration, it would
 * begin another. */
static bool is_acl_name(const struct acl_compiler *c, struct str word)
{
    return word.n > 0 && c->p < c->end && *c->p == ':' && acl_verb_find(word) == NULL;
}

/* One logical line. *ended: it is the name of another ACL. */
static bool compile_line(struct acl_compiler *c, bool *ended)
{
    struct acl *acl = c->acl;
    struct acl_statement *statement;
    const struct acl_verb *verb;
    const char *start;
    struct str word;

    c->p = c->line->text.s;
    c->end = c->p + c->line->text.n;
    while (c->end > c->p && ascii_is_space(c->end[-1]))
        c->end--;
    skip_space(c);
    start = c->p;
    word = read_word(c);
    if (is_acl_name(c, word)) {
        *ended = true;
        return true;
    }
    verb = acl_verb_find(word);
    if (verb == NULL) {
        if (acl->n == 0 && word.n == 0)
            return fail(c, "malformed ACL line \"%.*s\"", STR_ARG(c->line->text));
        if (acl->n == 0)
            return fail(c, "unknown ACL verb \"%.*s\" in \"%.*s\"", STR_ARG(word), STR_ARG(c->line->text));
        c->p = start;
        return compile_item(c, &acl->statements[acl->n - 1]);
    }
    acl->statements = acl_room(c->arena, acl->statements, acl->n, sizeof *statement);
    statement = &acl->statements[acl->n++];
    statement->verb = verb;
    statement->where = c->line->where;
    if (c->p < c->end && *c->p == ':') {
        c->p++;
        skip_space(c);
    }
    return c->p >= c->end || compile_item(c, statement);
}

struct acl *acl_compile_lines(struct arena *arena, struct str name, const struct source_lines *lines,
                              bool named, struct error *err)
{
    struct acl_compiler c = {.arena = arena, .err = err, .named = named};
    bool ended = false;

    c.acl = ARENA_NEW(arena, struct acl);
    c.acl->name = str_copy(arena, name);
    c.acl->label = str_is_null(name) ? STR("inline ACL") : str_printf(arena, "ACL \"%.*s\"", STR_ARG(name));
    for (size_t i = 0; i < lines->n && !ended; i++) {
        c.line = &lines->v[i];
        if (!compile_line(&c, &ended))
            return NULL;
    }
    return c.acl;
}
