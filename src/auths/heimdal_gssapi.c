/* The heimdal_gssapi driver (manual, chapter 39; RFC 4752): Kerberos by Heimdal's library, without a security
 * layer. */
#include "auths/heimdal_gssapi.h"

#include <gssapi/gssapi_krb5.h>
#include <krb5.h>

#define EXPANDED(name_) {.name = #name_, .type = OPTION_TEMPLATE, .offset = offsetof(struct heimdal_config, name_)}
#define EXPANDED_DEFAULT(name_, default_) \
    {.name = #name_, .type = OPTION_TEMPLATE, .offset = offsetof(struct heimdal_config, name_), .default_text = (default_)}

static const struct option options[] = {
    EXPANDED(client_authz),
    EXPANDED(client_hostname),
    EXPANDED(client_keytab),
    EXPANDED(client_principal),
    EXPANDED_DEFAULT(client_service, "smtp"),
    EXPANDED_DEFAULT(server_hostname, "$primary_hostname"),
    EXPANDED(server_keytab),
    EXPANDED_DEFAULT(server_service, "smtp"),
};

/* A stanza that says who to be, or whom to ask, is for the client's side; any other for the server's. */
static bool init(struct auth_instance *auth, struct error *err)
{
    const struct heimdal_config *config = auth->instance.config;

    auth->client = config->client_principal || config->client_keytab || config->client_hostname;
    auth->server = !auth->client || auth->server_condition || config->server_keytab;
    if (config->client_keytab && !config->client_principal)
        return error_at(err, auth->instance.where, "authenticator %.*s: client_keytab needs client_principal",
                        STR_ARG(auth->instance.name));
    return true;
}

/* --- Shared by both sides */

static void release(void *p)
{
    struct heimdal_context *c = p;
    OM_uint32 minor;

    if (c->context != GSS_C_NO_CONTEXT)
        gss_delete_sec_context(&minor, &c->context, GSS_C_NO_BUFFER);
    if (c->peer != GSS_C_NO_NAME)
        gss_release_name(&minor, &c->peer);
    if (c->credential != GSS_C_NO_CREDENTIAL)
        gss_release_cred(&minor, &c->credential);
}

struct heimdal_context *heimdal_context_new(struct auth_exchange *x)
{
    struct heimdal_context *c = ARENA_NEW(x->arena, struct heimdal_context);

    c->context = GSS_C_NO_CONTEXT;
    c->credential = GSS_C_NO_CREDENTIAL;
    c->peer = GSS_C_NO_NAME;
    arena_defer(x->arena, release, c);
    return c;
}

struct str heimdal_take(struct auth_exchange *x, gss_buffer_desc *buffer)
{
    struct str value = str_copy_n(x->arena, buffer->length > 0 ? buffer->value : "", buffer->length, true);
    OM_uint32 minor;

    gss_release_buffer(&minor, buffer);
    return value;
}

static void add_status(struct auth_exchange *x, struct buffer *text, OM_uint32 code, int type)
{
    OM_uint32 more = 0, minor;
    gss_buffer_desc line = GSS_C_EMPTY_BUFFER;

    if (gss_display_status(&minor, code, type, GSS_C_NO_OID, &more, &line) != GSS_S_COMPLETE)
        return;
    buffer_add_cstr(text, ": ");
    buffer_add(text, heimdal_take(x, &line));
}

enum auth_verdict heimdal_trouble(struct auth_exchange *x, enum auth_verdict verdict, const char *what, OM_uint32 major,
                                  OM_uint32 minor)
{
    struct buffer text = BUFFER_IN(x->arena);

    buffer_add_cstr(&text, what);
    add_status(x, &text, major, GSS_C_GSS_CODE);
    if (minor != 0)
        add_status(x, &text, minor, GSS_C_MECH_CODE);
    x->message = buffer_str(&text);
    x->host->debug(x, "gssapi: %.*s\n", STR_ARG(x->message));
    return verdict;
}

gss_OID_set heimdal_mechanisms(void)
{
    static gss_OID_set_desc kerberos = {.count = 1};

    kerberos.elements = GSS_KRB5_MECHANISM;
    return &kerberos;
}

bool heimdal_import_service(struct auth_exchange *x, struct str service, struct str host, gss_name_t *name)
{
    struct str text = str_join3(x->arena, service, STR("@"), host);
    gss_buffer_desc buffer = {.length = text.n, .value = (void *)text.s};
    OM_uint32 minor, major = gss_import_name(&minor, &buffer, GSS_C_NT_HOSTBASED_SERVICE, name);

    if (major == GSS_S_COMPLETE)
        return true;
    heimdal_trouble(x, AUTH_DEFER, "gss_import_name", major, minor);
    return false;
}

bool heimdal_wrap(struct auth_exchange *x, gss_ctx_id_t context, struct str data, struct str *token)
{
    gss_buffer_desc in = {.length = data.n, .value = (void *)data.s}, out = GSS_C_EMPTY_BUFFER;
    OM_uint32 minor, major = gss_wrap(&minor, context, 0, GSS_C_QOP_DEFAULT, &in, NULL, &out);

    if (major != GSS_S_COMPLETE) {
        heimdal_trouble(x, AUTH_DEFER, "gss_wrap", major, minor);
        return false;
    }
    *token = heimdal_take(x, &out);
    return true;
}

bool heimdal_unwrap(struct auth_exchange *x, gss_ctx_id_t context, struct str token, struct str *data)
{
    gss_buffer_desc in = {.length = token.n, .value = (void *)token.s}, out = GSS_C_EMPTY_BUFFER;
    OM_uint32 minor, major = gss_unwrap(&minor, context, &in, &out, NULL, NULL);

    if (major != GSS_S_COMPLETE) {
        heimdal_trouble(x, AUTH_FAIL, "gss_unwrap", major, minor);
        return false;
    }
    *data = heimdal_take(x, &out);
    return true;
}

static void version_report(struct buffer *out)
{
    buffer_printf(out, "Library version: Heimdal: Runtime: %s\n", heimdal_version);
}

extern const struct auth_driver auth_driver_heimdal_gssapi;
const struct auth_driver auth_driver_heimdal_gssapi = {
    .info = {.name = "heimdal_gssapi",
             .options = options,
             .option_count = sizeof options / sizeof *options,
             .config_size = sizeof(struct heimdal_config)},
    .init = init,
    .server = heimdal_server,
    .client = heimdal_client,
    .version_report = version_report,
};
AUTH_DRIVER_EXPORT(auth_driver_heimdal_gssapi)
