/* Making a TCP connection to a server. Private to src/transports. */
#ifndef TRANSPORTS_SMTP_CONNECT_H
#define TRANSPORTS_SMTP_CONNECT_H

#include <stdbool.h>

#include "base/str.h"

struct client_connect_request {
    struct str address;   /* of the server */
    int port;
    struct str interface; /* a list of our addresses: the first of the same family is used; empty: any */
    int timeout;          /* seconds; 0: the system's */
    bool keepalive;       /* SO_KEEPALIVE */
    bool fast_open;       /* TCP fast open (RFC 7413) */
    int tos;              /* type of service, traffic class; -1: as it is */
};

/* Connects. -1: *error is an errno (ETIMEDOUT when the time is over). The interface list may be wrong: *why then
 * says so, else it is STR_NULL. */
int client_connect(struct arena *arena, const struct client_connect_request *request, int *error, struct str *why);

/* Our end of the connection. */
void client_local_address(int fd, struct arena *arena, struct str *address, int *port);

/* Reads the option dscp: a name ("ef", "af41", "throughput" ...), or a DSCP value of 0 to 0x3f in the notation of C.
 * False: neither. */
bool smtp_tos_parse(struct str text, int *tos);

#endif
