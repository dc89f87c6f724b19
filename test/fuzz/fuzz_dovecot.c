/* What a service that calls itself Dovecot's may say: handshake and answers, in whatever pieces. Without a line
 * that says OK to the request, and whose it is, nobody is authenticated. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "auths/dovecot_service.h"
#include "auths/exchange.h"
#include "base/stream.h"

#include "fuzz.h"

/* The service: it says its text, in pieces of varying size, whatever it hears. */
struct speaker {
    struct channel channel;
    const uint8_t *text;
    size_t n;
    unsigned piece;
};

static ssize_t say(struct channel *c, void *p, size_t n, int64_t deadline)
{
    struct speaker *s = (struct speaker *)c;
    size_t piece = s->piece++ % 7 + 1;

    (void)deadline;
    piece = piece < n ? piece : n;
    piece = piece < s->n ? piece : s->n;
    memcpy(p, s->text, piece);
    s->text += piece;
    s->n -= piece;
    return (ssize_t)piece;
}

static ssize_t hear(struct channel *c, const void *p, size_t n, int64_t deadline)
{
    (void)c;
    (void)p;
    (void)deadline;
    return (ssize_t)n;
}

static bool no_peer(struct auth_exchange *x, struct auth_peer *peer)
{
    (void)x;
    (void)peer;
    return false;
}

__attribute__((format(printf, 2, 3))) static void quiet(struct auth_exchange *x, const char *format, ...)
{
    (void)x;
    (void)format;
}

static const struct auth_host host = {.peer = no_peer, .debug = quiet, .log = quiet};

static bool says_so(const uint8_t *data, size_t size, const struct dovecot_reply *reply)
{
    return reply->user.n > 0 && memmem(data, size, "OK\t1\t", 5) && memmem(data, size, "user=", 5);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct speaker speaker = {.channel = {.read = say, .write = hear}, .text = data, .n = size, .piece = (unsigned)size};
    const struct auth_driver *driver = auth_driver_find(STR("plaintext"), NULL);
    struct auth_instance auth = {.instance = {.name = STR("fuzz"), .driver = &driver->info}};
    struct auth_exchange *x = auth_exchange_begin(&auth, AUTH_SERVER, &host, NULL);
    struct dovecot_service *service = dovecot_open_channel(x, &speaker.channel);
    struct dovecot_reply reply = {.temporary = false};
    enum dovecot_answer answer = DOVECOT_UNUSABLE;

    if (service && dovecot_has_mechanism(service, STR("PLAIN")))
        answer = dovecot_begin(x, service, STR("PLAIN"), STR("\0user\0secret"), &reply);
    while (answer == DOVECOT_CONTINUE)
        answer = dovecot_continue(x, service, reply.challenge, &reply);
    if (answer == DOVECOT_OK && !says_so(data, size, &reply))
        abort();
    auth_exchange_end(x);
    return 0;
}
