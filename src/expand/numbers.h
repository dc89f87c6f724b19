/* Numbers in expansions: what comparisons, list indexes and operators read. Inside src/expand only. */
#ifndef EXPAND_NUMBERS_H
#define EXPAND_NUMBERS_H

#include <stdint.h>

#include "expand/evaluate.h"

/* A signed decimal number with an optional K, M or G and white space around it; white space alone
 * is 0, the empty string when empty_is_zero says so. Fails with Exim's texts. */
enum expand_status number_read(struct evaluation *ev, struct str text, bool empty_is_zero, int64_t *value);

#endif
