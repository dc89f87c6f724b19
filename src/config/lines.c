/* Logical lines (manual, 6.2 to 6.5). Texts are used where they lie in the file's buffer: only lines that are
 * joined or have macros in them are copied. */
#include "config/lines.h"

#include <string.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "config/source_file.h"
#include "config/text.h"

/* Nobody nests files this deep; a file that includes itself does. */
enum { DEPTH_LIMIT = 100 };

struct line_file {
    struct line_file *outer;
    const char *name;
    char *p, *end;
    unsigned line, column; /* of the physical line read last, and of what is in it */
    unsigned depth;
};

/* The parts of a logical line as they are collected. */
struct parts {
    struct source_part *v;
    size_t n;
};

static void add_part(struct lines *l, struct parts *parts, size_t offset, bool substituted)
{
    /* There is room for the power of two that the number has reached. */
    if ((parts->n & (parts->n - 1)) == 0)
        parts->v = arena_grow(l->arena, parts->v, parts->n * sizeof *parts->v,
                              (parts->n ? 2 * parts->n : 1) * sizeof *parts->v);
    parts->v[parts->n++] = (struct source_part){
        .offset = offset, .where = lines_pos(l), .column = substituted ? 0 : l->file->column};
}

/* Adds to the listing; an empty text is a mark. */
static void list_line(struct lines *l, struct str text, const struct parts *parts)
{
    if (l->text->n == l->text_capacity) {
        size_t capacity = l->text_capacity ? l->text_capacity * 2 : 256;

        l->text->v = arena_grow(l->arena, l->text->v, l->text_capacity * sizeof *l->text->v,
                                capacity * sizeof *l->text->v);
        l->text_capacity = capacity;
    }
    l->text->v[l->text->n++] = (struct source_line){
        .text = text, .where = lines_pos(l), .parts = parts->v, .part_count = parts->n};
}

/* A file begins, or goes on. */
static void list_mark(struct lines *l)
{
    list_line(l, STR_NULL, &(struct parts){NULL, 0});
}

static void open_text(struct lines *l, const char *name, char *text, size_t n)
{
    struct line_file *file = ARENA_NEW(l->arena, struct line_file);

    *file = (struct line_file){.outer = l->file, .name = name, .p = text, .end = text + n};
    if (l->file) {
        list_mark(l);
        file->depth = l->file->depth + 1;
    }
    l->file = file;
    file->line = 1;
    list_mark(l);
    file->line = 0;
}

void lines_begin(struct lines *l, struct macros *macros, struct source_lines *listing, struct str name,
                 char *text, size_t n)
{
    *l = (struct lines){.arena = macros->arena, .macros = macros, .text = listing};
    l->conditionals.arena = macros->arena;
    open_text(l, name.s, text, n);
}

struct source_pos lines_pos(const struct lines *l)
{
    return (struct source_pos){l->file->name, l->file->line};
}

/* The next physical line, without white space around it and ended with a NUL. Files that are
 * exhausted are left. False: there is none. */
static bool next_physical(struct lines *l, struct str *line)
{
    struct line_file *file = l->file;
    const char *start;
    char *end;

    while (file->p == file->end) {
        if (!file->outer)
            return false;
        l->file = file = file->outer;
        list_mark(l);
    }
    end = memchr(file->p, '\n', (size_t)(file->end - file->p));
    if (!end)
        end = file->end;
    file->line++;
    start = file->p;
    *line = text_trim((struct str){file->p, (size_t)(end - file->p), false});
    file->column = (unsigned)(line->s - start) + 1;
    file->p = end < file->end ? end + 1 : end;
    ((char *)line->s)[line->n] = '\0'; /* white space, or the octet behind the text */
    return true;
}

/* The name an include gives: quotes round it are optional; it is relative to the file it stands in. */
static struct str include_name(struct lines *l, struct str name)
{
    const char *slash;

    if (name.n >= 2 && name.s[0] == '"' && name.s[name.n - 1] == '"')
        name = (struct str){name.s + 1, name.n - 2, false};
    if (name.n > 0 && name.s[0] == '/')
        return str_copy(l->arena, name);
    slash = strrchr(l->file->name, '/');
    return str_printf(l->arena, "%.*s%.*s", slash ? (int)(slash + 1 - l->file->name) : 0, l->file->name,
                      STR_ARG(name));
}

/* .include and .include_if_exists */
static bool include(struct lines *l, struct str argument, bool if_exists, struct error *err)
{
    struct str name = include_name(l, argument);
    char *text;
    size_t n;
    enum source_file_result result;

    if (if_exists && *argument.s != '/' && !str_starts(argument, "\"/"))
        return error_set(err, ".include specifies a non-absolute path \"%.*s\"", STR_ARG(argument));
    if (l->file->depth == DEPTH_LIMIT)
        return error_set(err, "failed to open included configuration file %.*s: nested more than %d deep",
                         STR_ARG(name), DEPTH_LIMIT);
    result = source_file_read(l->arena, name.s, &text, &n);
    if (result == SOURCE_FILE_ABSENT && if_exists)
        return true;
    if (result != SOURCE_FILE_READ)
        return error_set(err, "failed to open included configuration file %.*s", STR_ARG(name));
    open_text(l, name.s, text, n);
    return true;
}

enum physical { PHYSICAL_TEXT, PHYSICAL_BLANK, PHYSICAL_NOTHING, PHYSICAL_FAILED };

/* What a physical line that starts with a dot does, if it is a directive. */
static enum physical directive(struct lines *l, struct str line, bool substituted, struct error *err)
{
    struct str rest;
    bool if_exists;

    switch (conditionals_line(&l->conditionals, line, substituted, err)) {
    case CONDITIONAL_DONE:
        return PHYSICAL_NOTHING;
    case CONDITIONAL_FAILED:
        return PHYSICAL_FAILED;
    case CONDITIONAL_NONE:
        break;
    }
    if (conditionals_skipping(&l->conditionals))
        return PHYSICAL_NOTHING;
    if_exists = directive_is(line, ".include_if_exists", &rest);
    if (!if_exists && !directive_is(line, ".include", &rest))
        return PHYSICAL_TEXT;
    return include(l, rest, if_exists, err) ? PHYSICAL_NOTHING : PHYSICAL_FAILED;
}

/* Takes a physical line as far as it goes by itself. first: a logical line begins with it. substituted: macros
 * were replaced. */
static enum physical take(struct lines *l, struct str *line, bool first, bool *substituted, struct error *err)
{
    bool skipping = conditionals_skipping(&l->conditionals);

    *substituted = false;
    if (skipping && (line->n == 0 || *line->s != '.'))
        return PHYSICAL_NOTHING;
    if (line->n == 0)
        return PHYSICAL_BLANK;
    if (*line->s == '#')
        return PHYSICAL_NOTHING;
    if (memchr(line->s, '\0', line->n)) {
        error_set(err, "the line has a NUL in it");
        return PHYSICAL_FAILED;
    }
    if (!macros_substitute(l->macros, line, first, substituted, err))
        return PHYSICAL_FAILED;
    if (*substituted)
        *line = str_trim(l->arena, *line);
    if (line->n == 0)
        return PHYSICAL_BLANK;
    if (*line->s == '#')
        return PHYSICAL_NOTHING;
    return *line->s == '.' ? directive(l, *line, *substituted, err) : PHYSICAL_TEXT;
}

/* A logical line is complete: it is listed. */
static enum lines_result complete(struct lines *l, struct str text, const struct parts *parts,
                                  struct source_line *line)
{
    *line = (struct source_line){.text = text, .where = lines_pos(l)};
    list_line(l, text, parts);
    return LINES_ONE;
}

enum lines_result lines_next(struct lines *l, struct source_line *line, struct error *err)
{
    struct buffer joined = BUFFER_IN(l->arena);
    struct parts parts = {NULL, 0};
    bool joining = false, substituted;
    struct str part;

    while (next_physical(l, &part)) {
        bool more;

        switch (take(l, &part, !joining, &substituted, err)) {
        case PHYSICAL_FAILED:
            if (err)
                err->where = lines_pos(l);
            return LINES_FAILED;
        case PHYSICAL_NOTHING:
            continue;
        case PHYSICAL_BLANK:
            if (!joining)
                continue;
            break;
        case PHYSICAL_TEXT:
            more = part.s[part.n - 1] == '\\';
            add_part(l, &parts, joined.n, substituted);
            if (!more && !joining)
                return complete(l, part, &parts, line);
            buffer_add_n(&joined, part.s, part.n - more);
            joining = true;
            if (more)
                continue;
        }
        /* The end of a joined line, unless nothing but backslashes came together. */
        part = str_trim(l->arena, buffer_str(&joined));
        if (part.n > 0)
            return complete(l, part, &parts, line);
        joining = false;
        buffer_cut(&joined, 0);
        parts.n = 0;
    }
    if (l->conditionals.depth > 0) {
        error_at(err, lines_pos(l), "Unexpected end of configuration file: .endif missing");
        return LINES_FAILED;
    }
    part = str_trim(l->arena, buffer_str(&joined));
    return part.n > 0 ? complete(l, part, &parts, line) : LINES_END;
}
