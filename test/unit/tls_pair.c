/* Two ends of a TLS connection: see tls_pair.h. */
#include "tls_pair.h"

#include <sys/socket.h>
#include <unistd.h>

#include "testing.h"

struct tls_server_settings tls_pair_server_settings(void)
{
    return (struct tls_server_settings){
        .openssl_options = STR("+no_sslv3 +no_ticket +no_renegotiation"),
        .dh_max_bits = 2236,
        .eccurve = STR("auto"),
        .alpn = STR("smtp : esmtp"),
        .host_name = STR("mail.test"),
    };
}

void tls_pair_serve(struct tls_pair *pair, const struct tls_server_settings *settings)
{
    struct error err = ERROR_IN(pair->arena);

    tls_context_free(pair->server_context);
    pair->server_context = tls_server_context_new(settings, &err);
    if (pair->server_context == NULL)
        fail_msg("server context: %.*s", STR_ARG(err.text));
}

void tls_pair_use(struct tls_pair *pair, const struct tls_client_settings *settings)
{
    struct error err = ERROR_IN(pair->arena);

    tls_context_free(pair->client_context);
    pair->client_context = tls_client_context_new(settings, &err);
    if (pair->client_context == NULL)
        fail_msg("client context: %.*s", STR_ARG(err.text));
}

void tls_pair_init(struct tls_pair *pair)
{
    struct tls_server_settings server = tls_pair_server_settings();
    struct tls_client_settings client = {.certificate = STR_NULL};

    *pair = (struct tls_pair){.arena = arena_new(ARENA_PLAIN), .server_arena = arena_new(ARENA_PLAIN), .fds = {-1, -1}};
    tls_pair_serve(pair, &server);
    tls_pair_use(pair, &client);
}

static void *serve(void *ctx)
{
    struct tls_pair *pair = ctx;

    pair->server_error = ERROR_IN(pair->server_arena);
    pair->server = tls_accept(pair->server_context, &pair->below[1].channel, &pair->server_request, deadline_in(10),
                              &pair->server_error);
    if (pair->server == NULL)
        shutdown(pair->fds[1], SHUT_RDWR);
    return NULL;
}

bool tls_pair_shake(struct tls_pair *pair)
{
    pthread_t thread;

    tls_pair_hang_up(pair);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair->fds), 0);
    for (int i = 0; i < 2; i++)
        fd_channel_init(&pair->below[i], pair->fds[i], pair->fds[i]);
    assert_int_equal(pthread_create(&thread, NULL, serve, pair), 0);
    pair->client_error = ERROR_IN(pair->arena);
    pair->client = tls_connect(pair->client_context, &pair->below[0].channel, &pair->client_request, deadline_in(10),
                               &pair->client_error);
    if (pair->client == NULL)
        shutdown(pair->fds[0], SHUT_RDWR);
    pthread_join(thread, NULL);
    return pair->server != NULL && pair->client != NULL;
}

void tls_pair_hang_up(struct tls_pair *pair)
{
    tls_close(pair->client, deadline_in(1));
    tls_close(pair->server, deadline_in(1));
    pair->client = pair->server = NULL;
    for (int i = 0; i < 2; i++) {
        if (pair->fds[i] >= 0)
            close(pair->fds[i]);
        pair->fds[i] = -1;
    }
}

void tls_pair_free(struct tls_pair *pair)
{
    tls_pair_hang_up(pair);
    tls_context_free(pair->server_context);
    tls_context_free(pair->client_context);
    arena_free(pair->arena);
    arena_free(pair->server_arena);
}
