/* Deliveries by a transport inside a unit test: a configuration as text, a scripted server, and what came of it. */
#ifndef UNIT_DELIVERY_TESTING_H
#define UNIT_DELIVERY_TESTING_H

#include "smtp_server.h"
#include "temp_files.h"
#include "testing.h"
#include "mail/message.h"
#include "transports/transport.h"

struct delivery_bench {
    struct temp_files *files;
    const char *stanza;     /* instead of one of the smtp driver; NULL: that */
    const char *sender, *authenticated_sender; /* of the message; NULL: "s@y.test", none */
    const char *hosts;      /* a list of names or addresses; NULL: 127.0.0.1 */
    const char *message;    /* header lines, an empty line, a body; NULL: a short one */
    unsigned dsn_flags;     /* of all recipients */
    const char *orcpt;      /* of all recipients; NULL: none */
    bool smtputf8, generated; /* the message is international; its recipients come from another */
    struct mail_handling handling;
    int longest_line;

    const char *sent;       /* to the server */
    const char *log;        /* without time stamps */
    const char *noted;      /* what the queue was told about hosts */
    const char *waiting;    /* id of another message that waits for the host; NULL: none */
};

int delivery_setup(void **state);
int delivery_teardown(void **state);

#define delivery_test(f) cmocka_unit_test_setup_teardown(f, delivery_setup, delivery_teardown)

/* Delivers a message to recipients (a list with spaces) by a transport "t" with driver = smtp, whose port is that
 * of the script's server. options: lines of the stanza; more: other sections; both may be NULL. A script that is
 * NULL: there is no server. Returns a line for each recipient: its result and what is known of it. */
const char *deliver(struct delivery_bench *bench, const char *options, const char *more, const char *script,
                    const char *recipients);

#endif
