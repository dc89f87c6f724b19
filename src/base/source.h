/* Places in configuration files, and logical lines that know theirs. */
#ifndef BASE_SOURCE_H
#define BASE_SOURCE_H

#include "base/str.h"

struct source_pos {
    const char *file; /* as given to the reader; NULL: not from a file */
    unsigned line;    /* 1-based: the last physical line of a logical one, as Exim counts */
};

/* A logical line: continuations joined, macros replaced, comments gone. */
struct source_line {
    struct str text;
    struct source_pos where;
};

/* A run of logical lines, such as one ACL or one section. */
struct source_lines {
    struct source_line *v;
    size_t n;
};

#endif
