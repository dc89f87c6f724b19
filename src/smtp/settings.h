/* Options whose values depend on the session: expanded when it begins. Private to src/smtp. */
#ifndef SMTP_SETTINGS_H
#define SMTP_SETTINGS_H

#include "base/clock.h"
#include "smtp/state.h"

/* message_size_limit into s->size_limit. False: it has no value, which is logged. */
bool smtp_expand_size_limit(struct smtp_session *s);

/* For a message without SMTP: message_size_limit, and receive_timeout. False: said why on standard error. */
bool smtp_expand_local_limits(struct smtp_session *s);

/* smtp_receive_timeout into s->timeout; a bad value is logged and the default taken. */
void smtp_expand_timeout(struct smtp_session *s);

/* smtp_active_hostname into $smtp_active_hostname. False: it has no value, which is logged. */
bool smtp_expand_hostname(struct smtp_session *s);

/* An option that is an integer after expansion; 0 for an empty, failing or bad value (the latter two
 * are logged). */
int smtp_expand_int(struct smtp_session *s, const struct template *t, const char *option);

#endif
