/* Rows of a database as the text of a result (manual, 9.21): a row of one column is its value, one of
 * several is `name=value` pairs; rows are lines. */
#ifndef LOOKUPS_COLUMNS_H
#define LOOKUPS_COLUMNS_H

#include "base/buffer.h"

/* Adds a newline unless this is the first row. */
void columns_begin_row(struct buffer *out, size_t row);

/* Adds `name=value ` of a row of several columns; a value that is empty, has white space in it or begins
 * with a quote is put in quotes. */
void columns_add(struct buffer *out, struct str name, struct str value);

#endif
