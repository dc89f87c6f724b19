/* Waiting on purpose: see pause.h. */
#include "smtp/pause.h"

#include <limits.h>
#include <poll.h>

#include "base/clock.h"

void smtp_pause(struct smtp_session *s, int64_t milliseconds)
{
    struct pollfd peer = {.fd = s->peer->in_fd, .events = POLLRDHUP};
    int64_t until = clock_now_ms() + milliseconds;

    if (s->peer->mode == SMTP_TEST)
        return;
    for (;;) {
        int64_t left = until - clock_now_ms();

        if (left <= 0 || poll(&peer, 1, left < INT_MAX ? (int)left : INT_MAX) > 0)
            return;
    }
}
