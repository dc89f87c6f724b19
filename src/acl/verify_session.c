/* verify = certificate and helo (manual, 44.26): what the session knows. */
#include "acl/verify.h"

enum acl_check acl_verify_certificate(struct acl_run *run, struct acl_verify *verify)
{
    const struct scope_connection *connection = run->context->scope->connection;

    (void)verify;
    if (connection != NULL && connection->tls_in.active && connection->tls_in.certificate_verified)
        return CHECK_TRUE;
    run->user_text = run->context->scope->acl->acl_verify_message = STR("no verified certificate");
    return CHECK_FALSE;
}

/* Input that does not come over TCP/IP needs no verification. */
enum acl_check acl_verify_helo(struct acl_run *run, struct acl_verify *verify)
{
    const struct acl_context *context = run->context;
    const struct scope_connection *connection = context->scope->connection;

    (void)verify;
    if (ACL_NON_SMTP & (UINT32_C(1) << context->where))
        return CHECK_FALSE; /* there is no HELO at all */
    if (connection == NULL || str_is_null(connection->host_address))
        return CHECK_TRUE;
    if (!connection->helo_verified && context->host->verify_helo != NULL)
        context->host->verify_helo(context->owner);
    return connection->helo_verified ? CHECK_TRUE : CHECK_FALSE;
}
