/* The heimdal_gssapi driver as a server (RFC 4752, section 3.2). */
#include <gssapi/gssapi_krb5.h>

#include "auths/heimdal_gssapi.h"

/* Other than a keytab that is not set, what cannot be expanded puts the client off. */
static bool value_of(struct auth_exchange *x, const struct template *t, struct str *value, enum auth_verdict *verdict)
{
    enum auth_expand status = x->host->expand(x, t, value);

    *verdict = auth_expand_verdict(status);
    return status == AUTH_EXPAND_OK;
}

static bool use_keytab(struct auth_exchange *x, enum auth_verdict *verdict)
{
    const struct heimdal_config *config = x->auth->instance.config;
    struct str keytab;
    OM_uint32 major;

    if (!config->server_keytab)
        return true;
    if (!value_of(x, config->server_keytab, &keytab, verdict))
        return false;
    major = gsskrb5_register_acceptor_identity(keytab.s);
    if (major == GSS_S_COMPLETE)
        return true;
    *verdict = heimdal_trouble(x, AUTH_DEFER, "the keytab cannot be used", major, 0);
    return false;
}

/* The credential of the service that the options name. */
static bool acquire(struct auth_exchange *x, struct heimdal_context *c, enum auth_verdict *verdict)
{
    const struct heimdal_config *config = x->auth->instance.config;
    gss_name_t name = GSS_C_NO_NAME;
    struct str service, host;
    OM_uint32 major, minor, ignored;

    if (!value_of(x, config->server_service, &service, verdict) ||
        !value_of(x, config->server_hostname, &host, verdict) || !use_keytab(x, verdict))
        return false;
    *verdict = AUTH_DEFER;
    if (!heimdal_import_service(x, service, host, &name))
        return false;
    major = gss_acquire_cred(&minor, name, GSS_C_INDEFINITE, heimdal_mechanisms(), GSS_C_ACCEPT, &c->credential, NULL, NULL);
    gss_release_name(&ignored, &name);
    if (major == GSS_S_COMPLETE)
        return true;
    heimdal_trouble(x, AUTH_DEFER, "gss_acquire_cred", major, minor);
    return false;
}

/* What layers there are: none, and so no message is too large. */
static enum auth_verdict offer_layers(struct auth_exchange *x, struct heimdal_context *c)
{
    static const char layers[GSSAPI_LAYER_OCTETS] = {GSSAPI_NO_LAYER, 0, 0, 0};

    if (!heimdal_wrap(x, c->context, (struct str){layers, sizeof layers, false}, &x->out))
        return AUTH_DEFER;
    c->layer_sent = true;
    return AUTH_MORE;
}

static enum auth_verdict accept_token(struct auth_exchange *x, struct heimdal_context *c)
{
    gss_buffer_desc in = {.length = x->in.n, .value = (void *)x->in.s}, out = GSS_C_EMPTY_BUFFER;
    OM_uint32 minor, major = gss_accept_sec_context(&minor, &c->context, c->credential, &in, GSS_C_NO_CHANNEL_BINDINGS,
                                                    c->peer == GSS_C_NO_NAME ? &c->peer : NULL, NULL, &out, NULL, NULL,
                                                    NULL);

    x->out = heimdal_take(x, &out);
    if (GSS_ERROR(major))
        return heimdal_trouble(x, AUTH_FAIL, "gss_accept_sec_context", major, minor);
    c->established = !(major & GSS_S_CONTINUE_NEEDED);
    if (!c->established || x->out.n > 0)
        return AUTH_MORE;
    return offer_layers(x, c);
}

static enum auth_verdict identify(struct auth_exchange *x, const struct heimdal_context *c, struct str authz)
{
    gss_buffer_desc display = GSS_C_EMPTY_BUFFER;
    OM_uint32 minor, major = gss_display_name(&minor, c->peer, &display, NULL);
    struct str name;

    if (major != GSS_S_COMPLETE)
        return heimdal_trouble(x, AUTH_DEFER, "gss_display_name", major, minor);
    name = heimdal_take(x, &display);
    if (str_find(authz, '\0') >= 0)
        return AUTH_FAIL;
    auth_exchange_add(x, name);
    auth_exchange_add(x, authz.n > 0 ? authz : name);
    return AUTH_OK;
}

/* The client's choice of a layer, and who it wants to act as. */
static enum auth_verdict take_choice(struct auth_exchange *x, const struct heimdal_context *c)
{
    struct str choice;

    if (!heimdal_unwrap(x, c->context, x->in, &choice))
        return AUTH_FAIL;
    if (choice.n < GSSAPI_LAYER_OCTETS || choice.s[0] != GSSAPI_NO_LAYER) {
        x->host->debug(x, "gssapi: %zu octets, or a security layer that was not offered\n", choice.n);
        return AUTH_FAIL;
    }
    return identify(x, c, str_sub(x->arena, choice, GSSAPI_LAYER_OCTETS, choice.n));
}

enum auth_verdict heimdal_server(struct auth_exchange *x)
{
    struct heimdal_context *c = x->state;
    enum auth_verdict verdict;

    if (!c) {
        c = x->state = heimdal_context_new(x);
        if (!acquire(x, c, &verdict))
            return verdict;
        if (str_is_null(x->in)) { /* the client speaks first */
            x->out = STR("");
            return AUTH_MORE;
        }
    }
    if (!c->established)
        return accept_token(x, c);
    if (!c->layer_sent)
        return x->in.n == 0 ? offer_layers(x, c) : AUTH_FAIL;
    return take_choice(x, c);
}
