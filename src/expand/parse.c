/* Compiling a string: literal text and its escapes, and what a dollar begins (manual, 11.1, 11.2, 11.5).
 *
 * The first error ends the compilation. It becomes a node of its own, so that everything before it is
 * still evaluated first, as Exim does, which reads and evaluates in one go. */
#include "expand/parse.h"

#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include "base/ascii.h"
#include "base/complaint.h"

/* Deeper nesting is an error instead of a stack overflow. */
enum { DEPTH_LIMIT = 200 };

static bool is_name_char(char c)
{
    return ascii_is_alnum(c) || c == '_';
}

bool parse_fault(struct parser *p, const char *format, ...)
{
    if (p->fault == NULL) {
        struct buffer text = BUFFER_IN(p->arena);
        va_list args;
        va_start(args, format);
        buffer_vprintf(&text, format, args);
        va_end(args);
        struct fault *fault = ARENA_NEW(p->arena, struct fault);
        fault->text = buffer_str(&text);
        fault->offset = (size_t)(p->p - p->start);
        p->fault = fault;
    }
    return false;
}

void parse_fault_inside(struct parser *p, const char *format, ...)
{
    struct buffer text = BUFFER_IN(p->arena);
    buffer_add(&text, p->fault->text);
    va_list args;
    va_start(args, format);
    buffer_vprintf(&text, format, args);
    va_end(args);
    struct fault *fault = ARENA_NEW(p->arena, struct fault);
    *fault = (struct fault){buffer_str(&text), p->fault->offset};
    p->fault = fault;
}

void parse_unsupported(struct parser *p, const char *format, ...)
{
    struct buffer text = BUFFER_IN(p->arena);
    struct fault *fault;
    va_list args;

    if (p->unsupported != NULL)
        return;
    fault = ARENA_NEW(p->arena, struct fault);
    va_start(args, format);
    buffer_vprintf(&text, format, args);
    va_end(args);
    fault->text = buffer_str(&text);
    fault->offset = (size_t)(p->p - p->start);
    p->unsupported = fault;
}

bool parse_deeper(struct parser *p)
{
    if (p->depth >= DEPTH_LIMIT)
        return parse_fault(p, "expansion is nested too deeply");
    p->depth++;
    return true;
}

void parse_space(struct parser *p)
{
    while (p->p < p->end && ascii_is_space(*p->p))
        p->p++;
}

bool parse_at(const struct parser *p, char c)
{
    return p->p < p->end && *p->p == c;
}

bool parse_char(struct parser *p, char c)
{
    if (!parse_at(p, c))
        return false;
    p->p++;
    return true;
}

struct str parse_rest(const struct parser *p)
{
    return (struct str){p->p, (size_t)(p->end - p->p), false};
}

struct str parse_name(struct parser *p, bool dash)
{
    if (p->p == p->end || !ascii_is_alpha(*p->p))
        return STR_NULL;
    const char *from = p->p;
    while (p->p < p->end && (is_name_char(*p->p) || (dash && *p->p == '-')))
        p->p++;
    return str_copy_n(p->arena, from, (size_t)(p->p - from), false);
}

const struct template *const *argument_list_copy(struct arena *arena, const struct argument_list *list)
{
    if (list->n == 0)
        return NULL;
    const struct template **copy = ARENA_ARRAY(arena, const struct template *, list->n);
    memcpy(copy, list->v, list->n * sizeof copy[0]);
    return copy;
}

/* --- Literal text */

bool parse_escape(struct parser *p, struct buffer *out)
{
    static const char letters[] = "bfnrtv", meanings[] = "\b\f\n\r\t\v";
    if (p->p == p->end)
        return parse_fault(p, "\\ at end of string");
    char c = *p->p++;
    const char *letter = c == '\0' ? NULL : strchr(letters, c);
    unsigned value = 0;
    if (letter != NULL) {
        c = meanings[letter - letters];
    } else if (c >= '0' && c <= '7') {
        p->p--;
        for (int i = 0; i < 3 && p->p < p->end && *p->p >= '0' && *p->p <= '7'; i++)
            value = value * 8 + (unsigned)(*p->p++ - '0');
        c = (char)(value & 0xff);
    } else if (c == 'x') {
        for (int i = 0; i < 2 && p->p < p->end && ascii_hex_value(*p->p) >= 0; i++)
            value = value * 16 + (unsigned)ascii_hex_value(*p->p++);
        c = (char)value;
    }
    buffer_add_char(out, c);
    return true;
}

bool parse_backslash(struct parser *p, struct buffer *out)
{
    p->p++;
    if (!parse_char(p, 'N'))
        return parse_escape(p, out);
    const char *from = p->p;
    const char *close = memmem(from, (size_t)(p->end - from), "\\N", 2);
    p->p = close == NULL ? p->end : close + 2;
    buffer_add_n(out, from, (size_t)((close == NULL ? p->end : close) - from));
    return true;
}

/* --- Dollars */

bool parse_header(struct parser *p, struct node *node)
{
    enum header_kind kind;
    size_t prefix = header_prefix(p->p, p->end, &kind);
    if (prefix == 0)
        return false;
    p->p += prefix;
    const char *from = p->p;
    while (p->p < p->end && *p->p != ':' && (unsigned char)*p->p > 32 && *p->p != 127) {
        if (*p->p == '{' || *p->p == '}')
            p->brace_in_header = true;
        p->p++;
    }
    *node = (struct node){.kind = NODE_HEADER};
    node->header.kind = kind;
    node->header.name = str_copy_n(p->arena, from, (size_t)(p->p - from), false);
    parse_char(p, ':');
    return true;
}

static void parse_capture(struct parser *p, struct node *node)
{
    unsigned number = 0;
    for (; p->p < p->end && ascii_is_digit(*p->p); p->p++)
        number = number > 1000 ? number : number * 10 + (unsigned)(*p->p - '0');
    *node = (struct node){.kind = NODE_CAPTURE, .capture = number};
}

/* $name */
static bool parse_variable(struct parser *p, struct node *node)
{
    if (parse_header(p, node))
        return true;
    struct str name = parse_name(p, false);
    const char *note;
    const struct variable_row *row = variable_find(name, &note);
    if (row == NULL)
        return parse_fault(p, "unknown variable name \"%.*s\"%s", STR_ARG(name), note);
    *node = (struct node){.kind = NODE_VARIABLE, .variable = {row, name}};
    return true;
}

/* ${name:operand} */
static bool parse_operator(struct parser *p, struct str name, struct node *node)
{
    struct str suffix = STR("");
    const struct operator_row *row = operator_find(name, &suffix);
    if (row == NULL)
        return parse_fault(p, "unknown expansion operator \"%.*s\"", STR_ARG(name));
    parse_char(p, ':');
    struct operator_node *operation = ARENA_NEW(p->arena, struct operator_node);
    *operation = (struct operator_node){.row = row, .name = name, .suffix = suffix};
    operation->operand = parse_template(p, true);
    operation->fault = p->fault;
    *node = (struct node){.kind = NODE_OPERATOR, .operation = operation};
    return p->fault == NULL;
}

/* What stands in braces: an item, an operator or a variable. */
static bool parse_braced_name(struct parser *p, const char *start, struct node *node)
{
    if (p->p < p->end && ascii_is_digit(*p->p)) {
        parse_capture(p, node);
        return parse_char(p, '}') || parse_fault(p, "} expected after number");
    }
    struct str name = parse_name(p, true);
    if (str_is_null(name))
        return parse_fault(p, "letter or digit expected after ${");
    const struct item_row *item = item_find(name);
    if (item != NULL)
        return parse_item(p, item, start, node);
    if (parse_at(p, ':'))
        return parse_operator(p, name, node);
    if (!parse_char(p, '}')) {
        struct str plain = name;
        ptrdiff_t dash = str_find(name, '-');
        if (dash >= 0)
            plain = str_sub(p->arena, name, 0, (size_t)dash);
        return parse_fault(p,
                           "\"${%.*s\" is not a known operator (or a } is missing in a variable reference)",
                           STR_ARG(plain));
    }
    const char *note;
    const struct variable_row *row = variable_find(name, &note);
    if (row == NULL)
        return parse_fault(p, "unknown variable in \"${%.*s}\"%s", STR_ARG(name), note);
    *node = (struct node){.kind = NODE_VARIABLE, .variable = {row, name}};
    return true;
}

static bool parse_dollar(struct parser *p, struct node *node)
{
    const char *start = p->p++;
    if (p->p < p->end && ascii_is_alpha(*p->p))
        return parse_variable(p, node);
    if (p->p < p->end && ascii_is_digit(*p->p)) {
        parse_capture(p, node);
        return true;
    }
    if (parse_char(p, '{'))
        return parse_braced_name(p, start, node);
    return parse_fault(p, "$ not followed by letter, digit, or {");
}

/* --- Templates */

/* Nodes as they are collected. */
struct node_list {
    struct node *v;
    unsigned n, capacity;
};

static struct node *node_list_add(struct arena *arena, struct node_list *list)
{
    if (list->n == list->capacity) {
        unsigned capacity = list->capacity == 0 ? 1 : list->capacity * 2;
        list->v =
            arena_grow(arena, list->v, list->capacity * sizeof list->v[0], capacity * sizeof list->v[0]);
        list->capacity = capacity;
    }
    return &list->v[list->n++];
}

static void add_text(struct parser *p, struct node_list *nodes, struct buffer *text)
{
    if (text->n == 0)
        return;
    *node_list_add(p->arena, nodes) =
        (struct node){.kind = NODE_TEXT, .text = str_copy_n(p->arena, text->s, text->n, false)};
    buffer_cut(text, 0);
}

/* The nodes up to the end; a fault becomes the last of them. */
static void parse_nodes(struct parser *p, bool nested, struct node_list *nodes)
{
    struct buffer text = BUFFER_IN(p->arena);
    bool good = true;
    while (good && p->p < p->end && !(nested && *p->p == '}')) {
        if (*p->p == '\\') {
            good = parse_backslash(p, &text);
        } else if (*p->p == '$') {
            add_text(p, nodes, &text);
            struct node node = {.kind = NODE_FAULT};
            good = parse_dollar(p, &node);
            if (node.kind != NODE_FAULT)
                *node_list_add(p->arena, nodes) = node;
        } else {
            const char *from = p->p;
            while (p->p < p->end && *p->p != '\\' && *p->p != '$' && !(nested && *p->p == '}'))
                p->p++;
            buffer_add_n(&text, from, (size_t)(p->p - from));
        }
    }
    if (good && nested && !parse_char(p, '}'))
        parse_fault(p, "missing } at end of string%s",
                    p->brace_in_header ? " - could be header name not terminated by colon" : "");
    add_text(p, nodes, &text);
}

const struct template *parse_template(struct parser *p, bool nested)
{
    struct template *t = ARENA_NEW(p->arena, struct template);
    const char *from = p->p;
    struct node_list nodes = {NULL, 0, 0};
    if (parse_deeper(p)) {
        parse_nodes(p, nested, &nodes);
        p->depth--;
    }
    if (p->fault != NULL)
        *node_list_add(p->arena, &nodes) = (struct node){.kind = NODE_FAULT, .fault = p->fault};
    t->nodes = nodes.v;
    t->node_count = nodes.n;
    t->fault = p->fault;
    t->unsupported = p->unsupported;
    t->where = p->where;
    /* A whole template keeps all of its text, what stands behind a fault included. */
    t->source = (struct str){from, (size_t)((nested ? p->p - (p->fault == NULL) : p->end) - from), false};
    return t;
}

const struct template *parse_braced(struct parser *p)
{
    parse_space(p);
    return parse_char(p, '{') ? parse_template(p, true) : NULL;
}

/* --- The public side */

const struct template *template_compile(struct arena *arena, struct str source, struct source_pos where)
{
    struct str copy = str_is_null(source) ? STR("") : str_copy(arena, source);
    struct parser p = {.arena = arena, .where = where, .start = copy.s, .p = copy.s, .end = copy.s + copy.n};
    return parse_template(&p, false);
}

struct str template_source(const struct template *t)
{
    return t->source;
}

struct source_pos template_where(const struct template *t)
{
    return t->where;
}

bool template_constant(const struct template *t, struct str *value)
{
    if (t->node_count == 0) {
        *value = STR("");
        return true;
    }
    if (t->node_count > 1 || t->nodes[0].kind != NODE_TEXT)
        return false;
    *value = t->nodes[0].text;
    return true;
}

bool template_complain(const struct template *t, const struct complaints *complaints)
{
    const struct fault *fault = !t ? NULL : t->fault ? t->fault : t->unsupported;
    struct complaint complaint;

    if (!fault)
        return false;
    complaint = (struct complaint){t->where, t->source, fault->offset, fault->text};
    complaints->add(complaints->ctx, &complaint);
    return true;
}
