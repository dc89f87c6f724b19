/* How deliveries in processes of their own tell what came of them. Private to src/queue. */
#ifndef QUEUE_RESULTS_H
#define QUEUE_RESULTS_H

#include "queue/job.h"

/* The results of the recipients as octets. */
struct str results_write(struct arena *arena, const struct mail_recipient *first);

/* Takes them over into the same recipients. False: they are not complete (the process died). */
bool results_read(struct arena *arena, struct mail_recipient *first, struct str octets);

#endif
