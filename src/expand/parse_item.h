/* The shapes that expansion items have. A row of an item table names one of these. */
#ifndef EXPAND_PARSE_ITEM_H
#define EXPAND_PARSE_ITEM_H

#include "expand/parse.h"

/* row->min to row->max strings in braces: ${sg{a}{b}{c}}. */
bool parse_arguments(struct parser *p, struct item_node *item);

/* row->min strings in braces, then {yes}{no} or {yes}fail: ${listextract{2}{a:b}{yes}{no}}. */
bool parse_arguments_and_branches(struct parser *p, struct item_node *item);

/* --- What a shape of its own is put together from. Strings are appended to the list, one that has a fault in
 * it too, because what stands before the fault is evaluated. False: p->fault is set. */

/* A string that must be there; what: how error texts call it. */
bool parse_argument(struct parser *p, struct argument_list *list, const char *what, const char *item_name);

/* As many strings as there are, until the list has max. */
void parse_strings(struct parser *p, struct argument_list *list, unsigned max);

/* {yes}{no} or {yes}fail and the end of the item; keeps the list in the item. */
bool parse_branches(struct parser *p, struct item_node *item, struct argument_list *list);

/* The same when the strings are in the list already, `branches` of them at the end being {yes}{no}. */
bool parse_end_of_branches(struct parser *p, struct item_node *item, const struct argument_list *list,
                           unsigned branches);

/* Stores the list in the item. */
void keep_arguments(struct parser *p, struct item_node *item, const struct argument_list *list);

/* The end of an item that has no {yes}{no}. */
bool parse_end_of_item(struct parser *p, const char *name);

#endif
