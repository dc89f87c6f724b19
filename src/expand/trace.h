/* What -d+expand shows of an evaluation. Inside src/expand only. */
#ifndef EXPAND_TRACE_H
#define EXPAND_TRACE_H

#include "expand/evaluate.h"

/* Called around the evaluation of a template when debugging is on; scope->depth says how far to indent. */
void trace_begin(const struct evaluation *ev, const struct template *t);
void trace_end(const struct evaluation *ev, const struct template *t, enum expand_status status,
               struct str result);

#endif
