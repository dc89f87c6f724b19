/* Exim's own hash functions, for the hash and nhash items and operators, and substrings, which come in the
 * same two notations (manual, 11.5). Inside src/expand only. */
#ifndef EXPAND_HASHES_H
#define EXPAND_HASHES_H

#include "expand/evaluate.h"

/* The items of those names. first, second: the numbers as they are written; a second one that is not there
 * is STR_NULL. */
enum expand_status hash_to_text(struct evaluation *ev, struct str first, struct str second,
                                struct str subject, struct buffer *out); /* hash */
enum expand_status hash_to_numbers(struct evaluation *ev, struct str first, struct str second,
                                   struct str subject, struct buffer *out); /* nhash */
enum expand_status cut_to_length(struct evaluation *ev, struct str first, struct str second,
                                 struct str subject, struct buffer *out); /* length: no second number */
enum expand_status cut_from_offset(struct evaluation *ev, struct str first, struct str second,
                                   struct str subject, struct buffer *out); /* substr */

#endif
