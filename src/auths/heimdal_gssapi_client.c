/* The heimdal_gssapi driver as a client (RFC 4752, section 3.1). */
#include <gssapi/gssapi_krb5.h>

#include "auths/heimdal_gssapi.h"

static bool optional(struct auth_exchange *x, const struct template *t, struct str fallback, struct str *value,
                     enum auth_verdict *verdict)
{
    *value = fallback;
    return !t || auth_expand_client(x, t, value, verdict);
}

/* Who to be: what the keytab says, else what the credential cache has. */
static bool acquire(struct auth_exchange *x, struct heimdal_context *c, enum auth_verdict *verdict)
{
    const struct heimdal_config *config = x->auth->instance.config;
    struct str keytab, principal;
    gss_name_t name = GSS_C_NO_NAME;
    gss_buffer_desc buffer;
    OM_uint32 major, minor, ignored;

    if (!optional(x, config->client_keytab, STR_NULL, &keytab, verdict) ||
        !optional(x, config->client_principal, STR_NULL, &principal, verdict))
        return false;
    *verdict = AUTH_DEFER;
    if (keytab.n > 0)
        return heimdal_credential_from_keytab(x, keytab, principal, &c->credential);
    if (principal.n == 0)
        return true;
    buffer = (gss_buffer_desc){.length = principal.n, .value = (void *)principal.s};
    major = gss_import_name(&minor, &buffer, GSS_C_NT_USER_NAME, &name);
    if (major == GSS_S_COMPLETE)
        major = gss_acquire_cred(&minor, name, GSS_C_INDEFINITE, heimdal_mechanisms(), GSS_C_INITIATE, &c->credential, NULL,
                                 NULL);
    gss_release_name(&ignored, &name);
    if (major != GSS_S_COMPLETE)
        heimdal_trouble(x, AUTH_DEFER, "no credential", major, minor);
    return major == GSS_S_COMPLETE;
}

static bool find_server(struct auth_exchange *x, struct heimdal_context *c, enum auth_verdict *verdict)
{
    const struct heimdal_config *config = x->auth->instance.config;
    struct auth_peer peer = {.remote_name = STR_NULL};
    struct str service, host;

    if (x->host->peer)
        x->host->peer(x, &peer);
    if (!optional(x, config->client_service, STR("smtp"), &service, verdict) ||
        !optional(x, config->client_hostname, str_is_null(peer.remote_name) ? STR("localhost") : peer.remote_name, &host,
                  verdict))
        return false;
    *verdict = AUTH_DEFER;
    return heimdal_import_service(x, service, host, &c->peer);
}

static enum auth_verdict next_token(struct auth_exchange *x, struct heimdal_context *c)
{
    gss_buffer_desc in = {.length = x->in.n, .value = (void *)x->in.s}, out = GSS_C_EMPTY_BUFFER;
    OM_uint32 minor, major = gss_init_sec_context(&minor, c->credential, &c->context, c->peer, GSS_KRB5_MECHANISM,
                                                  GSS_C_MUTUAL_FLAG | GSS_C_SEQUENCE_FLAG | GSS_C_INTEG_FLAG, 0,
                                                  GSS_C_NO_CHANNEL_BINDINGS, x->in.n > 0 ? &in : GSS_C_NO_BUFFER, NULL,
                                                  &out, NULL, NULL);

    x->out = heimdal_take(x, &out);
    if (GSS_ERROR(major)) /* at the first step it is the ticket that cannot be had */
        return heimdal_trouble(x, x->steps == 0 ? AUTH_DEFER : AUTH_CANCELLED, "gss_init_sec_context", major, minor);
    c->established = !(major & GSS_S_CONTINUE_NEEDED);
    return AUTH_MORE;
}

/* Takes the server's layers, and chooses none. */
static enum auth_verdict choose_layer(struct auth_exchange *x, struct heimdal_context *c)
{
    static const char none[GSSAPI_LAYER_OCTETS] = {GSSAPI_NO_LAYER, 0, 0, 0};
    const struct heimdal_config *config = x->auth->instance.config;
    struct str layers, authz, choice;
    enum auth_verdict verdict;

    if (!heimdal_unwrap(x, c->context, x->in, &layers))
        return AUTH_CANCELLED;
    if (layers.n != GSSAPI_LAYER_OCTETS || !(layers.s[0] & GSSAPI_NO_LAYER)) {
        x->message = STR("the server insists on a security layer");
        return AUTH_CANCELLED;
    }
    if (!optional(x, config->client_authz, STR(""), &authz, &verdict))
        return verdict;
    choice = str_join(x->arena, (struct str){none, sizeof none, false}, authz);
    if (!heimdal_wrap(x, c->context, choice, &x->out))
        return AUTH_DEFER;
    c->layer_sent = true;
    x->unfinished = false;
    return AUTH_MORE;
}

enum auth_verdict heimdal_client(struct auth_exchange *x)
{
    struct heimdal_context *c = x->state;
    enum auth_verdict verdict;

    if (x->in_undecodable) {
        x->message = STR("invalid base64 string in server response");
        return AUTH_CANCELLED;
    }
    if (!c) {
        c = x->state = heimdal_context_new(x);
        x->unfinished = true;
        if (!acquire(x, c, &verdict) || !find_server(x, c, &verdict))
            return verdict;
    }
    if (c->layer_sent)
        return AUTH_UNEXPECTED;
    return c->established ? choose_layer(x, c) : next_token(x, c);
}
