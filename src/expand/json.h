/* Taking JSON arrays and objects apart for extract and forany_json, without more understanding of the
 * values than where they end. Inside src/expand only. */
#ifndef EXPAND_JSON_H
#define EXPAND_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct json_reader {
    struct str text; /* must outlive the reading */
    size_t at, end;  /* what is between the brackets */
};

enum json_begin {
    JSON_GOOD,
    JSON_NO_OPENING, /* does not begin with the bracket */
    JSON_NO_CLOSING,
};

/* Begins to read what stands between the brackets `[` and `]`, or `{` and `}`. */
enum json_begin json_begin_array(struct json_reader *reader, struct str text);
enum json_begin json_begin_object(struct json_reader *reader, struct str text);

/* The next element, without white space around it, copied into the arena. False: no more. */
bool json_next_element(struct json_reader *reader, struct arena *arena, struct str *element);

/* The next "name": value; the name without its quotes. False: no more. */
bool json_next_member(struct json_reader *reader, struct arena *arena, struct str *name, struct str *value);

/* Without the quotes of a string; other values stay as they are. */
struct str json_unquote(struct arena *arena, struct str value);

#endif
