/* Macros of the configuration file (manual, 6.4 to 6.9): definition and substitution.
 *
 * Every macro is looked for in every line, in the order of definition. Nearly all of these searches are
 * avoided by comparing sets of octets first: a line that lacks a letter of the name cannot hold it. The
 * predefined macros, some hundreds, join the list only when a line looks as if it might name one. */
#include "config/macros.h"

#include <string.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "config/config.h"
#include "config/text.h"

enum {
    NAME_LIMIT = 63,
    LINE_LIMIT = 1024 * 1024,         /* of a line after substitution */
    SUBSTITUTED_LIMIT = 64 * 1024 * 1024, /* of all of them */
};

/* Letters have a bit each; the digits share one. Others cannot be in a name. */
static uint64_t octet_bit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return UINT64_C(1) << (c - 'A');
    if (c >= 'a' && c <= 'z')
        return UINT64_C(1) << (c - 'a' + 26);
    if (ascii_is_digit(c))
        return UINT64_C(1) << 52;
    return c == '_' ? UINT64_C(1) << 53 : 0;
}

static const uint64_t upper_case = (UINT64_C(1) << 26) - 1;

uint64_t macros_octets(struct str text)
{
    uint64_t set = 0;

    for (size_t i = 0; i < text.n; i++)
        set |= octet_bit(text.s[i]);
    return set;
}

void macros_begin(struct macros *m, struct config *config)
{
    *m = (struct macros){.arena = config->arena, .config = config, .end = &config->macros};
}

static struct macro *append(struct macros *m, struct str name, struct str value)
{
    struct macro *macro = ARENA_NEW(m->arena, struct macro);

    *macro = (struct macro){.name = str_copy(m->arena, name), .value = str_copy(m->arena, value)};
    macro->octets = macros_octets(name);
    *m->end = macro;
    m->end = &macro->next;
    return macro;
}

/* Predefined macros come first, whenever they are taken in. */
static void need_builtin(struct macros *m)
{
    struct macro *last = macros_builtin(m->arena, m->config), *own = m->config->macros;

    m->have_builtin = true;
    if (!last)
        return;
    m->config->macros = last;
    while (last->next)
        last = last->next;
    last->next = own;
    if (!own)
        m->end = &last->next;
}

/* Whether predefined macros begin with an underscore, this word and an underscore. */
static bool is_builtin_class(const struct macros *m, struct str word)
{
    static const char *const classes[] = {"HAVE", "LOG", "OPT", "DRIVER", "EXP", "RESUME"};

    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (str_is(word, classes[i]))
            return true;
    for (const char *const *name = m->config->predefined; *name; name++)
        if (strncmp(*name + 1, word.s, word.n) == 0 && (*name)[1 + word.n] == '_')
            return true;
    return false;
}

/* Whether the text may name a predefined macro, so that it is time to have them. */
static bool may_name_builtin(const struct macros *m, struct str text)
{
    const char *p = text.s, *end = str_end(text);

    while ((p = memchr(p, '_', (size_t)(end - p))) != NULL) {
        const char *word = ++p;

        while (p < end && *p >= 'A' && *p <= 'Z')
            p++;
        if (p > word && p < end && *p == '_' &&
            is_builtin_class(m, (struct str){word, (size_t)(p - word), false}))
            return true;
    }
    return false;
}

bool macros_is_definition(struct str line)
{
    struct str rest;

    if (line.n == 0 || *line.s < 'A' || *line.s > 'Z')
        return false;
    rest = text_skip_space(text_from(line, text_word(line).n));
    return rest.n > 0 && *rest.s == '=';
}

static bool contains(struct str text, struct str part)
{
    return memmem(text.s, text.n, part.s, part.n) != NULL;
}

/* The rules of a definition that do not depend on the others. */
static bool define(struct macros *m, struct str name, struct str value, bool redefine, struct error *err)
{
    uint64_t octets = macros_octets(name);

    for (struct macro *macro = m->config->macros; macro; macro = macro->next) {
        if (str_eq(macro->name, name)) {
            if (macro->command_line)
                return true;
            if (!redefine)
                return error_set(err,
                                 "macro \"%.*s\" is already defined (use \"==\" if you want to redefine it)",
                                 STR_ARG(name));
            macro->value = str_copy(m->arena, value);
            return true;
        }
        if ((macro->octets & ~octets) == 0 && contains(name, macro->name))
            return error_set(err, "\"%.*s\" cannot be defined as a macro because previously defined macro "
                                  "\"%.*s\" is a substring",
                             STR_ARG(name), STR_ARG(macro->name));
    }
    if (redefine)
        return error_set(err, "can't redefine an undefined macro \"%.*s\"", STR_ARG(name));
    append(m, name, value);
    return true;
}

bool macros_define(struct macros *m, struct str line, struct source_pos where, struct error *err)
{
    struct str name = text_word(line), value = line;
    bool redefine;

    if (name.n > NAME_LIMIT)
        return error_at(err, where, "macro name too long (maximum is %d characters)", NAME_LIMIT);
    value.s = memchr(line.s, '=', line.n);
    redefine = *++value.s == '=';
    value.s += redefine;
    value.n = (size_t)(line.s + line.n - value.s);
    return define(m, name, text_trim(value), redefine, err);
}

bool macros_from_command_line(struct macros *m, const char *const *defines, struct error *err)
{
    for (; defines && *defines; defines++) {
        struct str text = str_of(*defines), name = text_word(text),
                   value = text_trim(str_of(*defines + name.n));

        if (text.n == 0 || *text.s < 'A' || *text.s > 'Z')
            return error_set(err, "exim: macro name set by -D must start with an upper case letter");
        if (name.n > NAME_LIMIT || (value.n > 0 && *value.s != '='))
            return error_set(err, "exim abandoned: unknown, malformed, or incomplete option -D%s", *defines);
        if (value.n > 0)
            value = text_trim((struct str){value.s + 1, value.n - 1, false});
        for (const struct macro *macro = m->config->macros; macro; macro = macro->next)
            if (str_eq(macro->name, name))
                return error_set(err, "exim: duplicated -D in command line");
        append(m, name, value)->command_line = true;
    }
    return true;
}

/* Replaces one macro wherever it stands behind `from`. The text that comes in is not searched again. */
static struct str replace(struct arena *arena, struct str line, size_t from, const struct macro *macro)
{
    struct buffer b = BUFFER_IN(arena);
    const char *p = line.s + from, *end = line.s + line.n, *hit;

    buffer_add_n(&b, line.s, from);
    while ((hit = memmem(p, (size_t)(end - p), macro->name.s, macro->name.n)) != NULL && b.n <= LINE_LIMIT) {
        buffer_add_n(&b, p, (size_t)(hit - p));
        buffer_add(&b, macro->value);
        p = hit + macro->name.n;
    }
    buffer_add_n(&b, p, (size_t)(end - p));
    return buffer_str(&b);
}

bool macros_substitute(struct macros *m, struct str *line, bool may_define, bool *changed, struct error *err)
{
    size_t from = may_define && macros_is_definition(*line) ? text_word(*line).n : 0;
    uint64_t octets;

    *changed = false;
    if (!m->have_builtin && may_name_builtin(m, *line))
        need_builtin(m);
    octets = macros_octets((struct str){line->s + from, line->n - from, false});
    if (!(octets & upper_case))
        return true;
    for (const struct macro *macro = m->config->macros; macro; macro = macro->next) {
        if ((macro->octets & ~octets) != 0 ||
            !memmem(line->s + from, line->n - from, macro->name.s, macro->name.n))
            continue;
        *line = replace(m->arena, *line, from, macro);
        octets |= macros_octets(macro->value);
        *changed = true;
        m->substituted += line->n;
        if (line->n > LINE_LIMIT || m->substituted > SUBSTITUTED_LIMIT)
            return error_set(err, "line is too long after replacing macro \"%.*s\"", STR_ARG(macro->name));
    }
    return true;
}
