/* A worker: waits for connections together with the others, serves one at a time, and leaves behind
 * nothing that the next one could see: the session's memory is reset in between. */
#include "main/worker.h"

#include <errno.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/log.h"
#include "expand/expand.h"
#include "main/privileges.h"

/* SIGTERM asks a worker to finish: it stops listening at once, so that the address is free for a new daemon,
 * and ends when its session has ended. A signal handler has nothing but globals to work with. */
static volatile sig_atomic_t stopping;
static const struct listeners *stop_listening_to;
static int stop_fd = -1; /* an eventfd: wakes the worker however the signal and its waiting meet */

static void on_sigterm(int signal_number)
{
    static const uint64_t one = 1;
    int error = errno;

    (void)signal_number;
    if (stopping)
        return;
    stopping = 1;
    if (write(stop_fd, &one, sizeof one) < 0)
        _exit(1);
    for (size_t i = 0; i < stop_listening_to->n; i++)
        close(stop_listening_to->v[i].fd);
    errno = error;
}

/* SIGTERM stays blocked until let_signals_in(). */
static void handle_signals(const struct listeners *listeners)
{
    static const int by_default[] = {SIGHUP, SIGINT, SIGCHLD, SIGUSR1, SIGALRM};
    struct sigaction action = {.sa_handler = on_sigterm};

    stop_listening_to = listeners;
    for (size_t i = 0; i < sizeof by_default / sizeof *by_default; i++)
        signal(by_default[i], SIG_DFL);
    sigaction(SIGTERM, &action, NULL);
}

/* Not before all is set up: the handler closes descriptors, and what is opened after it, as if it were a listener,
 * would have the number of one. */
static void let_signals_in(void)
{
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

size_t worker_spare(const struct program *program)
{
    int spare = program->config->main.daemon_spare_workers;

    return spare > 0 ? (size_t)spare : 1;
}

/* EPOLLEXCLUSIVE: one connection wakes one worker. */
static int watch(const struct listeners *listeners)
{
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event stop = {.events = EPOLLIN, .data.fd = stop_fd};

    if (epoll >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, stop_fd, &stop) != 0) {
        close(epoll);
        return -1;
    }
    for (size_t i = 0; epoll >= 0 && i < listeners->n; i++) {
        struct epoll_event event = {.events = EPOLLIN | EPOLLEXCLUSIVE, .data.fd = listeners->v[i].fd};

        if (epoll_ctl(epoll, EPOLL_CTL_ADD, listeners->v[i].fd, &event) != 0) {
            close(epoll);
            return -1;
        }
    }
    return epoll;
}

/* What is known of one accepted connection. */
struct accepted {
    int fd;
    struct ip peer;
    size_t connections; /* now, this one included */
    struct smtp_peer smtp;
};

static bool describe(struct arena *arena, struct accepted *a, const struct sockaddr_storage *peer)
{
    struct sockaddr_storage own;
    socklen_t length = sizeof own;
    struct ip own_ip;

    if (getsockname(a->fd, (struct sockaddr *)&own, &length) != 0 ||
        !ip_of_socket(peer, &a->peer, &a->smtp.host_port) || !ip_of_socket(&own, &own_ip, &a->smtp.interface_port))
        return false;
    a->smtp.host_address = ip_format(arena, &a->peer);
    a->smtp.interface_address = ip_format(arena, &own_ip);
    return true;
}

/* The limit on connections from one address is expanded for each (manual, 14: smtp_accept_max_per_host). */
static int max_per_host(const struct worker_setup *setup, struct arena *arena, const struct accepted *a)
{
    struct scope_connection connection = {.host_address = a->smtp.host_address,
                                          .host_port = a->smtp.host_port,
                                          .interface_address = a->smtp.interface_address,
                                          .interface_port = a->smtp.interface_port,
                                          .connection_count = (int)a->connections};
    struct scope scope = {.arena = arena,
                          .services = setup->smtp->services,
                          .lists = setup->program->config->lists,
                          .process = &setup->program->process,
                          .connection = &connection};
    struct error err = ERROR_IN(arena);
    struct str text;
    int limit = 0;

    if (!setup->program->config->main.smtp_accept_max_per_host)
        return 0;
    switch (expand(&scope, setup->program->config->main.smtp_accept_max_per_host, arena, &text, &err)) {
    case EXPAND_OK:
        for (size_t i = 0; i < text.n; i++) {
            if (text.s[i] < '0' || text.s[i] > '9' || limit > 1000000) {
                log_write(LOG_MAIN | LOG_PANIC, "expansion of smtp_accept_max_per_host for [%.*s] contains non-digit: %.*s",
                          STR_ARG(a->smtp.host_address), STR_ARG(text));
                return 0;
            }
            limit = limit * 10 + text.s[i] - '0';
        }
        return limit;
    case EXPAND_FORCED:
        return 0;
    case EXPAND_FAILED:
    case EXPAND_DEFER:
        break;
    }
    log_write(LOG_MAIN | LOG_PANIC, "expansion of smtp_accept_max_per_host failed for [%.*s]: %.*s",
              STR_ARG(a->smtp.host_address), STR_ARG(err.text));
    return 0;
}

/* Too many connections: the reply, and why for the log; NULL: welcome. */
static const char *too_many(const struct worker_setup *setup, struct arena *arena, const struct accepted *a,
                            const char **why)
{
    int max = setup->program->config->main.smtp_accept_max;
    int per_host;

    if (max > 0 && a->connections > (size_t)max) {
        *why = "too many connections";
        return "421 Too many concurrent SMTP connections; please try again later.\r\n";
    }
    per_host = max_per_host(setup, arena, a);
    if (per_host > 0 && scoreboard_connections_from(setup->board, &a->peer) > (size_t)per_host) {
        *why = "too many connections from that IP address";
        return "421 Too many concurrent SMTP connections from this IP address; please try again later.\r\n";
    }
    return NULL;
}

/* The reply is worth one try; then the peer's input is let in so that the close does not reset it away. */
static void refuse(const struct accepted *a, const char *reply, const char *why)
{
    char rest[512];

    if (log_selected(LOG_SEL_connection_reject))
        log_write(LOG_MAIN, "Connection from [%.*s] refused: %s", STR_ARG(a->smtp.host_address), why);
    if (send(a->fd, reply, strlen(reply), MSG_NOSIGNAL | MSG_DONTWAIT) > 0) {
        shutdown(a->fd, SHUT_WR);
        while (recv(a->fd, rest, sizeof rest, MSG_DONTWAIT) > 0)
            continue;
    }
}

static void set_socket_options(const struct main_options *options, int fd)
{
    int on = 1;

    if (options->tcp_nodelay)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (options->smtp_accept_keepalive)
        setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

static void serve(const struct worker_setup *setup, struct arena *arena, struct accepted *a)
{
    const char *why = NULL, *reply = too_many(setup, arena, a, &why);

    if (reply) {
        refuse(a, reply, why);
        return;
    }
    set_socket_options(&setup->program->config->main, a->fd);
    a->smtp.mode = SMTP_NETWORK;
    a->smtp.in_fd = a->smtp.out_fd = a->fd;
    a->smtp.connection_count = (int)a->connections;
    smtp_session_run(setup->smtp, &a->smtp);
}

static bool begins_with_tls(const struct listeners *listeners, int fd)
{
    for (size_t i = 0; i < listeners->n; i++)
        if (listeners->v[i].fd == fd)
            return listeners->v[i].tls;
    return false;
}

/* Takes a connection if it is still there (another worker may have been faster). */
static bool accept_one(const struct worker_setup *setup, struct arena *arena, int place, int listener)
{
    struct sockaddr_storage peer;
    socklen_t length = sizeof peer;
    struct accepted a = {.fd = accept4(listener, (struct sockaddr *)&peer, &length, SOCK_CLOEXEC | SOCK_NONBLOCK)};

    if (a.fd < 0)
        return false;
    if (describe(arena, &a, &peer)) {
        uint64_t one = 1;

        a.smtp.tls_on_connect = begins_with_tls(setup->listeners, listener);
        a.connections = scoreboard_busy(setup->board, place, &a.peer);
        if (scoreboard_idle(setup->board, setup->generation) < worker_spare(setup->program) &&
            write(setup->wake_fd, &one, sizeof one) < 0)
            debug(DEBUG_interface, "waking the master: %s\n", strerror(errno));
        serve(setup, arena, &a);
        scoreboard_done(setup->board, place);
    }
    close(a.fd);
    arena_reset(arena);
    return true;
}

/* Whether this worker has done enough, or is one too many. */
static bool retire(const struct worker_setup *setup, int served)
{
    int limit = setup->program->config->main.daemon_worker_connections;

    if (limit > 0 && served >= limit)
        return true;
    return scoreboard_idle(setup->board, setup->generation) > 2 * worker_spare(setup->program) + 1;
}

int worker_run(const struct worker_setup *setup, int place)
{
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct error err = ERROR_IN(arena);
    int epoll = -1, served = 0, code = 1;

    stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    handle_signals(setup->listeners);
    if (stop_fd >= 0 && privileges_drop(&setup->program->process, &err) && (epoll = watch(setup->listeners)) >= 0) {
        let_signals_in();
        code = 0;
        while (!stopping) {
            struct epoll_event event;

            if (epoll_wait(epoll, &event, 1, -1) == 1 && event.data.fd != stop_fd && accept_one(setup, arena, place, event.data.fd) &&
                retire(setup, ++served))
                break;
        }
    } else {
        log_write(LOG_MAIN | LOG_PANIC, "worker cannot start: %s",
                  str_is_null(err.text) ? strerror(errno) : err.text.s);
    }
    if (epoll >= 0)
        close(epoll);
    arena_free(arena);
    return code;
}
