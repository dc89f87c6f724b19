/* .ifdef and its family (manual, 6.10). */
#include "config/conditionals.h"

#include <string.h>

#include "base/arena.h"
#include "config/text.h"

/* What happens to the lines of the branch that is being read. */
enum branch {
    BRANCH_TAKEN,
    BRANCH_SOUGHT, /* left out; a later branch of this level may still be taken */
    BRANCH_OVER,   /* left out, as are all later ones: one was taken, or the level around it is left out */
};

enum kind { KIND_IF, KIND_ELIF, KIND_ELSE, KIND_ENDIF };

static const struct directive {
    const char *name;
    enum kind kind;
    bool wants_macro; /* the branch is taken when a macro was (true) or was not (false) replaced */
} directives[] = {
    {".ifdef", KIND_IF, true},
    {".ifndef", KIND_IF, false},
    {".elifdef", KIND_ELIF, true},
    {".elifndef", KIND_ELIF, false},
    {".else", KIND_ELSE, false},
    {".endif", KIND_ENDIF, false},
};

bool conditionals_skipping(const struct conditionals *c)
{
    return c->depth > 0 && c->levels[c->depth - 1] != BRANCH_TAKEN;
}

bool directive_is(struct str line, const char *directive, struct str *rest)
{
    size_t n = strlen(directive);

    if (!str_starts(line, directive) || (line.n > n && !ascii_is_space(line.s[n])))
        return false;
    *rest = text_skip_space(text_from(line, n));
    return true;
}

static void push(struct conditionals *c, enum branch branch)
{
    if (c->depth == c->capacity) {
        size_t capacity = c->capacity ? c->capacity * 2 : 16;

        c->levels = arena_grow(c->arena, c->levels, c->capacity, capacity);
        c->capacity = capacity;
    }
    c->levels[c->depth++] = (unsigned char)branch;
}

/* A further branch of the innermost level begins. */
static void next_branch(struct conditionals *c, bool condition)
{
    unsigned char *level = &c->levels[c->depth - 1];

    if (*level == BRANCH_TAKEN)
        *level = BRANCH_OVER;
    else if (*level == BRANCH_SOUGHT && condition)
        *level = BRANCH_TAKEN;
}

enum conditional_result conditionals_line(struct conditionals *c, struct str line, bool substituted,
                                          struct error *err)
{
    const struct directive *d = directives, *end = directives + sizeof directives / sizeof *directives;
    struct str rest;

    while (d < end && !directive_is(line, d->name, &rest))
        d++;
    if (d == end)
        return CONDITIONAL_NONE;
    if (d->kind == KIND_IF) {
        bool condition = substituted == d->wants_macro;

        push(c, conditionals_skipping(c) ? BRANCH_OVER : condition ? BRANCH_TAKEN : BRANCH_SOUGHT);
        return CONDITIONAL_DONE;
    }
    if (c->depth == 0) {
        error_set(err, "%s without matching .ifdef", d->name);
        return CONDITIONAL_FAILED;
    }
    if (d->kind == KIND_ENDIF)
        c->depth--;
    else
        next_branch(c, d->kind == KIND_ELSE || substituted == d->wants_macro);
    return CONDITIONAL_DONE;
}
