/* A connection to an SMTP or LMTP server, and the commands and replies on it. Errors are put into words as Exim's
 * log lines have them. Private to src/transports. */
#ifndef TRANSPORTS_SMTP_CLIENT_H
#define TRANSPORTS_SMTP_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/stream.h"
#include "base/str.h"
#include "transports/smtp_ehlo.h"
#include "transports/smtp_reply.h"

struct tls_connection;

/* What went wrong. */
struct client_failure {
    int error;           /* an errno or one of enum delivery_error; 0: a response says it all */
    int more_error;      /* see mail/delivery_error.h */
    int code;            /* of the response that it is about; 0: there was none */
    struct str text;     /* for the log; STR_NULL: strerror(error) is all there is to say */
    bool permanent;      /* a 5xx response */
    bool lost;           /* the connection is of no use any more */
    bool message;        /* it concerns this message at this host, not the host */
    bool tls;            /* TLS could not be negotiated: in the clear it might work */
};

/* Words for failures; each has %s for "pipelined " and %.*s for the command. */
struct client_texts {
    const char *refused, *malformed; /* ... and %.*s for the response */
    const char *closed, *timeout;
    int closed_error, timeout_error;
};
extern const struct client_texts smtp_texts, lmtp_texts;

struct smtp_client {
    const struct client_texts *texts;
    struct arena *arena;           /* of the connection */
    int fd;                        /* -1: none */
    struct fd_channel socket;
    struct stream stream;
    struct tls_connection *tls;    /* NULL: not encrypted */
    struct str local_address;
    int local_port;
    int command_timeout;           /* seconds */
    bool replies_due;              /* commands went out whose replies nobody will read */
    bool (*read_owed)(void *ctx);  /* reads replies that come before the next; NULL: there are none */
    void *owed_ctx;
    struct smtp_offer offer;       /* of the latest EHLO */
    struct smtp_reply reply;       /* the latest */
    struct client_failure failure;   /* of the latest function that returned false */
};

/* Gets ready for a connection that fd is, or will be (-1). out: -1, or where output goes when it is not fd. */
void client_begin(struct smtp_client *c, struct arena *arena, int fd, int out, int command_timeout);

/* Ends TLS and closes everything. */
void client_end(struct smtp_client *c);

/* QUIT, whose answer nobody waits for, and the end. Replies that are still due are let in first: a connection that is
 * closed with something unread is reset, and the QUIT with it. */
void client_quit(struct smtp_client *c);

/* Adds a command to what is to be sent; client_flush() sends it. secret: debugging does not show more of it than
 * its first `shown` octets. */
void client_send(struct smtp_client *c, struct str command);
void client_send_secret(struct smtp_client *c, struct str command, size_t shown);

/* False: c->failure, in which `what` says what was to be sent. */
bool client_flush(struct smtp_client *c, const char *what);

/* Replies to what was sent come before the one that is waited for next: read_owed() reads them then, and returns false
 * when the connection is of no use because of them (c->failure). */
void client_owe(struct smtp_client *c, bool (*read_owed)(void *ctx), void *ctx);

/* Sends what is to be sent, and reads the replies that are owed, if any. */
bool client_await(struct smtp_client *c);

/* Reads the reply to `what`, a command as log lines show it, with a word in front when it was sent without waiting
 * for replies. seconds: 0: command_timeout. True: the reply's code begins with the digit `expected`. Else
 * c->failure. */
struct client_expect {
    struct str what;
    bool pipelined;
    char digit;
    int seconds;
    int64_t octets; /* of the message that was written before; 0: none */
};
bool client_expect(struct smtp_client *c, const struct client_expect *expect);

/* Sends a command and reads its reply. */
bool client_command(struct smtp_client *c, struct str command, char digit);

/* A failure that does not count after all. */
static inline void client_forget_failure(struct smtp_client *c)
{
    c->failure = (struct client_failure){.error = 0};
}

/* Sets c->failure and returns false. */
bool client_fail(struct smtp_client *c, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
