/* Deliveries on this machine, one after the other: see job.h. */
#include "queue/process.h"
#include "queue/retry.h"

void job_deliver_local(struct job *job)
{
    while (job->local.n > 0) {
        struct mail_recipient *first = group_take(job, &job->local);
        struct delivery_process process;

        if (retry_may_deliver(job, first) && delivery_process_start(job, first, &process))
            while (delivery_process_read(job, &process))
                continue;
        job_settle_all(job, first);
    }
}
