/* The dovecot driver between a client and a service that both say what they like. The service listens on a socket
 * as Dovecot's does. Nobody gets in unless it says OK, and of what the client says nothing reaches it but base64. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "auth_fuzzing.h"

#include "fuzz.h"

extern const struct auth_driver auth_driver_dovecot;

/* One connection: what the service says at once, and all that it hears. */
struct service {
    int listener;
    struct str text;
    char heard[65536];
    size_t n;
};

static struct sockaddr_un name = {.sun_family = AF_UNIX};
static int listener;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(name.sun_path, sizeof name.sun_path, "%s/socket", fuzz_place());
    if (listener < 0 || bind(listener, (const struct sockaddr *)&name, sizeof name) != 0 || listen(listener, 1) != 0)
        abort();
    return 0;
}

static void *serve(void *p)
{
    struct service *service = p;
    int fd = accept4(service->listener, NULL, NULL, SOCK_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : send(fd, service->text.s, service->text.n, MSG_NOSIGNAL);

    if (n >= 0)
        shutdown(fd, SHUT_WR);
    while (n >= 0 && (n = recv(fd, service->heard + service->n, sizeof service->heard - 1 - service->n, 0)) > 0)
        service->n += (size_t)n;
    close(fd);
    return NULL;
}

/* A line to the service ends in base64 where the client's words are in it, and one exchange is one request. */
static void check(struct service *service)
{
    static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
    unsigned requests = 0;
    char *rest = service->heard, *line;

    if (memchr(service->heard, '\0', service->n))
        abort();
    service->heard[service->n] = '\0';
    while ((line = strsep(&rest, "\n"))) {
        const char *resp = strstr(line, "\tresp=");

        if (strncmp(line, "AUTH\t1\tPLAIN\t", 13) == 0)
            requests++;
        else if (strncmp(line, "CONT\t1\t", 7) == 0)
            resp = line + 7 - 6;
        else if (*line && strncmp(line, "VERSION\t", 8) != 0 && strncmp(line, "CPID\t", 5) != 0)
            abort();
        if (resp && resp[6 + strspn(resp + 6, base64)] != '\0')
            abort();
    }
    if (requests > 1)
        abort();
}

static bool has(struct str text, const char *what)
{
    return text.n > 0 && memmem(text.s, text.n, what, strlen(what));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct service *service = calloc(1, sizeof *service);
    struct fuzz_input input = {data, size};
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct auth_instance auth;
    struct auth_exchange *x;
    enum auth_verdict verdict;
    struct str piece = STR_NULL;
    pthread_t thread;

    service->listener = listener;
    fuzz_next(&input, &service->text);
    fuzz_instance(arena, &auth, &auth_driver_dovecot, "PLAIN");
    fuzz_set_text(&auth, "server_socket", name.sun_path);
    if (!fuzz_init(arena, &auth) || pthread_create(&thread, NULL, serve, service) != 0)
        abort();
    x = auth_exchange_begin(&auth, AUTH_SERVER, &fuzz_host, NULL);
    fuzz_next(&input, &piece);
    verdict = auth_exchange_step(x, piece);
    while (verdict == AUTH_MORE && fuzz_next(&input, &piece))
        verdict = auth_exchange_step(x, piece);
    auth_exchange_end(x);
    pthread_join(thread, NULL);
    if (verdict == AUTH_OK && !(has(service->text, "OK\t1\t") && has(service->text, "user=")))
        abort();
    check(service);
    arena_free(arena);
    free(service);
    return 0;
}
