/* What the files that find hosts share (hosts.h is for others). */
#ifndef BASE_HOSTS_PRIVATE_H
#define BASE_HOSTS_PRIVATE_H

#include "base/hosts.h"

unsigned host_random(void);

/* What the states of the hosts come to: found when one is usable. */
enum host_result host_judge(const struct host *hosts);

/* The addresses of the host that an MX or SRV record names. An address instead of a name is no host unless the
 * request allows that. */
enum host_result host_find_target(const struct host_request *request, struct host_answer *answer);

#endif
