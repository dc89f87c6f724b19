/* How an expanded string counts as a condition. */
#ifndef BASE_TRUTH_H
#define BASE_TRUTH_H

#include "base/str.h"

enum truth {
    TRUTH_NO,    /* empty, 0, no, false */
    TRUTH_YES,   /* 1, yes, true */
    TRUTH_OTHER, /* anything else: what it means depends on the place */
};

/* Caseless (manual, 33.1: server_condition). */
enum truth truth_of(struct str v);

#endif
