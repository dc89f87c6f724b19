/* The exchange: one run of an authenticator, and the generic options around the driver. */
#ifndef AUTHS_EXCHANGE_H
#define AUTHS_EXCHANGE_H

#include "auths/auth.h"

enum auth_side { AUTH_SERVER, AUTH_CLIENT };

/* Begins an exchange. It owns an arena that is wiped by auth_exchange_end(). */
struct auth_exchange *auth_exchange_begin(const struct auth_instance *auth, enum auth_side side,
                                          const struct auth_host *host, void *host_ctx);

/* One step. in: what the peer sent, decoded (copied); STR_NULL: nothing. After AUTH_MORE x->out is for
 * the peer. On the server side AUTH_OK includes server_condition and server_set_id; after AUTH_OK,
 * AUTH_FAIL and AUTH_DEFER x->set_id is set where server_set_id gives a value. */
enum auth_verdict auth_exchange_step(struct auth_exchange *x, struct str in);

/* The client's step for a challenge that is not base64. */
enum auth_verdict auth_exchange_step_undecodable(struct auth_exchange *x);

/* Ends it: the driver frees what it holds, the memory is wiped. NULL is allowed. */
void auth_exchange_end(struct auth_exchange *x);

/* The authenticator among the instances that serves a mechanism (matched caselessly), or NULL.
 * side: which half must be configured. */
const struct auth_instance *auth_find(const struct driver_instance *first, struct str mechanism, enum auth_side side);

#endif
