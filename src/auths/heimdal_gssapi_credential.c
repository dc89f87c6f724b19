/* The heimdal_gssapi driver: a client's ticket, by the key in a keytab. */
#include <gssapi/gssapi_krb5.h>
#include <krb5.h>
#include <string.h>

#include "auths/heimdal_gssapi.h"

/* Everything that has to be given back. */
struct ticket {
    krb5_context context;
    krb5_keytab keytab;
    krb5_principal principal;
    krb5_ccache cache;
    krb5_creds creds;
};

static void give_back(struct ticket *t)
{
    if (t->cache)
        krb5_cc_destroy(t->context, t->cache);
    krb5_free_cred_contents(t->context, &t->creds);
    if (t->principal)
        krb5_free_principal(t->context, t->principal);
    if (t->keytab)
        krb5_kt_close(t->context, t->keytab);
    krb5_free_context(t->context);
}

static krb5_error_code fetch(struct ticket *t, struct str keytab, struct str principal)
{
    krb5_error_code code = krb5_kt_resolve(t->context, keytab.s, &t->keytab);

    if (code == 0)
        code = krb5_parse_name(t->context, principal.s, &t->principal);
    if (code == 0)
        code = krb5_get_init_creds_keytab(t->context, &t->creds, t->principal, t->keytab, 0, NULL, NULL);
    if (code == 0)
        code = krb5_cc_new_unique(t->context, "MEMORY", NULL, &t->cache);
    if (code == 0)
        code = krb5_cc_initialize(t->context, t->cache, t->principal);
    return code == 0 ? krb5_cc_store_cred(t->context, t->cache, &t->creds) : code;
}

/* Lets go of the cache without emptying it. */
static void release_cache(struct ticket *t)
{
    krb5_cc_close(t->context, t->cache);
    t->cache = NULL;
}

static void say(struct auth_exchange *x, const struct ticket *t, krb5_error_code code)
{
    const char *text = krb5_get_error_message(t->context, code);

    x->message = str_printf(x->arena, "no ticket: %s", text ? text : "unknown error");
    krb5_free_error_message(t->context, text);
}

bool heimdal_credential_from_keytab(struct auth_exchange *x, struct str keytab, struct str principal,
                                    gss_cred_id_t *credential)
{
    struct ticket t = {.context = NULL};
    krb5_error_code code;
    OM_uint32 major = GSS_S_FAILURE, minor = 0;

    if (krb5_init_context(&t.context) != 0) {
        x->message = STR("no ticket: Kerberos is not configured");
        return false;
    }
    code = fetch(&t, keytab, principal);
    if (code != 0)
        say(x, &t, code);
    else if ((major = gss_krb5_import_cred(&minor, t.cache, NULL, NULL, credential)) == GSS_S_COMPLETE)
        release_cache(&t); /* the credential holds it, too */
    else
        heimdal_trouble(x, AUTH_DEFER, "gss_krb5_import_cred", major, minor);
    give_back(&t);
    return major == GSS_S_COMPLETE;
}
