/* Sending rates (manual, 44.39 to 44.43): an average in which the past fades away exponentially, and the set
 * of events that were counted already. Private to src/acl. */
#ifndef ACL_RATE_H
#define ACL_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"
#include "expand/scope.h"

/* One measurement. */
struct rate_request {
    struct str key;
    double limit;      /* events per period */
    int period;        /* seconds: the smoothing constant */
    double count;      /* what to add; 0 when only reading */
    bool readonly;     /* nothing is stored */
    bool strict;       /* stored above the limit, too */
    bool unique;       /* an event is counted once per period */
    struct str event;  /* ... this one */
};

/* Works out the rate with the process's hints. False: err says why that is not possible now. */
bool rate_measure(const struct scope *scope, struct arena *arena, const struct rate_request *request,
                  double *rate, struct error *err);

#endif
