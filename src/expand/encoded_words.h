/* Encoded words (RFC 2047): how header lines carry text that is not ASCII. */
#ifndef EXPAND_ENCODED_WORDS_H
#define EXPAND_ENCODED_WORDS_H

#include <stdbool.h>

#include "base/error.h"
#include "base/str.h"

/* How text is decoded. */
struct encoded_words_style {
    struct str charset; /* what the words are translated into; STR_NULL: no translation */
    bool any_length;    /* even words of more than 75 octets, which RFC 2047 forbids, are words */
};

/* Decodes all encoded words of the text; white space between two of them goes. What only looks like one
 * stays as it is; a NUL becomes a question mark. False: a word's character set is not known here (err says so in Exim's
 * words). */
bool encoded_words_decode(struct arena *arena, struct str text, const struct encoded_words_style *style,
                          struct str *value, struct error *err);

/* The text as encoded words of at most 75 octets, each holding whole UTF-8 characters, if there is anything
 * in it that a phrase cannot have as it is. */
struct str encoded_words_encode(struct arena *arena, struct str text, struct str charset);

#endif
