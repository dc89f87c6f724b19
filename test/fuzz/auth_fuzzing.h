/* For fuzzers of authenticator drivers: a host whose templates are texts and functions, exchanges with whatever a
 * peer may say, and dialogues of a driver's two sides in which octets change on the way. */
#ifndef AUTH_FUZZING_H
#define AUTH_FUZZING_H

#include <stdint.h>

#include "auths/auth.h"
#include "auths/exchange.h"
#include "base/arena.h"

/* What this host takes for a compiled template: how the expansion ends, and its value. */
struct template {
    enum auth_expand status;
    struct str (*value)(struct auth_exchange *x); /* instead of text */
    const char *text;
};

/* Its name is "host.test", and so is that of the server it is a client of; the connection is a local one, without
 * TLS, and bound by the same octets whatever the type. */
extern const struct auth_host fuzz_host;

/* An instance for the mechanism without options. */
void fuzz_instance(struct arena *arena, struct auth_instance *auth, const struct auth_driver *driver,
                   const char *mechanism);

/* Sets a private option to the value of `size` octets; the driver must have it. */
void fuzz_set_option(struct auth_instance *auth, const char *name, const void *value, size_t size);

/* Sets private options that are not expanded, and that are. */
void fuzz_set_text(struct auth_instance *auth, const char *name, const char *text);
void fuzz_set_template(struct auth_instance *auth, const char *name, const struct template *t);

/* Initialises the instance: false when the driver does not want it. */
bool fuzz_init(struct arena *arena, struct auth_instance *auth);

/* A new directory, which is removed with all that is in it when the process ends. To be called once. */
const char *fuzz_place(void);

/* What is left of an input. */
struct fuzz_input {
    const uint8_t *data;
    size_t n;
};

/* The next piece of it: a length in two octets, and so many octets. False: there is none. */
bool fuzz_next(struct fuzz_input *input, struct str *piece);

/* The server answered with the pieces of the input, the first of which goes with the AUTH command unless the
 * input's first octet is odd. Its verdict; when x is not NULL, *x is the exchange, for the caller to end. */
enum auth_verdict fuzz_server(const struct auth_instance *auth, struct fuzz_input input, struct auth_exchange **x);

/* The client challenged with the pieces of the input; one octet alone stands for a challenge that is no base64. */
void fuzz_client(const struct auth_instance *auth, struct fuzz_input input);

/* What must arrive as it was sent for the receiver to take it for proof: part of the message, or STR_NULL when
 * nothing of it has to. */
typedef struct str fuzz_proof(struct str message);

struct str fuzz_whole(struct str message);
struct str fuzz_last_32(struct str message);      /* CRAM-MD5: the digest */
struct str fuzz_digest_md5(struct str message);   /* the value of response= or rspauth= */
struct str fuzz_scram(struct str message);        /* all but the last octets, where base64 has bits to spare */

/* The driver's client and server with each other, which must come to an agreement if nothing is changed. Of the
 * input, each four octets say which message is changed (even: one of the client's), where (two octets), and how:
 * the octet is XORed with the fourth, or the message ends there, if that is 0. Aborts when the server is content
 * although proof of the client's differs from what it sent, or, unless of_server is NULL, the client although the
 * server's does. */
void fuzz_dialogue(const struct auth_instance *auth, fuzz_proof *of_client, fuzz_proof *of_server,
                   struct fuzz_input input);

#endif
