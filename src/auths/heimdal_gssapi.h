/* The heimdal_gssapi driver's two sides: what they share. Private to heimdal_gssapi*.c. */
#ifndef AUTHS_HEIMDAL_GSSAPI_H
#define AUTHS_HEIMDAL_GSSAPI_H

#include <gssapi/gssapi.h>

#include "auths/auth.h"

struct heimdal_config {
    const struct template *server_hostname, *server_keytab, *server_service;
    const struct template *client_authz, *client_hostname, *client_keytab, *client_principal, *client_service;
};

/* The security layers that RFC 4752, section 3.3 has a bit for; and what stands in front of the authorization id:
 * that octet, and the largest message in three more. */
enum { GSSAPI_NO_LAYER = 1, GSSAPI_LAYER_OCTETS = 4 };

/* A context and what belongs to it; goes with the exchange. */
struct heimdal_context {
    gss_ctx_id_t context;
    gss_cred_id_t credential;
    gss_name_t peer; /* of a server: who the client is; of a client: who the server has to be */
    bool established, layer_sent;
};
struct heimdal_context *heimdal_context_new(struct auth_exchange *x);

/* The name of a service on a host. False: x->message. */
bool heimdal_import_service(struct auth_exchange *x, struct str service, struct str host, gss_name_t *name);

/* x->message becomes "what: why", from the library's two codes. Returns the verdict that it was given. */
enum auth_verdict heimdal_trouble(struct auth_exchange *x, enum auth_verdict verdict, const char *what, OM_uint32 major,
                                  OM_uint32 minor);

/* Kerberos alone: the library would take SPNEGO and NTLM as well, which the SASL mechanism GSSAPI is not. */
gss_OID_set heimdal_mechanisms(void);

/* A buffer of the library's, copied into the arena and released. */
struct str heimdal_take(struct auth_exchange *x, gss_buffer_desc *buffer);

/* Wraps without encryption, and unwraps. False: x->message. */
bool heimdal_wrap(struct auth_exchange *x, gss_ctx_id_t context, struct str data, struct str *token);
bool heimdal_unwrap(struct auth_exchange *x, gss_ctx_id_t context, struct str token, struct str *data);

/* A credential for a client by a keytab, from the KDC; lives in memory. False: x->message. */
bool heimdal_credential_from_keytab(struct auth_exchange *x, struct str keytab, struct str principal,
                                    gss_cred_id_t *credential);

enum auth_verdict heimdal_server(struct auth_exchange *x);
enum auth_verdict heimdal_client(struct auth_exchange *x);

#endif
