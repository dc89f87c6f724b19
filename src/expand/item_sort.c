/* ${sort{list}{comparator}{extractor}} (manual, 11.5). */
#include "base/strlist.h"
#include "expand/evaluate.h"
#include "expand/items.h"
#include "expand/numbers.h"
#include "expand/parse_item.h"

/* A comparison that sorting can use: item->extra. */
struct comparator {
    const char *name;
    bool numeric, fold_case;
    bool less, equal; /* true for which relations of the first to the second */
};

static const struct comparator comparators[] = {
    {"<", true, false, true, false},    {"<=", true, false, true, true},   {">", true, false, false, false},
    {">=", true, false, false, true},   {"lt", false, false, true, false}, {"lti", false, true, true, false},
    {"le", false, false, true, true},   {"lei", false, true, true, true},  {"gt", false, false, false, false},
    {"gti", false, true, false, false}, {"ge", false, false, false, true}, {"gei", false, true, false, true},
};

/* --- Compiling */

/* The comparator is the name of a condition, as it stands, in braces. */
static bool parse_comparator(struct parser *p, struct item_node *item)
{
    parse_space(p);
    if (!parse_char(p, '{'))
        return parse_fault(p, "missing '{' for comparator arg of sort");
    struct parser inner = {.arena = p->arena, .start = p->p, .p = p->p, .end = p->p};
    while (inner.end < p->end && *inner.end != '}')
        inner.end++;
    if (inner.end == p->end)
        return parse_fault(p, "missing } at end of string");
    p->p = inner.end + 1;
    struct str name = parse_condition_name(&inner);
    if (str_is_null(name)) {
        struct str rest = parse_rest(&inner);
        return parse_fault(p, "condition name expected, but found \"%.*s\"", (int)(rest.n > 16 ? 16 : rest.n),
                           rest.s);
    }
    if (condition_find(name) == NULL)
        return parse_fault(p, "unknown condition \"%.*s\"", STR_ARG(name));
    for (size_t i = 0; i < sizeof comparators / sizeof comparators[0]; i++) {
        if (str_is(name, comparators[i].name))
            item->extra = &comparators[i];
    }
    return item->extra != NULL || parse_fault(p, "comparator not handled for sort");
}

static bool parse_sort(struct parser *p, struct item_node *item)
{
    struct argument_list list = {.n = 0};
    bool good = parse_argument(p, &list, "list arg", "sort") && parse_comparator(p, item) &&
                parse_argument(p, &list, "extractor arg", "sort");
    keep_arguments(p, item, &list);
    return good && parse_end_of_item(p, "sort");
}

/* --- Evaluating */

struct sorted {
    struct str item, key;
    int64_t number; /* of the key, when the comparison is numeric and the key is a number */
    bool is_number;
};

/* What is no number where there should be one compares as false with everything. */
static bool comes_before(const struct comparator *comparator, const struct sorted *a, const struct sorted *b)
{
    if (comparator->numeric && !(a->is_number && b->is_number))
        return false;
    int order = comparator->numeric   ? (a->number > b->number) - (a->number < b->number)
              : comparator->fold_case ? str_cmp_nocase(a->key, b->key)
                                      : str_cmp(a->key, b->key);
    if (order == 0)
        return comparator->equal;
    return (order < 0) == comparator->less;
}

/* Extracts what the item in $item is compared by. */
static enum expand_status extract_key(struct evaluation *ev, const struct item_node *item,
                                      struct sorted *sorted)
{
    const struct comparator *comparator = item->extra;
    sorted->item = ev->scope->item;
    enum expand_status status = evaluate_value(ev, item->args[1], &sorted->key);
    if (status == EXPAND_OK && comparator->numeric) {
        struct evaluation quiet = {ev->scope, ev->arena, NULL};
        sorted->is_number = number_read(&quiet, sorted->key, true, &sorted->number) == EXPAND_OK;
    }
    return status;
}

/* Each item goes before the first one that it compares as true with. */
static enum expand_status sort_items(struct evaluation *ev, const struct item_node *item,
                                     struct strlist *list, struct sorted **items, size_t *count)
{
    enum expand_status status = EXPAND_OK;
    size_t capacity = 0;
    *items = NULL;
    *count = 0;
    while (strlist_next(list, ev->arena, &ev->scope->item)) {
        struct sorted sorted = {STR_NULL, STR_NULL, 0, false};
        status = extract_key(ev, item, &sorted);
        if (status != EXPAND_OK)
            break;
        if (*count == capacity) {
            size_t wanted = capacity == 0 ? 16 : capacity * 2;
            *items = arena_grow(ev->arena, *items, capacity * sizeof **items, wanted * sizeof **items);
            capacity = wanted;
        }
        size_t at = 0;
        while (at < *count && !comes_before(item->extra, &sorted, &(*items)[at]))
            at++;
        for (size_t i = (*count)++; i > at; i--)
            (*items)[i] = (*items)[i - 1];
        (*items)[at] = sorted;
    }
    return status;
}

static enum expand_status evaluate_sort(struct evaluation *ev, const struct item_node *item,
                                        struct buffer *out)
{
    struct scope *scope = ev->scope;
    struct str text, saved = scope->item;
    bool saved_in_item = scope->in_item;
    enum expand_status status = evaluate_arguments(ev, item->args, item->arg_count > 0, &text);
    if (status == EXPAND_OK && item->fault != NULL)
        status = evaluate_fault(ev, item->fault);
    if (status != EXPAND_OK)
        return status;

    struct strlist list;
    struct sorted *items;
    size_t count;
    struct buffer result = BUFFER_IN(ev->arena);
    strlist_begin(&list, text, ':');
    scope->in_item = true;
    status = sort_items(ev, item, &list, &items, &count);
    scope->item = saved;
    scope->in_item = saved_in_item;
    for (size_t i = 0; i < count && status == EXPAND_OK; i++)
        strlist_add(&result, items[i].item, list.separator, i == 0);
    buffer_add(out, buffer_str(&result));
    return status;
}

static const struct item_row rows[] = {
    {"sort", parse_sort, 2, 2, NULL, NULL, evaluate_sort, 0},
};

const struct item_table item_sort_table = ROWS(rows);
