/* Places in configuration files, and logical lines that know theirs. */
#ifndef BASE_SOURCE_H
#define BASE_SOURCE_H

#include "base/str.h"

struct source_pos {
    const char *file; /* as given to the reader; NULL: not from a file */
    unsigned line;    /* 1-based: the last physical line of a logical one, as Exim counts */
};

/* What a physical line has given to a logical one: the octets from offset on, up to the next part. */
struct source_part {
    size_t offset;
    struct source_pos where;
    unsigned column; /* 1-based, of the octet at offset; 0: macros were replaced, so that columns say nothing */
};

/* A logical line: continuations joined, macros replaced, comments gone. */
struct source_line {
    struct str text;
    struct source_pos where;
    const struct source_part *parts; /* of the configuration's listing; else NULL */
    size_t part_count;
};

/* A run of logical lines, such as one ACL or one section. */
struct source_lines {
    struct source_line *v;
    size_t n;
};

#endif
