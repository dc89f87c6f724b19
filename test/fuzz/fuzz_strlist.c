/* String lists: arbitrary text read as a list agrees with a second reader that works on runs of separators,
 * and the list that is made of the items reads the same again. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buffer.h"
#include "base/strlist.h"

#include "fuzz.h"

/* Items of a list. */
struct items {
    struct str *v;
    size_t n;
};

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void items_add(struct arena *arena, struct items *items, struct str item)
{
    items->v = arena_grow(arena, items->v, items->n * sizeof *items->v, (items->n + 1) * sizeof *items->v);
    items->v[items->n++] = item;
}

static bool same_items(const struct items *a, const struct items *b)
{
    if (a->n != b->n)
        return false;
    for (size_t i = 0; i < a->n; i++)
        if (!str_eq(a->v[i], b->v[i]))
            return false;
    return true;
}

static struct items read_list(struct arena *arena, struct str list, char separator, char *used)
{
    struct items items = {0};
    struct strlist it;
    struct str item;

    strlist_begin(&it, list, separator);
    *used = it.separator;
    while (strlist_next(&it, arena, &item)) {
        require(item.s[item.n] == '\0' && item.tainted == list.tainted);
        items_add(arena, &items, item);
    }
    require(!strlist_next(&it, arena, &item));
    return items;
}

/* The rest of the list behind `<x`, and x; the whole list and the default when it names none. */
static struct str without_separator(struct arena *arena, struct str list, char *separator)
{
    struct str trimmed = str_trim(arena, list);

    if (trimmed.n == 0 || trimmed.s[0] != '<')
        return list;
    size_t at = (size_t)str_find(list, '<');
    if (at + 1 == list.n)
        return STR("");
    if (!ascii_is_punct(list.s[at + 1]) && !ascii_is_control(list.s[at + 1]))
        return list;
    *separator = list.s[at + 1];
    return str_sub(arena, list, at + 2, list.n);
}

/* The second reader: of a run of separators, every two stand for one octet and a last odd one ends the item;
 * control characters all end one. What follows the last end counts if it is more than white space. */
static struct items read_by_runs(struct arena *arena, struct str list, char separator)
{
    struct items items = {0};
    struct buffer item = BUFFER_IN(arena);
    bool doubles = !ascii_is_control(separator);

    for (size_t i = 0; i < list.n;) {
        size_t run = 0;
        while (i + run < list.n && list.s[i + run] == separator && (doubles || run == 0))
            run++;
        for (size_t pair = 0; pair < run / 2; pair++)
            buffer_add_char(&item, separator);
        if (run % 2 == 1) {
            items_add(arena, &items, str_trim(arena, buffer_str(&item)));
            buffer_cut(&item, 0);
        }
        if (run == 0)
            buffer_add_char(&item, list.s[i++]);
        i += run;
    }
    struct str last = str_trim(arena, buffer_str(&item));
    if (last.n > 0)
        items_add(arena, &items, last);
    return items;
}

/* `<x`, the items as strlist_add() writes them, and a separator that keeps an empty last one. */
static struct str rebuild(struct arena *arena, const struct items *items, char separator)
{
    struct buffer b = BUFFER_IN(arena);

    buffer_add_char(&b, '<');
    buffer_add_char(&b, separator);
    for (size_t i = 0; i < items->n; i++)
        strlist_add(&b, items->v[i], separator, i == 0);
    if (items->n > 0)
        buffer_add_char(&b, separator);
    return buffer_str(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(ARENA_PLAIN);

    if (size > 0) {
        /* The first octet is the separator where the list names none. A space is what no caller uses. */
        char separator = data[0] == ' ' ? ':' : (char)data[0], used, used_again, expected = separator;
        struct str list = str_copy_n(arena, (const char *)data + 1, size - 1, size % 2 == 0);
        struct items items = read_list(arena, list, separator, &used);
        struct str rest = without_separator(arena, list, &expected);
        struct items by_runs = read_by_runs(arena, rest, expected);
        require(used == expected);
        require(same_items(&items, &by_runs));
        if (ascii_is_punct(used) || ascii_is_control(used)) {
            struct items again = read_list(arena, rebuild(arena, &items, used), separator, &used_again);
            require(used_again == used);
            require(same_items(&items, &again));
        }
    }
    arena_free(arena);
    return 0;
}
