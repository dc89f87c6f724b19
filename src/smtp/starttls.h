/* The beginning and end of TLS in a session. Private to src/smtp. */
#ifndef SMTP_STARTTLS_H
#define SMTP_STARTTLS_H

#include "smtp/state.h"

/* TLS before anything else is said (manual, 43.1). False: there is none, and the session has ended. */
bool smtp_tls_on_connect(struct smtp_session *s);

/* Ends TLS with the session. */
void smtp_tls_end(struct smtp_session *s);

/* The peer went without a word, in TLS's terms: that is logged. */
void smtp_tls_log_failure(struct smtp_session *s);

#endif
