/* The text of a named list, for the listnamed operator (manual, 11.7). Nothing is expanded but
 * references to other named lists. */
#include "base/arena.h"
#include "base/buffer.h"
#include "base/strlist.h"
#include "match/list.h"

enum { DEPTH_MAX = 20, KINDS = LIST_LOCAL_PART + 1 };

/* In the order of enum list_kind. */
static const char letters[KINDS + 1] = "dhal";
static const char *const words[KINDS] = {"domain", "host", "address", "localpart"};

static bool is_control(struct str item)
{
    return str_is(item, "+caseful") || str_is(item, "+include_unknown") || str_is(item, "+ignore_unknown") ||
           str_is(item, "+include_defer") || str_is(item, "+ignore_defer");
}

static struct str without_plus(struct str name)
{
    return name.n > 0 && name.s[0] == '+' ? (struct str){name.s + 1, name.n - 1, name.tainted} : name;
}

/* Adds an item: what separates the list is doubled in it. */
static void add_item(struct buffer *out, struct str item, bool *first)
{
    if (!*first)
        buffer_add_cstr(out, " : ");
    *first = false;
    for (size_t i = 0; i < item.n; i++) {
        if (item.s[i] == ':')
            buffer_add_char(out, ':');
        buffer_add_char(out, item.s[i]);
    }
}

static bool add_list(struct scope *scope, enum list_kind kind, struct str name, unsigned depth,
                     struct buffer *out, bool *first, struct error *err)
{
    const struct list *list = named_lists_find(scope->lists, kind, name);
    struct strlist items;
    struct str item;

    if (!list)
        return error_set(err, "\"%.*s\" is not a named list", STR_ARG(name));
    if (depth == DEPTH_MAX)
        return error_set(err, "named list \"%.*s\" refers to itself", STR_ARG(name));
    strlist_begin(&items, list_source(list), ':');
    while (strlist_next(&items, scope->arena, &item)) {
        if (item.n == 0 || item.s[0] != '+' || is_control(item))
            add_item(out, item, first);
        else if (!add_list(scope, kind, without_plus(item), depth + 1, out, first, err))
            return false;
    }
    return true;
}

bool list_named_text(struct scope *scope, struct str name, char kind, struct str *value, struct error *err)
{
    struct buffer out = BUFFER_IN(scope->arena);
    const char *word = NULL;
    bool first = true;

    name = without_plus(name);
    for (unsigned i = 0; i < KINDS; i++) {
        if (kind != 0 && kind != letters[i])
            continue;
        word = words[i];
        if (!named_lists_find(scope->lists, (enum list_kind)i, name))
            continue;
        if (!add_list(scope, (enum list_kind)i, name, 0, &out, &first, err))
            return false;
        *value = buffer_str(&out);
        return true;
    }
    if (kind == 0 || !word)
        return error_set(err, "\"%.*s\" is not a named list", STR_ARG(name));
    return error_set(err, "\"%.*s\" is not a %s named list", STR_ARG(name), word);
}
