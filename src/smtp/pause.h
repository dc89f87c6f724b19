/* Waiting on purpose. Private to src/smtp. */
#ifndef SMTP_PAUSE_H
#define SMTP_PAUSE_H

#include "smtp/state.h"

/* Waits that long, or until the peer has gone: a delay must not keep a process for nobody. Input that
 * comes meanwhile stays unread. Test sessions do not wait. */
void smtp_pause(struct smtp_session *s, int64_t milliseconds);

#endif
