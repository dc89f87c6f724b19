/* The shapes that expansion items have. A row of an item table names one of these. */
#ifndef EXPAND_PARSE_ITEM_H
#define EXPAND_PARSE_ITEM_H

#include "expand/parse.h"

/* row->min to row->max strings in braces: ${sg{a}{b}{c}}. */
bool parse_arguments(struct parser *p, struct item_node *item);

/* row->min strings in braces, then {yes}{no} or {yes}fail: ${listextract{2}{a:b}{yes}{no}}. */
bool parse_arguments_and_branches(struct parser *p, struct item_node *item);

/* What a shape of its own is put together from. Both append to list; false: p->fault is set. A string
 * that has a fault in it is appended all the same, because what stands before the fault is evaluated. */
bool parse_argument(struct parser *p, struct argument_list *list, const char *what, const char *item_name);
bool parse_branches(struct parser *p, struct item_node *item, struct argument_list *list);

#endif
