/* Dovecot's authentication service: see dovecot_service.h.
 *
 * Both sides send lines of fields with TABs between them. Nothing that a client of ours sends crosses as it is:
 * its data are base64, addresses and names are escaped. Nothing that the service sends is trusted to be whole:
 * lines have a limit, every wait a deadline, and an answer that lacks what it must have is no answer. */
#include "auths/dovecot_service.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/base64.h"
#include "base/clock.h"
#include "base/connect.h"
#include "base/stream.h"

enum {
    LINE_LIMIT = 16384,
    HANDSHAKE_LINES = 1000, /* mechanisms are few; a service that never says DONE is none */
    /* Seconds. The service holds back the news of a failure, by 2 seconds and, where an address fails again and
     * again, by up to 15. */
    TIMEOUT = 60,
    MINOR_WITH_TLS = 2, /* 1.2: the packaged 2.3.19 shows it as %{secured} */
    REQUEST = 1, /* the number of the only request */
};

struct dovecot_service {
    struct stream stream;
    struct arena *arena;     /* the exchange's */
    int64_t deadline;
    struct mechanism *mechanisms;
    bool version_seen;
    int minor; /* of the service's version */
};

struct mechanism {
    struct mechanism *next;
    struct str name;
};

static enum dovecot_answer unusable(struct auth_exchange *x, struct str message)
{
    x->message = message;
    return DOVECOT_UNUSABLE;
}

/* --- Lines */

/* TAB, LF, CR, NUL and the escape itself, as the protocol writes them. */
static void add_escaped(struct buffer *b, struct str value)
{
    static const char plain[] = {'\0', '\001', '\t', '\r', '\n'}, escaped[] = {'0', '1', 't', 'r', 'n'};

    for (size_t i = 0; i < value.n; i++) {
        const char *found = memchr(plain, value.s[i], sizeof plain);

        if (found) {
            buffer_add_char(b, '\001');
            buffer_add_char(b, escaped[found - plain]);
        } else {
            buffer_add_char(b, value.s[i]);
        }
    }
}

static struct str unescape(struct arena *arena, struct str value)
{
    static const char plain[] = {'\0', '\001', '\t', '\r', '\n'}, escaped[] = {'0', '1', 't', 'r', 'n'};
    struct buffer b = BUFFER_IN(arena);

    b.tainted = value.tainted;
    for (size_t i = 0; i < value.n; i++) {
        const char *found = NULL;

        if (value.s[i] == '\001' && i + 1 < value.n)
            found = memchr(escaped, value.s[++i], sizeof escaped);
        buffer_add_char(&b, found ? plain[found - escaped] : value.s[i]);
    }
    return buffer_str(&b);
}

/* The fields of a line. */
struct fields {
    struct str rest;
    bool more;
};

static struct fields fields_of(struct str line)
{
    return (struct fields){line, true};
}

/* The next field, as it stands on the line. False: there is none. */
static bool next_field(struct dovecot_service *service, struct fields *fields, struct str *field)
{
    ptrdiff_t tab = str_find(fields->rest, '\t');

    if (!fields->more)
        return false;
    fields->more = tab >= 0;
    *field = str_sub(service->arena, fields->rest, 0, tab < 0 ? fields->rest.n : (size_t)tab);
    if (tab >= 0)
        fields->rest = str_sub(service->arena, fields->rest, (size_t)tab + 1, fields->rest.n);
    return true;
}

static bool send_line(struct auth_exchange *x, struct dovecot_service *service, struct str line)
{
    stream_write(&service->stream, line, service->deadline);
    if (stream_flush(&service->stream, service->deadline))
        return true;
    x->message = STR("authentication socket write error");
    return false;
}

static bool read_line(struct auth_exchange *x, struct dovecot_service *service, struct str *line)
{
    switch (stream_read_line(&service->stream, service->arena, LINE_LIMIT, LINE_LF, service->deadline, line)) {
    case LINE_OK:
        return true;
    case LINE_TOO_LONG:
        x->message = STR("authentication socket protocol error: line too long");
        return false;
    case LINE_TIMEOUT:
        x->message = STR("authentication socket read timed out");
        return false;
    case LINE_END:
    case LINE_ERROR:
        break;
    }
    x->message = STR("authentication socket read error or premature eof");
    return false;
}

/* --- Connection and handshake */

static bool protocol_error(struct auth_exchange *x, const char *what)
{
    x->message = str_printf(x->arena, "authentication socket protocol error: %s", what);
    return false;
}

/* What Exim says then. */
static bool wrong_socket(struct auth_exchange *x)
{
    x->message = STR("authentication socket type mismatch (connected to auth-master instead of auth-client)");
    return false;
}

/* TLS, which was put on the socket later, says goodbye before this. */
static void hang_up(void *p)
{
    const struct fd_channel *connection = p;

    close(connection->in);
}

static struct channel *connect_service(struct auth_exchange *x, struct str name, int64_t deadline)
{
    struct error why = ERROR_IN(x->arena);
    struct fd_channel *connection = ARENA_NEW(x->arena, struct fd_channel);
    int fd;

    if (str_starts(name, "inet:")) {
        fd = connect_inet(x->arena, str_sub(x->arena, name, 5, name.n), deadline, &why);
        x->message = why.text;
    } else {
        fd = connect_unix(name, deadline);
        if (fd < 0)
            x->message = str_printf(x->arena, "unable to connect to UNIX socket (%.*s): %s", STR_ARG(name), strerror(errno));
    }
    if (fd < 0)
        return NULL;
    x->message = STR_NULL;
    fd_channel_init(connection, fd, fd);
    arena_defer(x->arena, hang_up, connection);
    return &connection->channel;
}

/* The host in inet:host:port, without brackets. */
static struct str host_of(struct arena *arena, struct str name)
{
    ptrdiff_t colon = str_rfind(name, ':');
    struct str host = str_sub(arena, name, 5, colon > 5 ? (size_t)colon - 5 : 0);

    if (host.n > 1 && host.s[0] == '[')
        host = str_sub(arena, host, 1, host.n - 2);
    return host;
}

static struct channel *start_tls(struct auth_exchange *x, struct channel *below, struct str name, int64_t deadline)
{
    if (x->host->tls)
        return x->host->tls(x, below, host_of(x->arena, name), deadline);
    x->message = STR("server_tls is set, but there is no TLS here");
    return NULL;
}

static bool take_version(struct auth_exchange *x, struct dovecot_service *service, struct fields *fields)
{
    struct str major, minor;

    if (!next_field(service, fields, &major) || !str_is(major, "1"))
        return protocol_error(x, "version mismatch");
    service->version_seen = true;
    if (next_field(service, fields, &minor))
        service->minor = (int)strtol(minor.s, NULL, 10);
    return true;
}

static void take_mechanism(struct dovecot_service *service, struct fields *fields)
{
    struct mechanism *mechanism = ARENA_NEW(service->arena, struct mechanism);

    if (!next_field(service, fields, &mechanism->name))
        return;
    mechanism->next = service->mechanisms;
    service->mechanisms = mechanism;
}

/* Reads until DONE. A listener that serves something else begins otherwise, or has no mechanisms. */
static bool shake_hands(struct auth_exchange *x, struct dovecot_service *service)
{
    struct str line, word;

    if (!send_line(x, service, str_printf(x->arena, "VERSION\t1\t1\nCPID\t%ld\n", (long)getpid())))
        return false;
    for (int i = 0; i < HANDSHAKE_LINES; i++) {
        struct fields fields;

        if (!read_line(x, service, &line))
            return false;
        fields = fields_of(line);
        next_field(service, &fields, &word);
        if (str_is(word, "DONE"))
            return service->version_seen || protocol_error(x, "no VERSION");
        if (str_is(word, "VERSION") && !take_version(x, service, &fields))
            return false;
        if (str_is(word, "MECH"))
            take_mechanism(service, &fields);
        if (str_is(word, "SPID") && !service->mechanisms)
            return wrong_socket(x);
    }
    return protocol_error(x, "no DONE");
}

static int64_t deadline_of(const struct auth_exchange *x)
{
    int64_t deadline = deadline_in(TIMEOUT);

    return x->deadline < deadline ? x->deadline : deadline;
}

static void forget(void *p)
{
    stream_free(p);
}

struct dovecot_service *dovecot_open_channel(struct auth_exchange *x, struct channel *channel)
{
    struct dovecot_service *service = ARENA_NEW(x->arena, struct dovecot_service);

    service->arena = x->arena;
    service->deadline = deadline_of(x);
    stream_init(&service->stream, channel);
    arena_defer(x->arena, forget, &service->stream);
    return shake_hands(x, service) ? service : NULL;
}

struct dovecot_service *dovecot_open(struct auth_exchange *x, struct str name, bool tls)
{
    int64_t deadline = deadline_of(x);
    struct channel *channel = connect_service(x, name, deadline);

    if (channel && tls)
        channel = start_tls(x, channel, name, deadline);
    return channel ? dovecot_open_channel(x, channel) : NULL;
}

bool dovecot_has_mechanism(const struct dovecot_service *service, struct str mechanism)
{
    for (const struct mechanism *m = service->mechanisms; m; m = m->next)
        if (str_eq_nocase(m->name, mechanism))
            return true;
    return false;
}

/* --- Answers */

static const struct {
    const char *field; /* as older services write it, and behind code= */
    const char *code;
    const char *cause;
    bool temporary;
} failures[] = {
    {"temp", "temp_fail", "temporary failure", true},
    {"authz", "authz_fail", "authorization failed", false},
    {"user_disabled", "user_disabled", "the user is disabled", false},
    {"pass_expired", "pass_expired", "the password has expired", false},
};

static void take_failure(struct dovecot_reply *reply, struct str field)
{
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
        bool code = str_starts(field, "code=") && strcmp(field.s + 5, failures[i].code) == 0;

        if (code || str_is(field, failures[i].field)) {
            reply->cause = failures[i].cause;
            reply->temporary |= failures[i].temporary;
        }
    }
}

/* Everything behind the number of the request. */
static void take_fields(struct dovecot_service *service, struct fields *fields, struct dovecot_reply *reply)
{
    struct str field;

    while (next_field(service, fields, &field)) {
        take_failure(reply, field);
        if (str_is(field, "nologin"))
            reply->no_login = true;
        else if (str_starts(field, "user="))
            reply->user = unescape(service->arena, str_sub(service->arena, field, 5, field.n));
        else if (str_starts(field, "reason="))
            reply->reason = unescape(service->arena, str_sub(service->arena, field, 7, field.n));
    }
}

static enum dovecot_answer take_answer(struct auth_exchange *x, struct dovecot_service *service, struct str word,
                                       struct fields *fields, struct dovecot_reply *reply)
{
    struct str data;

    if (str_is(word, "CONT")) {
        if (!next_field(service, fields, &data))
            data = STR("");
        if (!base64_decode(x->arena, data, &reply->challenge))
            return unusable(x, STR("authentication socket protocol error: invalid base64 data"));
        return DOVECOT_CONTINUE;
    }
    take_fields(service, fields, reply);
    if (str_is(word, "FAIL"))
        return DOVECOT_FAIL;
    if (!str_is(word, "OK"))
        return unusable(x, STR("authentication socket protocol error: unexpected answer"));
    if (str_is_null(reply->user) || str_is_empty(reply->user))
        return unusable(x, STR("authentication socket protocol error: success without a user"));
    return DOVECOT_OK;
}

static enum dovecot_answer read_answer(struct auth_exchange *x, struct dovecot_service *service,
                                       struct dovecot_reply *reply)
{
    struct str line, word, number;
    struct fields fields;

    if (!read_line(x, service, &line))
        return DOVECOT_UNUSABLE;
    fields = fields_of(line);
    next_field(service, &fields, &word);
    if (!next_field(service, &fields, &number) || !str_eq(number, str_printf(x->arena, "%d", REQUEST)))
        return unusable(x, STR("authentication socket protocol error: answer to another request"));
    return take_answer(x, service, word, &fields, reply);
}

/* --- The request */

static void add_address(struct buffer *b, const char *address_name, struct str address, const char *port_name, int port)
{
    if (str_is_null(address) || str_is_empty(address))
        return;
    buffer_printf(b, "\t%s=", address_name);
    add_escaped(b, address);
    if (port > 0)
        buffer_printf(b, "\t%s=%d", port_name, port);
}

/* The connection counts as secured where it is encrypted, or never leaves this machine; which it is services want to
 * know that are new enough. */
static void add_peer(struct auth_exchange *x, const struct dovecot_service *service, struct buffer *b)
{
    struct auth_peer peer;

    if (!x->host->peer || !x->host->peer(x, &peer))
        return;
    if (peer.tls || (!str_is_null(peer.remote_address) && str_eq(peer.remote_address, peer.local_address)))
        buffer_add_cstr(b, peer.tls && service->minor >= MINOR_WITH_TLS ? "\tsecured=tls" : "\tsecured");
    if (peer.tls_certificate_verified)
        buffer_add_cstr(b, "\tvalid-client-cert");
    if (peer.tls_certificate_verified && !str_is_null(peer.tls_peer_name)) {
        buffer_add_cstr(b, "\tcert_username=");
        add_escaped(b, peer.tls_peer_name);
    }
    add_address(b, "rip", peer.remote_address, "rport", peer.remote_port);
    add_address(b, "lip", peer.local_address, "lport", peer.local_port);
}

enum dovecot_answer dovecot_begin(struct auth_exchange *x, struct dovecot_service *service, struct str mechanism,
                                  struct str response, struct dovecot_reply *reply)
{
    struct buffer line = BUFFER_IN(x->arena);

    buffer_printf(&line, "AUTH\t%d\t", REQUEST);
    add_escaped(&line, mechanism);
    buffer_add_cstr(&line, "\tservice=smtp");
    add_peer(x, service, &line);
    buffer_add_cstr(&line, "\tnologin");
    if (!str_is_null(response)) { /* behind everything else */
        buffer_add_cstr(&line, "\tresp=");
        buffer_add(&line, base64_encode(x->arena, response));
    }
    buffer_add_char(&line, '\n');
    return send_line(x, service, buffer_str(&line)) ? read_answer(x, service, reply) : DOVECOT_UNUSABLE;
}

enum dovecot_answer dovecot_continue(struct auth_exchange *x, struct dovecot_service *service, struct str response,
                                     struct dovecot_reply *reply)
{
    struct str line = str_printf(x->arena, "CONT\t%d\t%s\n", REQUEST, base64_encode(x->arena, response).s);

    return send_line(x, service, line) ? read_answer(x, service, reply) : DOVECOT_UNUSABLE;
}
