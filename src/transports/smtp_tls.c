/* TLS as a client (manual, 43.10): what the options of the transport ask for, negotiated. */
#include <errno.h>

#include "base/clock.h"
#include "base/idna.h"
#include "base/log.h"
#include "base/print.h"
#include "config/config.h"
#include "mail/delivery_error.h"
#include "match/list.h"
#include "tls/tls.h"
#include "transports/event.h"
#include "transports/smtp_resume.h"

/* The failure that lets the caller try the same host in the clear. */
static bool tls_failed(struct remote *r, struct str why)
{
    client_fail(&r->client, DELIVERY_TLS_FAILED, "TLS session: %.*s", STR_ARG(why));
    r->client.failure.lost = true;
    r->client.failure.tls = true;
    r->quiet = true;
    return false;
}

static void log_verify_error(void *ctx, struct str text)
{
    const struct remote *r = ctx;

    log_write(LOG_MAIN, "[%.*s] %.*s", STR_ARG(r->host->address), STR_ARG(printable(r->arena, text)));
}

/* The event tls:cert: whatever event_action says refuses the certificate (manual, chapter 61). */
static struct str ask_event(void *ctx, int depth, struct str pem)
{
    struct remote *r = ctx;
    struct scope_tls shown = {.active = true, .peercert = pem};
    struct str said;

    r->scope->tls_out = &shown;
    said = transport_event(r->transport, r->scope, "tls:cert", str_printf(r->arena, "%d", depth), 0);
    r->scope->tls_out = NULL;
    return said;
}

static bool read_settings(struct remote *r, struct tls_client_settings *settings)
{
    const struct smtp_config *o = r->options;

    *settings = (struct tls_client_settings){.openssl_options = r->config->main.openssl_options};
    return remote_expand(r, o->tls_certificate, "tls_certificate", &settings->certificate) &&
           remote_expand(r, o->tls_privatekey, "tls_privatekey", &settings->privatekey) &&
           remote_expand(r, o->tls_verify_certificates, "tls_verify_certificates",
                         &settings->verify_certificates) &&
           remote_expand(r, o->tls_crl, "tls_crl", &settings->crl) &&
           remote_expand(r, o->tls_require_ciphers, "tls_require_ciphers", &settings->require_ciphers) &&
           remote_expand(r, o->tls_alpn, "tls_alpn", &settings->alpn);
}

/* Names in TLS are all ASCII (RFC 6066 section 3, RFC 6125). One that has no such form stays: no certificate has it. */
static struct str in_alabels(struct remote *r, struct str name)
{
    struct error err = ERROR_IN(r->arena);
    struct str converted;

    return !str_is_null(name) && idna_domain_to_alabel(r->arena, name, &converted, &err) ? converted : name;
}

/* How much the server's certificate matters. Without either list that is as if tls_verify_hosts had every host;
 * tls_try_verify_hosts is not empty by default. */
static bool read_request(struct remote *r, struct tls_client_request *request)
{
    const struct smtp_config *o = r->options;
    bool required = !o->tls_verify_hosts && !o->tls_try_verify_hosts;

    *request = (struct tls_client_request){
        .dh_min_bits = o->tls_dh_min_bits, .verify_error = log_verify_error, .refuse = ask_event, .ctx = r};
    if (!remote_expand(r, o->tls_sni, "tls_sni", &request->sni) ||
        (o->tls_verify_hosts && !remote_host_must(r, o->tls_verify_hosts, "tls_verify_hosts", &required)) ||
        !remote_host_must(r, o->hosts_require_ocsp, "hosts_require_ocsp", &request->require_ocsp) ||
        !remote_host_must(r, o->hosts_require_alpn, "hosts_require_alpn", &request->require_alpn))
        return false;
    if (required)
        request->verify = TLS_VERIFY_REQUIRED;
    else if (remote_host_in(r, o->tls_try_verify_hosts))
        request->verify = TLS_VERIFY_TRY;
    if (request->verify != TLS_VERIFY_NONE && remote_host_in(r, o->tls_verify_cert_hostnames))
        request->verify_name = in_alabels(r, str_is_null(r->host->certname) ? r->host->name : r->host->certname);
    request->sni = in_alabels(r, request->sni);
    request->request_ocsp = remote_host_in(r, o->hosts_request_ocsp);
    request->resumption = r->resumption = remote_host_in(r, o->tls_resumption_hosts);
    if (r->resumption)
        request->session = smtp_resume_session(r);
    return true;
}

static void keep_facts(struct remote *r)
{
    const struct tls_facts *facts = tls_facts(r->client.tls);

    r->tls = (struct scope_tls){
        .active = true,
        .cipher = str_copy(r->arena, facts->cipher),
        .cipher_std = str_copy(r->arena, facts->cipher_std),
        .ver = str_copy(r->arena, facts->version),
        .peerdn = str_copy(r->arena, facts->peer_dn),
        .sni = str_copy(r->arena, facts->sni),
        .bits = facts->bits,
        .certificate_verified = facts->certificate_verified,
        .verify_tried = facts->verify_tried,
        .peercert = str_copy(r->arena, facts->peer_certificate),
        .ourcert = str_copy(r->arena, facts->own_certificate),
        .ocsp = str_printf(r->arena, "%d", facts->ocsp),
        .resumption = str_printf(r->arena, "%d", facts->resumption),
    };
    r->scope->tls_out = &r->tls;
}

/* The command timeout covers the negotiation. */
bool remote_start_tls(struct remote *r)
{
    struct smtp_client *c = &r->client;
    struct error err = ERROR_IN(r->arena);
    struct tls_client_settings settings;
    struct tls_client_request request;
    struct tls_context *context;

    if (!read_settings(r, &settings) || !read_request(r, &request))
        return false;
    if (stream_input_ready(&c->stream) && !r->smtps)
        return tls_failed(r, STR("synch error before connect"));
    context = tls_client_context_new(&settings, &err);
    if (!context)
        return tls_failed(r, err.text);
    c->tls = tls_connect(context, &c->socket.channel, &request, deadline_in(c->command_timeout), &err);
    tls_context_free(context);
    if (!c->tls) {
        transport_event(r->transport, r->scope, "tls:fail:connect", err.text, 0);
        return tls_failed(r, err.text);
    }
    stream_switch(&c->stream, tls_channel(c->tls));
    keep_facts(r);
    return true;
}
