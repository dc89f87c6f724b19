/* ${extract ...}: a field by key, by number, or out of JSON (manual, 11.5). */
#include <string.h>

#include "base/ascii.h"
#include "expand/evaluate.h"
#include "expand/items.h"
#include "expand/json.h"
#include "expand/parse_item.h"

/* The key, the separators, the string, {yes}, {no}. */
enum { MOST_ARGUMENTS = 5 };

/* Which of the forms it is: item->extra. */
enum source { FROM_FIELDS, FROM_JSON, FROM_JSON_STRINGS };

static const enum source sources[] = {FROM_FIELDS, FROM_JSON, FROM_JSON_STRINGS};

static enum source source_of(const struct item_node *item)
{
    return *(const enum source *)item->extra;
}

/* --- Keys and numbers */

/* An optional minus and digits, once white space is gone. */
static bool is_number(struct str key)
{
    size_t i = key.n > 0 && key.s[0] == '-';
    while (i < key.n && ascii_is_digit(key.s[i]))
        i++;
    return i == key.n;
}

static long number_of(struct str key)
{
    long number = 0;
    for (size_t i = key.s[0] == '-'; i < key.n; i++)
        number = number > 1000000000 ? number : number * 10 + (key.s[i] - '0');
    return key.s[0] == '-' ? -number : number;
}

/* How many strings there must be before {yes}{no}, for a key. */
static unsigned wanted_arguments(enum source source, struct str key)
{
    return source == FROM_FIELDS && is_number(key) ? 3 : 2;
}

/* --- Compiling */

/* Takes `json` or `jsons` when a brace follows. */
static enum source parse_source(struct parser *p)
{
    parse_space(p);
    const char *before = p->p;
    struct str word = parse_name(p, false);
    parse_space(p);
    if (parse_at(p, '{') && str_is(word, "json"))
        return FROM_JSON;
    if (parse_at(p, '{') && str_is(word, "jsons"))
        return FROM_JSON_STRINGS;
    p->p = before;
    return FROM_FIELDS;
}

/* When the key is known only later, so is how many strings come before {yes}: all are taken. */
static bool parse_open_ended(struct parser *p, struct item_node *item, struct argument_list *list)
{
    if (!parse_argument(p, list, "arg 2", "extract"))
        return false;
    parse_strings(p, list, MOST_ARGUMENTS);
    unsigned branches = list->n - 2;
    return parse_end_of_branches(p, item, list, branches == 2 ? 1 : branches);
}

static bool parse_extract(struct parser *p, struct item_node *item)
{
    struct argument_list list = {.n = 0};
    struct str key;
    enum source source = parse_source(p);
    item->extra = &sources[source];
    bool good = parse_argument(p, &list, "arg 1", "extract");
    if (good && template_constant(list.v[0], &key)) {
        unsigned wanted = wanted_arguments(source, str_trim(p->arena, key));
        good = key.n == 0 || parse_argument(p, &list, "arg 2", "extract");
        if (good && key.n > 0 && wanted == 3)
            good = parse_argument(p, &list, "arg 3", "extract");
        if (good)
            return parse_branches(p, item, &list);
    } else if (good && parse_open_ended(p, item, &list)) {
        return true;
    }
    keep_arguments(p, item, &list);
    return false;
}

/* --- Finding */

static bool is_separator(struct str separators, char c)
{
    return separators.n > 0 && memchr(separators.s, c, separators.n) != NULL;
}

/* The field with that number; negative ones count from the end, 0 is the whole string. */
static bool field_by_number(struct evaluation *ev, long number, struct str separators, struct str text,
                            struct str *field)
{
    long count = 1;
    for (size_t i = 0; i < text.n; i++)
        count += is_separator(separators, text.s[i]);
    if (number < 0)
        number += count + 1;
    else if (number == 0) {
        *field = text;
        return true;
    }
    if (number < 1 || number > count)
        return false;
    size_t from = 0, to;
    for (;; from = to + 1) {
        for (to = from; to < text.n && !is_separator(separators, text.s[to]);)
            to++;
        if (--number == 0)
            break;
    }
    *field = str_sub(ev->arena, text, from, to - from);
    return true;
}

/* A value in quotes, with the escapes of configuration files (manual, 6.17). *at is behind the quote. */
static struct str quoted_value(struct evaluation *ev, struct str text, size_t *at)
{
    struct buffer value = BUFFER_IN(ev->arena);
    struct parser p = {.arena = ev->arena, .start = text.s, .p = text.s + *at, .end = text.s + text.n};
    while (p.p < p.end && *p.p != '"') {
        if (*p.p++ != '\\')
            buffer_add_char(&value, p.p[-1]);
        else if (p.p < p.end)
            parse_escape(&p, &value);
    }
    *at = (size_t)(p.p - text.s) + (p.p < p.end);
    value.tainted = text.tainted;
    return buffer_str(&value);
}

static void skip_space(struct str text, size_t *at)
{
    while (*at < text.n && ascii_is_space(text.s[*at]))
        ++*at;
}

/* key = value key value ...: the value of the first key that is the same but for case. */
static bool field_by_key(struct evaluation *ev, struct str key, struct str text, struct str *field)
{
    size_t at = 0;
    for (skip_space(text, &at); at < text.n; skip_space(text, &at)) {
        size_t from = at;
        while (at < text.n && text.s[at] != '=' && !ascii_is_space(text.s[at]))
            at++;
        struct str name = str_sub(ev->arena, text, from, at - from);
        skip_space(text, &at);
        if (at < text.n && text.s[at] == '=')
            at++;
        skip_space(text, &at);
        if (at < text.n && text.s[at] == '"') {
            at++;
            *field = quoted_value(ev, text, &at);
        } else {
            from = at;
            while (at < text.n && !ascii_is_space(text.s[at]))
                at++;
            *field = str_sub(ev->arena, text, from, at - from);
        }
        if (str_eq_nocase(name, key))
            return true;
    }
    return false;
}

static enum expand_status element_of_array(struct evaluation *ev, const char *name, struct str key,
                                           struct str text, struct finding *finding)
{
    struct json_reader reader;
    long number = number_of(key);
    if (number < 1)
        return evaluate_fail(ev, "first argument of \"extract\" must be greater than zero");
    enum json_begin begin = json_begin_array(&reader, text);
    if (begin != JSON_GOOD)
        return evaluate_fail(ev, "missing '%c' wrapping array for extract %s",
                             begin == JSON_NO_OPENING ? '[' : ']', name);
    while (!finding->found && json_next_element(&reader, ev->arena, &finding->value))
        finding->found = --number == 0;
    return EXPAND_OK;
}

static enum expand_status member_of_object(struct evaluation *ev, const char *name, struct str key,
                                           struct str text, struct finding *finding)
{
    struct json_reader reader;
    struct str member;
    enum json_begin begin = json_begin_object(&reader, text);
    if (begin != JSON_GOOD)
        return evaluate_fail(ev, "missing '%c' wrapping object for extract %s",
                             begin == JSON_NO_OPENING ? '{' : '}', name);
    while (!finding->found && json_next_member(&reader, ev->arena, &member, &finding->value))
        finding->found = str_eq(member, key);
    return EXPAND_OK;
}

static enum expand_status find_in_json(struct evaluation *ev, enum source source, struct str key,
                                       struct str text, struct finding *finding)
{
    const char *name = source == FROM_JSON ? "json" : "jsons";
    enum expand_status status = is_number(key) ? element_of_array(ev, name, key, text, finding)
                                               : member_of_object(ev, name, key, text, finding);
    if (status != EXPAND_OK || !finding->found || source == FROM_JSON)
        return status;
    if (finding->value.n == 0 || finding->value.s[0] != '"')
        return evaluate_fail(ev, "missing '\"' wrapping string result for extract jsons");
    finding->value = json_unquote(ev->arena, finding->value);
    return EXPAND_OK;
}

/* --- Evaluating */

static enum expand_status find_value(struct evaluation *ev, const struct item_node *item,
                                     const struct str *args, struct finding *finding)
{
    enum source source = source_of(item);
    if (source != FROM_FIELDS)
        return find_in_json(ev, source, args[0], args[1], finding);
    if (is_number(args[0]))
        finding->found = field_by_number(ev, number_of(args[0]), args[1], args[2], &finding->value);
    else
        finding->found = field_by_key(ev, args[0], args[1], &finding->value);
    return EXPAND_OK;
}

/* Whether the strings behind the first `wanted` can be {yes}{no}. */
static enum expand_status check_branches(struct evaluation *ev, const struct item_node *item, unsigned wanted)
{
    if (item->arg_count < wanted)
        return item->fault != NULL
                 ? evaluate_fault(ev, item->fault)
                 : evaluate_fail(ev, "missing '{' for arg %u of extract", item->arg_count + 1);
    if (item->arg_count > wanted + 2)
        return evaluate_fail(ev,
                             "curly-bracket problem in conditional yes/no parsing: did not close with '}'");
    if (item->fail && item->arg_count != wanted + 1)
        return evaluate_fail(ev, "curly-bracket problem in conditional yes/no parsing: "
                                 "'yes' part did not start with '{'");
    return EXPAND_OK;
}

static enum expand_status evaluate_extract(struct evaluation *ev, const struct item_node *item,
                                           struct buffer *out)
{
    struct str args[3];
    struct finding finding = {false, STR("")};
    enum expand_status status = evaluate_arguments(ev, item->args, item->arg_count > 0, args);
    if (status != EXPAND_OK)
        return status;
    if (item->arg_count == 0)
        return evaluate_fault(ev, item->fault);
    args[0] = str_trim(ev->arena, args[0]);
    if (args[0].n == 0)
        return evaluate_fail(ev, "first argument of \"extract\" must not be empty");
    unsigned wanted = wanted_arguments(source_of(item), args[0]);
    unsigned given = item->arg_count < wanted ? item->arg_count : wanted;
    status = evaluate_arguments(ev, item->args + 1, given - 1, args + 1);
    if (status == EXPAND_OK)
        status = check_branches(ev, item, wanted);
    if (status == EXPAND_OK)
        status = find_value(ev, item, args, &finding);
    if (status != EXPAND_OK)
        return status;
    struct str saved = ev->scope->value;
    if (finding.found)
        ev->scope->value = finding.value;
    status = evaluate_branches(ev, item, wanted, &finding, out);
    ev->scope->value = saved;
    return status;
}

static const struct item_row rows[] = {
    {"extract", parse_extract, 2, 3, NULL, NULL, evaluate_extract, 0},
};

const struct item_table item_extract_table = ROWS(rows);
