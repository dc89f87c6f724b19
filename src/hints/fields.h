/* Values of hints records: numbers and strings one behind the other, in a form that does not depend on the
 * machine. A record begins with the number of its layout, so that one from another version is not misread. */
#ifndef HINTS_FIELDS_H
#define HINTS_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/str.h"

/* Adds a field. */
void fields_add_int(struct buffer *out, int64_t number);
void fields_add_double(struct buffer *out, double number);
void fields_add_str(struct buffer *out, struct str text);

/* Reads the fields in the same order. */
struct fields {
    const char *p, *end;
    uint16_t tainted;
    bool bad; /* something was missing: what was read since is 0 or empty */
};

/* Begins reading a record. False: its layout is not the one expected. */
bool fields_begin(struct fields *fields, struct str value, int64_t layout);

int64_t fields_int(struct fields *fields);
double fields_double(struct fields *fields);

/* Points into the value, without a NUL behind it. */
struct str fields_str(struct fields *fields);

/* All was there, and nothing is left over. */
bool fields_end(const struct fields *fields);

#endif
