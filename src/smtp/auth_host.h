/* What authenticators may ask of a session. Private to src/smtp. */
#ifndef SMTP_AUTH_HOST_H
#define SMTP_AUTH_HOST_H

#include "smtp/state.h"

/* The callbacks; an exchange's host_ctx is the session. */
extern const struct auth_host smtp_auth_host;

#endif
