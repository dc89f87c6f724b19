/* The shapes that conditions have. A row of a condition table names one of these. */
#ifndef EXPAND_PARSE_CONDITION_H
#define EXPAND_PARSE_CONDITION_H

#include "expand/parse.h"

/* Nothing: queue_running. */
bool parse_no_operand(struct parser *p, struct condition_node *condition);

/* row->min strings in braces: eq{a}{b}. */
bool parse_operands(struct parser *p, struct condition_node *condition);

/* A string, and a list that is not expanded here: match_domain{a}{list}. */
bool parse_operand_and_list(struct parser *p, struct condition_node *condition);

/* row->min to row->max strings in braces of their own: acl{{a}{b}}. */
bool parse_wrapped_operands(struct parser *p, struct condition_node *condition);

/* Conditions, each in braces, all in braces: and{{a}{b}}. */
bool parse_condition_group(struct parser *p, struct condition_node *condition);

/* A list and a condition: forany{list}{condition}. */
bool parse_list_and_condition(struct parser *p, struct condition_node *condition);

/* def:name */
bool parse_definition(struct parser *p, struct condition_node *condition);

#endif
