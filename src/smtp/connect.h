/* The beginning of a session. Private to src/smtp. */
#ifndef SMTP_CONNECT_H
#define SMTP_CONNECT_H

#include "smtp/state.h"

/* Works out what depends on the peer, decides whether it is welcome, and greets it (manual, 44.4). The
 * session may have ended when this returns. */
void smtp_connect(struct smtp_session *s);

#endif
