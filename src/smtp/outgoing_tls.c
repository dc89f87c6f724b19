/* TLS over connections to services: see outgoing_tls.h. */
#include "smtp/outgoing_tls.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/ip.h"
#include "tls/tls.h"

enum { GOODBYE = 1 }; /* seconds that telling the service that nothing follows may take */

static void say_goodbye(void *p)
{
    tls_close(p, deadline_in(GOODBYE));
}

struct channel *smtp_outgoing_tls(struct arena *arena, struct channel *below, struct str host, int64_t deadline,
                                  struct error *err)
{
    const struct tls_client_settings settings = {.certificate = STR_NULL};
    struct tls_client_request request = {.sni = host, .verify = TLS_VERIFY_NONE, .verify_name = STR_NULL,
                                         .session = STR_NULL};
    struct tls_context *context = tls_client_context_new(&settings, err);
    struct tls_connection *connection;
    struct ip ip;

    if (!context)
        return NULL;
    if (ip_parse(host, &ip))
        request.sni = STR_NULL;
    connection = tls_connect(context, below, &request, deadline, err);
    tls_context_free(context); /* the connection keeps its own */
    if (!connection)
        return NULL;
    arena_defer(arena, say_goodbye, connection);
    return tls_channel(connection);
}
