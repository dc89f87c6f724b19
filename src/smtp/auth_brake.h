/* Brakes on guessing passwords: failed authentications are counted for each client and each account, and either may
 * be refused for a while. Off unless the options auth_fail_... say otherwise. Private to src/smtp. */
#ifndef SMTP_AUTH_BRAKE_H
#define SMTP_AUTH_BRAKE_H

#include "smtp/state.h"

/* Whether the client has failed too often: it is not even asked. */
bool smtp_brake_client(struct smtp_session *s);

/* Whether too many have failed as that account, so that a right password must not tell anybody that it is one. */
bool smtp_brake_account(struct smtp_session *s, struct str id);

/* Counts a failure of the client and of the account, which may be empty, and waits for auth_fail_delay. */
void smtp_brake_failed(struct smtp_session *s, struct str id);

#endif
