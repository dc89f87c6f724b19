/* Processes that go on with what this one is at: see fork.h. */
#include "queue/fork.h"

#include <unistd.h>

#include "lookups/lookup.h"

pid_t queue_fork(struct hints *hints)
{
    search_tidyup();
    hints_release(hints);
    return fork();
}
