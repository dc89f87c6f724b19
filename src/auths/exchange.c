/* The exchange: runs a driver's steps and applies the generic options around it
 * (manual, 33.1: server_condition, server_set_id, server_debug_print). */
#include "auths/exchange.h"

#include "base/clock.h"
#include "base/truth.h"

/* The memory that an exchange lives in holds whatever the peer sent, so all of it is secret. */
struct running {
    struct auth_exchange exchange;
    enum auth_side side;
};

struct auth_exchange *auth_exchange_begin(const struct auth_instance *auth, enum auth_side side,
                                          const struct auth_host *host, void *host_ctx)
{
    struct arena *arena = arena_new(ARENA_SECRET);
    struct running *r = ARENA_NEW(arena, struct running);

    r->side = side;
    r->exchange = (struct auth_exchange){
        .auth = auth,
        .host = host,
        .host_ctx = host_ctx,
        .arena = arena,
        .deadline = DEADLINE_NONE,
    };
    return &r->exchange;
}

static const struct auth_driver *driver_of(const struct auth_exchange *x)
{
    return (const struct auth_driver *)x->auth->instance.driver;
}

void auth_exchange_end(struct auth_exchange *x)
{
    if (!x)
        return;
    if (driver_of(x)->end)
        driver_of(x)->end(x);
    arena_free(x->arena);
}

void auth_exchange_add(struct auth_exchange *x, struct str value)
{
    if (x->count < AUTH_VARS)
        x->vars[x->count] = value;
    if (x->count < AUTH_NUMBERS)
        x->numbers[x->count] = value;
    x->count++;
}

bool auth_exchange_has_nul(const struct auth_exchange *x, struct str mechanism)
{
    static const char *const text[] = {"ANONYMOUS", "CRAM-MD5", "DIGEST-MD5", "EXTERNAL", "LOGIN"};
    bool is_text = str_starts_nocase(mechanism, "SCRAM-");

    for (size_t i = 0; i < sizeof text / sizeof *text; i++)
        is_text = is_text || str_is_nocase(mechanism, text[i]);
    return is_text && x->in.n > 0 && str_find(x->in, '\0') >= 0;
}

enum auth_verdict auth_expand_verdict(enum auth_expand status)
{
    return status == AUTH_EXPAND_FORCED ? AUTH_FAIL : AUTH_DEFER;
}

bool auth_expand_client(struct auth_exchange *x, const struct template *t, struct str *value,
                        enum auth_verdict *verdict)
{
    enum auth_expand status = x->host->expand(x, t, value);

    *verdict = status == AUTH_EXPAND_FORCED ? AUTH_CANCELLED : AUTH_DEFER;
    return status == AUTH_EXPAND_OK;
}

/* What server_debug_print says goes to the debugging output; the values themselves are shown only
 * where the administrator asks for them there, because some are passwords. */
static void debug_variables(struct auth_exchange *x)
{
    x->host->debug(x, "%.*s authenticator server_condition:\n", STR_ARG(x->auth->instance.name));
    for (unsigned i = 0; i < AUTH_VARS; i++)
        if (!str_is_null(x->vars[i]))
            x->host->debug(x, "  $auth%u: %zu octets\n", i + 1, x->vars[i].n);
    if (x->auth->server_debug_print) {
        struct str text;

        if (x->host->expand(x, x->auth->server_debug_print, &text) == AUTH_EXPAND_OK)
            x->host->debug(x, "%.*s\n", STR_ARG(text));
        else
            x->host->debug(x, "failed to expand server_debug_print: %.*s\n", STR_ARG(x->message));
        x->message = STR_NULL;
    }
}

/* server_condition, for every driver alike. */
static enum auth_verdict check_condition(struct auth_exchange *x)
{
    struct str result;
    enum auth_expand status;

    debug_variables(x);
    if (!x->auth->server_condition)
        return AUTH_OK;
    status = x->host->expand(x, x->auth->server_condition, &result);
    if (status != AUTH_EXPAND_OK) {
        x->host->debug(x, "expansion failed: %.*s\n", STR_ARG(x->message));
        return auth_expand_verdict(status);
    }
    x->host->debug(x, "expanded string: %.*s\n", STR_ARG(result));
    switch (truth_of(result)) {
    case TRUTH_YES:
        return AUTH_OK;
    case TRUTH_NO:
        return AUTH_FAIL;
    case TRUTH_OTHER:
        break;
    }
    x->message = result;
    x->message_for_peer = true;
    return AUTH_DEFER;
}

/* server_set_id is expanded for the log whatever the verdict. A client that proved who it is, but
 * whose identity cannot be made out, is put off: $authenticated_id must not be silently empty. */
static enum auth_verdict set_id(struct auth_exchange *x, enum auth_verdict verdict)
{
    struct str message = x->message;

    if (!x->auth->server_set_id)
        return verdict;
    if (x->host->expand(x, x->auth->server_set_id, &x->set_id) == AUTH_EXPAND_OK) {
        x->message = message;
        return verdict;
    }
    x->set_id = STR_NULL;
    if (verdict == AUTH_OK)
        return AUTH_DEFER;
    x->message = message;
    return verdict;
}

static enum auth_verdict finish(struct auth_exchange *x, enum auth_verdict verdict)
{
    if (((struct running *)x)->side == AUTH_CLIENT)
        return verdict;
    if (verdict == AUTH_OK)
        verdict = check_condition(x);
    if (verdict == AUTH_OK || verdict == AUTH_FAIL || verdict == AUTH_DEFER)
        verdict = set_id(x, verdict);
    return verdict;
}

static enum auth_verdict step(struct auth_exchange *x)
{
    const struct auth_driver *driver = driver_of(x);
    enum auth_verdict verdict;

    x->out = STR_NULL;
    x->out_is_text = false;
    if (((struct running *)x)->side == AUTH_SERVER)
        verdict = driver->server(x);
    else
        verdict = driver->client(x);
    x->steps++;
    return verdict == AUTH_MORE ? AUTH_MORE : finish(x, verdict);
}

enum auth_verdict auth_exchange_step(struct auth_exchange *x, struct str in)
{
    x->in = str_copy(x->arena, in);
    x->in_undecodable = false;
    return step(x);
}

enum auth_verdict auth_exchange_step_undecodable(struct auth_exchange *x)
{
    x->in = STR_NULL;
    x->in_undecodable = true;
    return step(x);
}

const struct auth_instance *auth_find(const struct driver_instance *first, struct str mechanism, enum auth_side side)
{
    for (const struct driver_instance *i = first; i; i = i->next) {
        const struct auth_instance *auth = (const struct auth_instance *)i;

        if ((side == AUTH_SERVER ? auth->server : auth->client) && str_eq_nocase(auth->public_name, mechanism))
            return auth;
    }
    return NULL;
}
