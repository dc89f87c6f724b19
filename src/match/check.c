/* Checking lists without matching anything: what their items would say when they are reached. */
#include <string.h>

#include "base/arena.h"
#include "base/complaint.h"
#include "expand/expand.h"
#include "expand/regex.h"
#include "match/item.h"
#include "match/named.h"
#include "match/walk.h"

struct list_check {
    const struct list *list;
    const struct named_lists *named;
    struct arena *arena;
    const struct complaints *complaints;
};

static void complain(const struct list_check *c, const struct item *item, struct str text)
{
    struct str source = c->list->source;
    const char *hit = memmem(source.s, source.n, item->raw.s, item->raw.n);
    struct complaint complaint = {
        .where = c->list->where, .source = source, .offset = hit ? (size_t)(hit - source.s) : 0, .text = text};

    c->complaints->add(c->complaints->ctx, &complaint);
}

static void check_item(const struct list_check *c, const struct item *item)
{
    enum list_kind kind = c->list->kind;
    struct error err = ERROR_IN(c->arena);

    switch (item->type) {
    case ITEM_NAMED:
        if (!named_lists_find(c->named, kind, item->arg))
            complain(c, item, str_printf(c->arena, "unknown named %s list \"%.*s\"", list_kind_name(kind),
                                         STR_ARG(item->text)));
        break;
    case ITEM_REGEX:
        if (!regex_compile_for(c->arena, item->arg, REGEX_LIST, &err))
            complain(c, item, err.text);
        break;
    case ITEM_LOOKUP:
        if (!str_is_null(item->lookup->error))
            complain(c, item, item->lookup->error);
        break;
    case ITEM_BAD_NETWORK:
        complain(c, item, STR("malformed IPv4 address or address mask"));
        break;
    default:
        break;
    }
}

void list_complain(const struct list *list, const struct named_lists *named, const struct complaints *complaints)
{
    struct list_check c = {list, named, arena_new(ARENA_PLAIN), complaints};

    if (list && list->template)
        template_complain(list->template, complaints);
    else if (list)
        for (size_t i = 0; i < list->n; i++)
            check_item(&c, &list->items[i]);
    arena_free(c.arena);
}
