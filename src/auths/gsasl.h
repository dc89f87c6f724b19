/* The gsasl driver's two sides: what they share. Private to gsasl*.c. */
#ifndef AUTHS_GSASL_H
#define AUTHS_GSASL_H

#include <gsasl.h>

#include "auths/auth.h"

enum { GSASL_FAKE_KEY_OCTETS = 32 };

struct gsasl_config {
    const struct template *server_hostname, *server_realm;
    struct str server_mech, server_service;
    const struct template *server_password, *server_scram_iter, *server_scram_salt, *server_key, *server_skey;
    bool server_channelbinding;
    const struct template *client_username, *client_password, *client_authz, *client_spassword;
    bool client_channelbinding;

    Gsasl *library;
    unsigned char fake_key[GSASL_FAKE_KEY_OCTETS]; /* makes salts for users that there are not */
};

/* An exchange at work. */
struct gsasl_run {
    Gsasl_session *session;
    bool (*answer)(struct auth_exchange *x, Gsasl_session *session, Gsasl_property property); /* of this side */
    enum auth_verdict trouble; /* AUTH_MORE: none; else what an expansion came to */
    bool finished;             /* the library is content */
};

/* Begins: start is gsasl_server_start or gsasl_client_start. False: *verdict, x->message. */
bool gsasl_begin(struct auth_exchange *x, struct str mechanism,
                 int (*start)(Gsasl *library, const char *mechanism, Gsasl_session **session),
                 bool (*answer)(struct auth_exchange *x, Gsasl_session *session, Gsasl_property property),
                 enum auth_verdict *verdict);

/* One step of the library's with x->in; what it has for the peer goes to x->out, which is STR_NULL where that is
 * nothing. Returns the library's code. */
int gsasl_run_step(struct auth_exchange *x);

/* Sets a property, where the value is one. */
void gsasl_set(Gsasl_session *session, Gsasl_property property, struct str value);

/* A property that the library or the peer has set; STR_NULL: it has not. In the arena, tainted. */
struct str gsasl_get(struct auth_exchange *x, Gsasl_session *session, Gsasl_property property);

/* Sets the property to what the channel is bound by; false: there is nothing of the kind. */
bool gsasl_bind(struct auth_exchange *x, Gsasl_session *session, Gsasl_property property);

enum auth_verdict gsasl_server(struct auth_exchange *x);
enum auth_verdict gsasl_client(struct auth_exchange *x);

#endif
