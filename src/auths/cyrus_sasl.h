/* The cyrus_sasl driver's two sides: what they share. Private to cyrus_sasl*.c. */
#ifndef AUTHS_CYRUS_SASL_H
#define AUTHS_CYRUS_SASL_H

#include <sasl/sasl.h>

#include "auths/auth.h"

struct cyrus_config {
    const struct template *server_hostname, *server_realm;
    struct str server_mech, server_service;
    const struct template *client_authz, *client_password, *client_realm, *client_username;
    struct str client_mech, client_service;
};

/* The library is told what it is to know of the connection: addresses, how strongly it is encrypted, that no
 * security layer is wanted. False: x->message says why not. */
bool cyrus_describe_connection(struct auth_exchange *x, sasl_conn_t *connection);

/* A callback whose context is the exchange: what the library has to tell goes to the debugging output. */
sasl_callback_t cyrus_log_callback(struct auth_exchange *x);

/* "address;port", as the library wants it; NULL where it is not known. */
const char *cyrus_address(struct auth_exchange *x, struct str address, int port);

enum auth_verdict cyrus_server(struct auth_exchange *x);
enum auth_verdict cyrus_client(struct auth_exchange *x);

#endif
