/* Encoded words (RFC 2047): how header lines carry text that is not ASCII. */
#ifndef EXPAND_ENCODED_WORDS_H
#define EXPAND_ENCODED_WORDS_H

#include <stdbool.h>

#include "base/error.h"
#include "base/str.h"

/* Decodes all encoded words of the text; white space between two of them goes. What only looks like one
 * stays as it is; a NUL becomes a question mark. charset: what the words are translated into; STR_NULL:
 * no translation. False: a word's character set is not known here (err says so in Exim's words). */
bool encoded_words_decode(struct arena *arena, struct str text, struct str charset, struct str *value,
                          struct error *err);

/* The text as encoded words of at most 75 octets, each holding whole UTF-8 characters, if there is anything
 * in it that a phrase cannot have as it is. */
struct str encoded_words_encode(struct arena *arena, struct str text, struct str charset);

#endif
