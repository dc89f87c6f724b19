/* Named lists, for the other files of this room; the rest is in list.h. */
#ifndef MATCH_NAMED_H
#define MATCH_NAMED_H

#include "match/list.h"

/* "domain", "host", "address", "local part", as texts for people name the kinds. */
const char *list_kind_name(enum list_kind kind);

#endif
