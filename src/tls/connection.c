/* Connections: OpenSSL's records over a channel, and the channel that is made of them.
 *
 * OpenSSL reads and writes through a BIO that hands on to the channel below, which waits, minding deadlines.
 * So there is no waiting here, and whatever is a channel can carry TLS: sockets, pipes of inetd's. */
#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <string.h>

#include "base/clock.h"
#include "tls/private.h"

enum { CHANNEL_TIMEOUT = -2 };

/* --- The BIO */

static int carry_on(BIO *bio, ssize_t n)
{
    struct tls_connection *c = BIO_get_data(bio);

    BIO_clear_retry_flags(bio);
    if (n > 0)
        return (int)n;
    if (n == 0) {
        c->ended = true;
        return 0;
    }
    if (n == CHANNEL_TIMEOUT) { /* nothing is lost yet: OpenSSL may be asked again */
        c->timed_out = true;
        BIO_set_retry_read(bio);
    } else {
        c->below_error = errno;
    }
    return -1;
}

static int bio_read(BIO *bio, char *p, int n)
{
    struct tls_connection *c = BIO_get_data(bio);

    return n <= 0 ? 0 : carry_on(bio, c->below->read(c->below, p, (size_t)n, c->deadline));
}

static int bio_write(BIO *bio, const char *p, int n)
{
    struct tls_connection *c = BIO_get_data(bio);
    int done = 0;

    while (done < n) {
        ssize_t put = c->below->write(c->below, p + done, (size_t)(n - done), c->deadline);

        if (put <= 0) {
            c->broken = true; /* a part of a record may be lost */
            return carry_on(bio, put == 0 ? -1 : put);
        }
        done += (int)put;
    }
    return done;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    const struct tls_connection *c = BIO_get_data(bio);

    (void)number;
    (void)pointer;
    if (command == BIO_CTRL_EOF)
        return c->ended;
    return command == BIO_CTRL_FLUSH;
}

static const BIO_METHOD *bio_method(void)
{
    static BIO_METHOD *method;

    if (method == NULL) {
        method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "channel");
        if (method != NULL) {
            BIO_meth_set_read(method, bio_read);
            BIO_meth_set_write(method, bio_write);
            BIO_meth_set_ctrl(method, bio_ctrl);
        }
    }
    return method;
}

/* --- The channel */

/* What a failed call means to a channel's user; the connection remembers why. */
static ssize_t failed(struct tls_connection *c, int result, const char *what)
{
    int kind = SSL_get_error(c->ssl, result);
    struct error err = ERROR_IN(c->arena);

    if (c->timed_out) {
        ERR_clear_error();
        return CHANNEL_TIMEOUT;
    }
    if (kind == SSL_ERROR_ZERO_RETURN) {
        ERR_clear_error();
        return 0;
    }
    if (c->ended) { /* without a word: anybody could have cut the connection */
        tls_error(&err, what);
        c->failure = err.text;
        return 0;
    }
    c->broken = true;
    if (c->below_error != 0) {
        ERR_clear_error();
        c->failure = str_printf(c->arena, "(%s): %s", what, strerror(c->below_error));
        errno = c->below_error;
    } else {
        tls_error(&err, what);
        c->failure = err.text;
        errno = EPROTO;
    }
    return -1;
}

static ssize_t channel_read(struct channel *channel, void *p, size_t n, int64_t deadline)
{
    struct tls_connection *c = (struct tls_connection *)channel;
    int got;

    c->deadline = deadline;
    c->timed_out = false;
    ERR_clear_error();
    got = SSL_read(c->ssl, p, n > INT_MAX ? INT_MAX : (int)n);
    return got > 0 ? got : failed(c, got, "SSL_read");
}

static ssize_t channel_write(struct channel *channel, const void *p, size_t n, int64_t deadline)
{
    struct tls_connection *c = (struct tls_connection *)channel;
    int put;

    if (n == 0)
        return 0;
    if (c->broken) {
        errno = EPIPE;
        return -1;
    }
    c->deadline = deadline;
    c->timed_out = false;
    ERR_clear_error();
    put = SSL_write(c->ssl, p, n > INT_MAX ? INT_MAX : (int)n);
    if (put > 0)
        return put;
    ssize_t result = failed(c, put, "SSL_write");

    if (result != 0)
        return result;
    errno = EPIPE;
    return -1;
}

/* Is there something to read? Records that bear none (tickets, changes of keys) are taken in on the way. */
static bool channel_ready(struct channel *channel)
{
    struct tls_connection *c = (struct tls_connection *)channel;
    char octet;
    bool there;

    if (SSL_pending(c->ssl) > 0)
        return true;
    if (c->broken || (!SSL_has_pending(c->ssl) && !channel_has_input(c->below)))
        return false;
    c->deadline = clock_now_ms();
    c->timed_out = false;
    there = SSL_peek(c->ssl, &octet, 1) > 0;
    ERR_clear_error();
    return there;
}

/* --- Life */

struct tls_connection *tls_connection_of(const SSL *ssl)
{
    return SSL_get_app_data(ssl);
}

struct tls_connection *tls_connection_new(struct tls_context *context, enum tls_side side,
                                          struct channel *below, struct error *err)
{
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct tls_connection *c = ARENA_NEW(arena, struct tls_connection);
    const BIO_METHOD *method = bio_method();
    BIO *bio = method == NULL ? NULL : BIO_new(method);

    *c = (struct tls_connection){
        .channel = {channel_read, channel_write, channel_ready},
        .side = side,
        .arena = arena,
        .context = tls_context_keep(context),
        .below = below,
        .ssl = SSL_new(context->ssl_ctx),
    };
    if (bio == NULL || c->ssl == NULL) {
        tls_error(err, "SSL_new");
        BIO_free(bio);
        tls_connection_free(c);
        return NULL;
    }
    BIO_set_data(bio, c);
    BIO_set_init(bio, 1);
    SSL_set_bio(c->ssl, bio, bio);
    SSL_set_app_data(c->ssl, c);
    return c;
}

void tls_connection_free(struct tls_connection *c)
{
    if (c == NULL)
        return;
    SSL_SESSION_free(c->session);
    SSL_free(c->ssl);
    tls_context_free(c->context);
    arena_free(c->arena);
}

/* Why there is no handshake. */
static bool handshake_error(struct tls_connection *c, int kind, struct error *err)
{
    const char *what = c->side == TLS_SERVER ? "SSL_accept" : "SSL_connect";
    struct str text = tls_newest_error(err->arena);

    if (c->refusal.n > 0)
        return error_set(err, "%.*s", STR_ARG(c->refusal));
    if (c->timed_out)
        return error_set(err, "(%s): timed out", what);
    if (c->below_error != 0)
        return error_set(err, "(%s): %s", what, strerror(c->below_error));
    if (kind == SSL_ERROR_ZERO_RETURN && c->side == TLS_SERVER)
        return error_set(err, "(%s): TLS client disconnected cleanly (rejected our certificate?)", what);
    if (!str_is_null(text))
        return error_set(err, "(%s): %.*s", what, STR_ARG(text));
    return error_set(err, "(%s): connection closed by the peer", what);
}

bool tls_handshake(struct tls_connection *c, int64_t deadline, struct error *err)
{
    int result, kind;

    c->deadline = deadline;
    c->timed_out = false;
    ERR_clear_error();
    result = SSL_do_handshake(c->ssl);
    if (result == 1)
        return true;
    kind = SSL_get_error(c->ssl, result);
    handshake_error(c, kind, err);
    tls_connection_free(c);
    return false;
}

struct channel *tls_channel(struct tls_connection *connection)
{
    return &connection->channel;
}

const struct tls_facts *tls_facts(const struct tls_connection *connection)
{
    return &connection->facts;
}

struct str tls_failure(const struct tls_connection *connection)
{
    return connection->failure;
}

/* The peer's own close_notify is not waited for: RFC 8446 section 6.1 lets go without, and SMTP says QUIT. */
void tls_close(struct tls_connection *c, int64_t deadline)
{
    if (c == NULL)
        return;
    c->deadline = deadline;
    if (!c->broken && !c->ended)
        SSL_shutdown(c->ssl);
    ERR_clear_error();
    tls_connection_free(c);
}
