/* AUTH (RFC 4954; manual, 33.3): the command, and moving an exchange's octets to and fro. */
#include "auths/exchange.h"
#include "base/ascii.h"
#include "base/base64.h"
#include "base/print.h"
#include "smtp/auth_brake.h"
#include "smtp/auth_host.h"
#include "smtp/event.h"
#include "smtp/log_lines.h"
#include "smtp/policy.h"
#include "smtp/reply.h"

/* How an exchange ended, for the reply and the log. */
struct verdict {
    enum auth_verdict verdict;
    struct str reply;   /* code and text; STR_NULL: the session has ended */
    struct str detail;  /* for the log alone */
};

/* --- Octets from the client */

enum answer {
    ANSWER_DATA,
    ANSWER_CANCEL,
    ANSWER_TOO_LONG,
    ANSWER_NOT_BASE64,
    ANSWER_GONE, /* the client; the session has ended */
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* White space around the data is forgiven, within it is not. A bare CR or LF is none. */
static struct str trimmed(struct arena *arena, struct str text)
{
    size_t from = 0, n = text.n;

    while (n > 0 && is_blank(text.s[n - 1]))
        n--;
    while (from < n && is_blank(text.s[from]))
        from++;
    return str_sub(arena, text, from, n - from);
}

static enum answer decode(struct arena *arena, struct str text, struct str *data)
{
    text = trimmed(arena, text);
    if (text.n > SMTP_AUTH_LIMIT)
        return ANSWER_TOO_LONG;
    return base64_decode(arena, text, data) ? ANSWER_DATA : ANSWER_NOT_BASE64;
}

/* On the network a line ends in CR LF: what a bare LF is behind may be somebody else's (smuggling is to be
 * feared in AUTH as in DATA). On standard input people type LF. */
static bool on_network(const struct smtp_session *s)
{
    return s->peer->mode == SMTP_NETWORK;
}

/* Sends a challenge and reads the answer. */
static enum answer ask(struct smtp_session *s, struct auth_exchange *x, struct str *data)
{
    struct arena *working = s->scratch;
    enum smtp_input input;
    struct str line;

    smtp_reply_str(s, str_join(x->arena, STR("334 "),
                               x->out_is_text ? x->out : base64_encode(x->arena, x->out)));
    s->scratch = x->arena; /* the line is a secret */
    input = smtp_read_line(s, SMTP_AUTH_LIMIT, on_network(s) ? LINE_CRLF : LINE_LF, &line);
    s->scratch = working;
    if (input == SMTP_INPUT_GONE)
        return ANSWER_GONE;
    if (input == SMTP_INPUT_TOO_LONG)
        return ANSWER_TOO_LONG;
    if (str_is(line, "*"))
        return ANSWER_CANCEL;
    return decode(x->arena, line, data);
}

/* --- The exchange */

/* Runs the exchange until it has an end. answer: what came with the command, ANSWER_DATA with STR_NULL:
 * nothing. */
static enum answer converse(struct smtp_session *s, struct auth_exchange *x, enum answer answer,
                            struct str data, enum auth_verdict *verdict)
{
    *verdict = AUTH_MORE;
    while (answer == ANSWER_DATA) {
        *verdict = auth_exchange_step(x, data);
        if (*verdict != AUTH_MORE)
            break;
        answer = ask(s, x, &data);
    }
    return answer;
}

static struct str deferred(struct smtp_session *s, const struct auth_exchange *x)
{
    struct str text = STR("435 Unable to authenticate at present");

    if (!x->message_for_peer || str_is_empty(x->message))
        return text;
    return str_join3(s->scratch, text, STR(": "), x->message);
}

static void judge(struct smtp_session *s, const struct auth_exchange *x, enum answer answer,
                  struct verdict *v)
{
    v->detail = STR_NULL;
    switch (answer) {
    case ANSWER_CANCEL:
        v->reply = STR("501 Authentication cancelled");
        return;
    case ANSWER_TOO_LONG:
        v->reply = STR("500 Line too long");
        return;
    case ANSWER_NOT_BASE64:
        v->reply = STR("501 Invalid base64 data");
        return;
    case ANSWER_GONE:
        v->reply = STR_NULL;
        return;
    case ANSWER_DATA:
        break;
    }
    switch (v->verdict) {
    case AUTH_OK:
        v->reply = STR("235 Authentication succeeded");
        break;
    case AUTH_DEFER:
        v->reply = deferred(s, x);
        v->detail = str_copy(s->scratch, x->message);
        break;
    case AUTH_BAD_DATA:
        v->reply = STR("501 Invalid base64 data");
        break;
    case AUTH_UNEXPECTED:
        v->reply = STR("553 Initial data not expected");
        break;
    case AUTH_CANCELLED:
        v->reply = STR("501 Authentication cancelled");
        break;
    case AUTH_FAIL:
    case AUTH_MORE:
        v->reply = STR("535 Incorrect authentication data");
        break;
    }
}

/* --- The outcome */

static void succeed(struct smtp_session *s, const struct auth_exchange *x)
{
    struct scope_connection *c = &s->connection;

    c->host_authenticated = x->auth->instance.name;
    c->authentication_mechanism = x->auth->public_name;
    c->authenticated_id = str_copy(s->arena, x->set_id);
    c->authenticated_fail_id = STR_NULL;
    c->authentication_failed = false;
    s->authenticator = x->auth;
    smtp_set_protocol(s);
}

/* The line that fail2ban's filter knows; what the reply adds to its fixed text is detail. An auth:fail
 * event may have its own text instead. */
static void log_failure(struct smtp_session *s, const struct auth_exchange *x, const struct verdict *v)
{
    struct buffer line = BUFFER_IN(s->scratch);
    struct str instead, name = x->auth->instance.name;
    struct scope_connection *c = &s->connection;
    struct str authenticated = c->host_authenticated;

    c->host_authenticated = name;
    smtp_event(s, STR("auth:fail"), v->reply, &instead);
    c->host_authenticated = authenticated;
    if (!str_is_empty(instead)) {
        log_write_str(LOG_MAIN | LOG_REJECT, instead);
        return;
    }
    buffer_add(&line, name);
    buffer_add_cstr(&line, " authenticator failed for ");
    buffer_add(&line, smtp_host_and_ident(s, true));
    buffer_add_cstr(&line, ": ");
    buffer_add(&line, v->verdict == AUTH_DEFER ? STR("435 Unable to authenticate at present") : v->reply);
    if (!str_is_empty(x->set_id)) {
        buffer_add_cstr(&line, " (set_id=");
        print_escaped(&line, x->set_id, 0);
        buffer_add_char(&line, ')');
    }
    if (!str_is_empty(v->detail)) {
        buffer_add_cstr(&line, ": ");
        buffer_add(&line, v->detail);
    }
    log_write_str(LOG_MAIN | LOG_REJECT, buffer_str(&line));
}

/* Neither right nor wrong: the reason is for the log alone. */
static struct verdict put_off(struct str why)
{
    return (struct verdict){
        .verdict = AUTH_DEFER, .reply = STR("435 Unable to authenticate at present"), .detail = why};
}

static void conclude(struct smtp_session *s, const struct auth_exchange *x, enum answer answer,
                     enum auth_verdict verdict)
{
    struct verdict v = {.verdict = verdict};
    bool failed = answer == ANSWER_DATA && verdict == AUTH_FAIL;

    judge(s, x, answer, &v);
    if (str_is_null(v.reply))
        return;
    if ((failed || (answer == ANSWER_DATA && verdict == AUTH_OK)) && smtp_brake_account(s, x->set_id)) {
        v = put_off(STR("too many failed authentications for this account"));
        verdict = v.verdict;
        failed = false;
    }
    if (answer == ANSWER_DATA && verdict == AUTH_OK) {
        succeed(s, x);
    } else {
        s->connection.authenticated_fail_id = str_copy(s->arena, x->set_id);
        log_failure(s, x, &v);
        if (failed)
            smtp_brake_failed(s, x->set_id);
    }
    smtp_reply_str(s, v.reply);
}

/* --- Without a command: by TLS (manual, chapter 42) */

/* A client that is not authenticated may still say AUTH. That it could not be done now is worth a line, for it is no
 * fault of the client's. */
void smtp_authenticate_by_tls(struct smtp_session *s)
{
    const struct auth_instance *auth = s->prepared->by_tls;
    struct auth_exchange *x;
    struct verdict v = {.reply = STR("435 Unable to authenticate at present")};

    if (auth == NULL || !s->connection.tls_in.certificate_verified)
        return;
    x = auth_exchange_begin(auth, AUTH_SERVER, &smtp_auth_host, s);
    v.verdict = auth_exchange_step(x, STR_NULL);
    if (v.verdict == AUTH_OK) {
        succeed(s, x);
    } else {
        s->connection.authenticated_fail_id = str_copy(s->arena, x->set_id);
        v.detail = str_copy(s->scratch, x->message);
        if (v.verdict == AUTH_DEFER)
            log_failure(s, x, &v);
    }
    auth_exchange_end(x);
}

/* --- The command */

/* The authenticator of that mechanism, if the client may use it. */
static const struct auth_instance *find(const struct smtp_session *s, struct str mechanism)
{
    for (size_t i = 0; i < s->prepared->server_count; i++)
        if ((s->advertised[i] || s->auth_unadvertised_allowed) &&
            str_eq_nocase(s->prepared->mechanisms[i], mechanism))
            return s->prepared->servers[i];
    return NULL;
}

/* RFC 4422 section 3.1, in any case. */
static bool is_mechanism(struct str name)
{
    for (size_t i = 0; i < name.n; i++)
        if (!ascii_is_alnum(name.s[i]) && name.s[i] != '-' && name.s[i] != '_')
            return false;
    return true;
}

/* "MECHANISM [initial response]" taken apart; initial: STR_NULL when there is none. */
static void split(struct smtp_session *s, struct str *mechanism, struct str *initial)
{
    struct str argument = s->argument;
    size_t n = 0;

    while (n < argument.n && !ascii_is_space(argument.s[n]))
        n++;
    *mechanism = str_sub(s->scratch, argument, 0, n);
    while (n < argument.n && ascii_is_space(argument.s[n]))
        n++;
    *initial = n < argument.n ? str_sub(s->scratch, argument, n, argument.n) : STR_NULL;
}

/* A client that has failed too often gets no exchange at all. */
static void brake(struct smtp_session *s, const struct auth_exchange *x)
{
    struct verdict v = put_off(STR("too many failed authentications from this client"));

    s->connection.authenticated_fail_id = STR_NULL;
    log_failure(s, x, &v);
    smtp_reply_str(s, v.reply);
}

static void authenticate(struct smtp_session *s, const struct auth_instance *auth, struct str initial)
{
    struct auth_exchange *x = auth_exchange_begin(auth, AUTH_SERVER, &smtp_auth_host, s);
    struct str data = STR_NULL;
    enum answer answer = ANSWER_DATA;
    enum auth_verdict verdict;

    if (smtp_brake_client(s)) {
        brake(s, x);
        auth_exchange_end(x);
        return;
    }
    if (on_network(s) && s->stream.bare_lf)
        answer = ANSWER_NOT_BASE64;
    else if (str_is(initial, "=")) /* RFC 4954: an empty initial response */
        data = STR("");
    else if (!str_is_null(initial))
        answer = decode(x->arena, initial, &data);
    answer = converse(s, x, answer, data, &verdict);
    conclude(s, x, answer, verdict);
    auth_exchange_end(x);
}

/* Why the command cannot be obeyed, whatever it asks for; STR_NULL: it can. */
static struct str objection(const struct smtp_session *s)
{
    if (!s->auth_advertised && !s->auth_unadvertised_allowed)
        return STR("AUTH command used when not advertised");
    if (!str_is_empty(s->connection.host_authenticated))
        return STR("already authenticated");
    if (s->transaction.sender_given)
        return STR("not permitted in mail transaction");
    return STR_NULL;
}

static void refuse(struct smtp_session *s, int code, struct str text)
{
    s->mask_unknown = true;
    smtp_fault(s, SMTP_PROTOCOL, code, STR_NULL, text);
}

void smtp_auth(struct smtp_session *s)
{
    struct str why = objection(s), mechanism, initial;
    const struct auth_instance *auth;
    struct acl_outcome outcome;

    s->connection.authentication_failed = true;
    if (!str_is_null(why)) {
        refuse(s, 503, why);
        return;
    }
    split(s, &mechanism, &initial);
    if (!is_mechanism(mechanism)) {
        s->mask_unknown = true;
        smtp_fault(s, SMTP_SYNTAX, 501, STR_NULL, STR("invalid character in authentication mechanism name"));
        return;
    }
    s->connection.smtp_command_argument = mechanism;
    if (smtp_policy_run(s, ACL_WHERE_AUTH, STR_NULL, &outcome) != ACL_ACCEPT) {
        s->mask_unknown = true;
        smtp_policy_refuse(s, ACL_WHERE_AUTH, mechanism, &outcome);
        return;
    }
    auth = find(s, mechanism);
    if (auth)
        authenticate(s, auth, initial);
    else
        refuse(s, 504, str_join(s->scratch, mechanism, STR(" authentication mechanism not supported")));
}
