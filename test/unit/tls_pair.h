/* Two ends of a TLS connection in one process: the server in a thread of its own. */
#ifndef TLS_PAIR_H
#define TLS_PAIR_H

#include <pthread.h>

#include "base/clock.h"
#include "tls/tls.h"

struct tls_pair {
    struct arena *arena, *server_arena;
    int fds[2];
    struct fd_channel below[2];
    struct tls_context *server_context, *client_context;
    struct tls_server_request server_request;
    struct tls_client_request client_request;
    struct tls_connection *server, *client; /* NULL: no handshake, and the error says why */
    struct error server_error, client_error;
};

/* Default contexts: a self-signed certificate; a client that trusts nobody and does not look. */
void tls_pair_init(struct tls_pair *pair);
struct tls_server_settings tls_pair_server_settings(void);
void tls_pair_serve(struct tls_pair *pair, const struct tls_server_settings *settings);
void tls_pair_use(struct tls_pair *pair, const struct tls_client_settings *settings);

/* Shakes hands over a new pair of sockets. True: both ends did. */
bool tls_pair_shake(struct tls_pair *pair);

/* Ends the connection; contexts and requests stay. */
void tls_pair_hang_up(struct tls_pair *pair);
void tls_pair_free(struct tls_pair *pair);

#endif
