/* Dovecot's authentication service (the client side of its authentication protocol, version 1): a connection,
 * the handshake, and one request on it. Knows nothing of SMTP. */
#ifndef AUTHS_DOVECOT_SERVICE_H
#define AUTHS_DOVECOT_SERVICE_H

#include "auths/auth.h"

struct dovecot_service;

/* What the service says to the request. */
enum dovecot_answer {
    DOVECOT_OK,       /* fields has what it said */
    DOVECOT_CONTINUE, /* challenge is for the client */
    DOVECOT_FAIL,
    DOVECOT_UNUSABLE, /* no, or no sensible, answer: x->message says why */
};

struct dovecot_reply {
    struct str challenge; /* decoded */
    struct str user;      /* user=; STR_NULL: not given */
    struct str reason;    /* of a failure, for people; STR_NULL: not given */
    bool temporary;       /* the failure says nothing about the credentials */
    const char *cause;    /* of the failure, where the service names one; NULL: it does not */
    bool no_login;        /* the password is right, but the user may not log in */
};

/* Connects to a socket's file name, or to inet:host:port, with TLS where tls says so, and shakes hands. NULL:
 * x->message says why. The connection ends with the exchange. */
struct dovecot_service *dovecot_open(struct auth_exchange *x, struct str name, bool tls);

/* The same over a channel that is there already; it stays the caller's. */
struct dovecot_service *dovecot_open_channel(struct auth_exchange *x, struct channel *channel);

/* Whether the service offers the mechanism. */
bool dovecot_has_mechanism(const struct dovecot_service *service, struct str mechanism);

/* Begins the request; response: what the client sent with AUTH, STR_NULL where that was nothing. */
enum dovecot_answer dovecot_begin(struct auth_exchange *x, struct dovecot_service *service, struct str mechanism,
                                  struct str response, struct dovecot_reply *reply);

/* Goes on with what the client said to the challenge. */
enum dovecot_answer dovecot_continue(struct auth_exchange *x, struct dovecot_service *service, struct str response,
                                     struct dovecot_reply *reply);

#endif
