/* Message headers in expansions (manual, 11.5). Inside src/expand only. */
#ifndef EXPAND_HEADERS_H
#define EXPAND_HEADERS_H

#include "expand/encoded_words.h"
#include "expand/evaluate.h"

/* The contents of the first header of that name, without white space around them; empty without one. */
struct str header_first(struct evaluation *ev, struct str name);

/* How encoded words are decoded into the character set of the scope. */
struct encoded_words_style header_words_style(const struct scope *scope);

/* Decodes encoded words (RFC 2047): HEADER_BASIC as they are, HEADER_DECODED into the character set of the
 * scope. Other kinds are left alone. */
enum expand_status header_decode(struct evaluation *ev, struct str text, enum header_kind kind,
                                 struct str *value);

#endif
