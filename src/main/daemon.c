/* The daemon's master: binds the ports, forks workers ahead of need, reads the configuration again on
 * SIGHUP without disturbing sessions, ends on SIGTERM. It never talks to a peer. */
#include "main/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "main/deliveries.h"
#include "main/logging.h"
#include "main/mail_table.h"
#include "main/privileges.h"
#include "main/queue_runs.h"
#include "main/tls_watch.h"
#include "main/worker.h"
#include "queue/fork.h"
#include "smtp/etrn_lock.h"

#include "build_config.h"

enum { PLACES = 8192 /* workers there can ever be; untouched places cost no memory */ };

struct daemon {
    struct program **program;
    struct smtp_settings *smtp;
    struct listeners listeners; /* in the program's arena */
    struct scoreboard *board;
    unsigned generation;
    int signal_fd, wake_fd;
    struct tls_watch tls;
    int deliveries[2]; /* a pipe: see deliveries.h */
    struct queue_runs runs;
    struct str pid_file; /* in the arena of its own: outlives configurations */
    struct arena *arena;
    bool stopping;
    int failures; /* workers that could not start, in a row */
};

static struct str text_of(const char *s)
{
    return s ? str_of(s) : STR_NULL;
}

static bool plan(struct daemon *d, struct program *program, struct listeners *listeners, struct error *err)
{
    const struct main_options *options = &program->config->main;
    struct listen_request request = {
        .interfaces = options->local_interfaces,
        .ports = options->daemon_smtp_ports,
        .override = text_of(program->cl->listen),
        .disable_ipv6 = options->disable_ipv6,
        .tls_on_connect_ports = options->tls_on_connect_ports,
        .tls_on_connect = program->cl->tls_on_connect,
    };

    (void)d;
    if (program->cl->no_listening)
        return true;
    return listen_plan(program->arena, &request, listeners, err);
}

/* Opens one socket, waiting as daemon_startup_retries and _sleep say while its address is not there or in
 * use. Of a pair of wildcards one may fail: a host without IPv6 still listens. */
static bool open_one(const struct main_options *options, struct listener *listener, struct error *err)
{
    int tries = options->daemon_startup_retries;
    bool transient;

    while (!listen_open(listener, options->smtp_connect_backlog, &transient, err)) {
        if (!transient || tries <= 0)
            return false;
        log_write(LOG_MAIN, "%.*s: waiting %ds before trying again (%d more tr%s)", STR_ARG(err->text),
                  options->daemon_startup_sleep, tries, tries > 1 ? "ies" : "y");
        tries--;
        sleep((unsigned)options->daemon_startup_sleep);
    }
    return true;
}

/* Takes over sockets that are open already, opens the others. */
static bool open_all(struct program *program, const struct listeners *old, struct listeners *listeners,
                     struct error *err)
{
    size_t open = 0;

    for (size_t i = 0; i < listeners->n; i++) {
        struct listener *l = &listeners->v[i];

        for (size_t j = 0; j < old->n && l->fd < 0; j++)
            if (old->v[j].port == l->port && ip_equal(&old->v[j].ip, &l->ip))
                l->fd = old->v[j].fd;
        if (l->fd >= 0 || open_one(&program->config->main, l, err))
            listeners->v[open++] = *l;
        else if (errno != EAFNOSUPPORT)
            return false;
    }
    listeners->n = open;
    return open > 0 || program->cl->no_listening;
}

static bool contains(const struct listeners *listeners, int fd)
{
    for (size_t i = 0; i < listeners->n; i++)
        if (listeners->v[i].fd == fd)
            return true;
    return false;
}

static void log_started(const struct daemon *d)
{
    struct arena *arena = arena_new(ARENA_PLAIN);
    const struct command_line *cl = (*d->program)->cl;
    struct str runs = STR("no queue runs"), listening = STR("not listening for SMTP");

    if (d->runs.interval > 0)
        runs = str_printf(arena, "-q%s", cl->queue_run);
    if (!cl->no_listening)
        listening = str_join(arena, STR("listening "), listen_describe(arena, &d->listeners));
    log_write(LOG_MAIN, "exim %.*s daemon started: pid=%d, %.*s, %.*s",
              STR_ARG((*d->program)->process.version_number), (int)getpid(), STR_ARG(runs), STR_ARG(listening));
    arena_free(arena);
}

/* The parent leaves when the daemon closes *ready_fd, so that whoever started it finds the pid file and can
 * connect at once. True: this is the daemon. */
static bool go_to_background(int *ready_fd)
{
    int ends[2];
    char none;
    pid_t pid = pipe2(ends, O_CLOEXEC) == 0 ? fork() : -1;

    if (pid < 0) {
        fprintf(stderr, "exim: cannot go into the background: %s\n", strerror(errno));
        return false;
    }
    if (pid > 0) {
        close(ends[1]);
        while (read(ends[0], &none, 1) < 0 && errno == EINTR)
            continue;
        close(ends[0]);
        return false;
    }
    close(ends[0]);
    *ready_fd = ends[1];
    setsid();
    for (int fd = 0; fd <= 2; fd++) {
        int null = open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY);

        if (null >= 0 && null != fd) {
            dup2(null, fd);
            close(null);
        }
    }
    return true;
}

/* -oX without -oP: some other daemon may own the usual file. */
static struct str pid_file_name(struct arena *arena, const struct program *program)
{
    if (program->cl->pid_file)
        return str_copy(arena, str_of(program->cl->pid_file));
    if (program->cl->listen || program->cl->no_listening)
        return STR_NULL;
    if (!str_is_empty(program->config->main.pid_file_path))
        return str_copy(arena, program->config->main.pid_file_path);
    return str_join(arena, program->config->main.spool_directory, STR("/exim-daemon.pid"));
}

static void write_pid_file(const struct daemon *d)
{
    FILE *file;

    if (str_is_null(d->pid_file))
        return;
    file = fopen(d->pid_file.s, "we");
    if (!file) {
        log_write(LOG_MAIN | LOG_PANIC, "failed to open pid file %.*s: %s", STR_ARG(d->pid_file), strerror(errno));
        return;
    }
    fprintf(file, "%d\n", (int)getpid());
    fclose(file);
}

/* How many workers there may be: one for each connection allowed, and the idle ones behind them that tell
 * those above the limit so. */
static size_t most_workers(const struct daemon *d)
{
    size_t max = (size_t)(*d->program)->config->main.smtp_accept_max;
    size_t spare = worker_spare(*d->program);

    return max > 0 && max + spare < PLACES ? max + spare : PLACES;
}

/* In a subprocess. */
static void choose_debugging(const struct program *program)
{
    if (program->cl->debug_daemon_alone)
        debug_select_none();
}

static void run_worker(struct daemon *d, int place)
{
    struct worker_setup setup = {
        .program = *d->program,
        .smtp = d->smtp,
        .listeners = &d->listeners,
        .board = d->board,
        .generation = d->generation,
        .wake_fd = d->wake_fd,
    };
    int code;

    close(d->signal_fd);
    choose_debugging(*d->program);
    code = worker_run(&setup, place);
    log_close();
    _exit(code);
}

static void fork_workers(struct daemon *d)
{
    size_t spare = worker_spare(*d->program);

    smtp_settings_turn_keys(d->smtp);

    while (!d->stopping && d->listeners.n > 0 && scoreboard_idle(d->board, d->generation) < spare &&
           scoreboard_workers(d->board) < most_workers(d)) {
        int place = scoreboard_reserve(d->board, d->generation);
        pid_t pid;

        if (place < 0)
            return;
        pid = queue_fork((*d->program)->process.hints);
        if (pid == 0)
            run_worker(d, place);
        if (pid < 0) {
            log_write(LOG_MAIN | LOG_PANIC, "daemon: fork of a worker failed: %s", strerror(errno));
            scoreboard_assign(d->board, place, -1);
            scoreboard_release(d->board, -1);
            return;
        }
        scoreboard_assign(d->board, place, pid);
    }
}

/* A worker that cannot even start would be forked again and again: that ends the daemon. */
static void reap(struct daemon *d)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (queue_runs_ended(&d->runs, pid) || scoreboard_release(d->board, pid) < 0)
            continue;
        if (WIFSIGNALED(status))
            log_write(LOG_MAIN | LOG_PANIC, "worker %d died of signal %d", (int)pid, WTERMSIG(status));
        d->failures = WIFEXITED(status) && WEXITSTATUS(status) != 0 ? d->failures + 1 : 0;
        if (d->failures > 10) {
            log_write(LOG_MAIN | LOG_PANIC, "workers cannot start: daemon abandoned");
            d->stopping = true;
        }
    }
}

static void terminate(void *ctx, pid_t pid)
{
    (void)ctx;
    kill(pid, SIGTERM);
}

static struct smtp_settings *settings_of(const struct daemon *d, struct program *program)
{
    struct smtp_settings *settings =
        smtp_settings_new(program->arena, program->config, program->acls, &program->process);

    program->delivery_fd = d->deliveries[1];
    settings->mail = mail_table_new(program);
    return settings;
}

/* SIGHUP: everything is made ready beside what is in use; only then do new workers take over, while the
 * old ones finish their sessions. */
static void reload(struct daemon *d)
{
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct error err = ERROR_IN(arena);
    struct program *old = *d->program, *fresh;
    struct listeners listeners = {NULL, 0};

    log_write(LOG_MAIN, "pid %d: SIGHUP received: re-exec daemon", (int)getpid());
    fresh = program_load(old->cl, NULL, &err);
    if (fresh && plan(d, fresh, &listeners, &err) && open_all(fresh, &d->listeners, &listeners, &err) &&
        logging_begin(fresh->config, LOGGING_FILES, &err)) {
        scoreboard_each(d->board, terminate, NULL);
        for (size_t i = 0; i < d->listeners.n; i++)
            if (!contains(&listeners, d->listeners.v[i].fd))
                close(d->listeners.v[i].fd);
        fresh->caller_login = str_copy(fresh->arena, old->caller_login);
        fresh->caller_name = str_copy(fresh->arena, old->caller_name);
        *d->program = fresh;
        d->smtp = settings_of(d, fresh);
        d->listeners = listeners;
        d->generation++;
        program_free(old);
        tls_watch_end(&d->tls);
        tls_watch_begin(&d->tls, d->smtp);
        log_started(d);
    } else {
        log_write_lines(LOG_MAIN | LOG_PANIC, config_error_text(arena, &err));
        log_write(LOG_MAIN | LOG_PANIC, "the daemon goes on with the configuration that it had");
        for (size_t i = 0; i < listeners.n; i++)
            if (listeners.v[i].fd >= 0 && !contains(&d->listeners, listeners.v[i].fd))
                close(listeners.v[i].fd);
        program_free(fresh);
    }
    arena_free(arena);
}

static void handle_signal(struct daemon *d)
{
    struct signalfd_siginfo info;

    if (read(d->signal_fd, &info, sizeof info) != sizeof info)
        return;
    switch (info.ssi_signo) {
    case SIGCHLD:
        reap(d);
        break;
    case SIGHUP:
        reload(d);
        break;
    case SIGTERM:
    case SIGINT:
        d->stopping = true;
        break;
    default:
        break;
    }
}

/* New workers take over with the new certificates; the old ones finish their sessions. The log tells of it only when no
 * old one can take another connection. */
static void reload_certificates(struct daemon *d)
{
    if (!tls_watch_reload(&d->tls, d->smtp))
        return;
    scoreboard_each(d->board, terminate, NULL);
    d->generation++;
    log_write(LOG_MAIN, "TLS: certificates have changed and were read again");
}

/* A process that has nothing of the daemon but its configuration. Returns what fork() does. */
static pid_t fork_off(struct daemon *d)
{
    static const int by_default[] = {SIGHUP, SIGINT, SIGTERM, SIGCHLD};
    sigset_t none;
    pid_t pid = queue_fork((*d->program)->process.hints);

    if (pid < 0)
        log_write(LOG_MAIN | LOG_PANIC, "daemon: fork failed: %s", strerror(errno));
    if (pid != 0)
        return pid;
    for (size_t i = 0; i < d->listeners.n; i++)
        close(d->listeners.v[i].fd);
    close(d->signal_fd);
    close(d->wake_fd);
    close(d->deliveries[0]);
    close(d->deliveries[1]);
    (*d->program)->delivery_fd = -1;
    for (size_t i = 0; i < sizeof by_default / sizeof *by_default; i++)
        signal(by_default[i], SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    choose_debugging(*d->program);
    return 0;
}

/* A worker has taken a message over. */
static void start_delivery(void *ctx, const struct delivery_request *request)
{
    struct daemon *d = ctx;
    struct queue queue;

    if (fork_off(d) != 0)
        return;
    queue = queue_of(*d->program);
    queue_deliver(&queue, request);
    log_close();
    _exit(0);
}

/* In a process of its own. */
static _Noreturn void run_queue(struct daemon *d, const struct queue_run *run)
{
    struct queue queue = queue_of(*d->program);

    if (privileges_of_delivery(&(*d->program)->process, &(*d->program)->config->main))
        queue_run(&queue, run);
    log_close();
    _exit(0);
}

/* ETRN asks for it. The lock is free again when the process is gone. */
static void start_etrn_run(void *ctx, struct str argument, bool serialize)
{
    struct daemon *d = ctx;
    struct str spool = (*d->program)->process.spool_directory;

    if (fork_off(d) != 0)
        return;
    if (serialize && etrn_lock(spool, argument, true) < 0) {
        log_write(LOG_MAIN | LOG_PANIC, "failed to lock ETRN in %.*s/db: %s", STR_ARG(spool), strerror(errno));
        _exit(1);
    }
    run_queue(d, &(struct queue_run){.recipient = etrn_text(argument)});
}

static void start_queue_run(struct daemon *d)
{
    pid_t pid;

    if (!queue_runs_due(&d->runs, *d->program))
        return;
    pid = fork_off(d);
    if (pid == 0)
        run_queue(d, &d->runs.run);
    queue_runs_started(&d->runs, pid);
}

static void loop(struct daemon *d)
{
    const struct delivery_starter starter = {.deliver = start_delivery, .run = start_etrn_run, .ctx = d};

    while (!d->stopping) {
        struct pollfd fds[] = {{.fd = d->signal_fd, .events = POLLIN},
                               {.fd = d->wake_fd, .events = POLLIN},
                               {.fd = d->tls.fd, .events = POLLIN},
                               {.fd = d->deliveries[0], .events = POLLIN}};
        uint64_t count;

        fork_workers(d);
        start_queue_run(d);
        if (poll(fds, sizeof fds / sizeof *fds, deadline_left_ms(d->tls.due < d->runs.due ? d->tls.due : d->runs.due)) < 0)
            continue;
        if (fds[2].revents)
            tls_watch_notice(&d->tls);
        reload_certificates(d);
        if (fds[1].revents && read(d->wake_fd, &count, sizeof count) < 0)
            debug(DEBUG_interface, "wake: %s\n", strerror(errno));
        if (fds[3].revents)
            deliveries_read(d->deliveries[0], &starter);
        if (fds[0].revents)
            handle_signal(d);
    }
    scoreboard_each(d->board, terminate, NULL);
    if (!str_is_null(d->pid_file))
        unlink(d->pid_file.s);
}

static bool prepare_signals(struct daemon *d)
{
    static const int numbers[] = {SIGCHLD, SIGHUP, SIGTERM, SIGINT};
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sigaddset(&set, numbers[i]);
    sigprocmask(SIG_BLOCK, &set, NULL);
    d->signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
    d->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return d->signal_fd >= 0 && d->wake_fd >= 0;
}

/* As Exim does: who has not thought of certificates may want to. */
static void warn_of_no_certificate(const struct daemon *d)
{
    if (smtp_settings_offer_tls(d->smtp) && !(*d->program)->config->main.tls_certificate)
        log_write_lines(LOG_MAIN, STR("Warning: No server certificate defined; will use a selfsigned one.\n Suggested "
                                      "action: either install a certificate or change tls_advertise_hosts option"));
}

int daemon_mode(struct program **program)
{
    struct daemon d = {.program = program, .arena = arena_new(ARENA_PLAIN)};
    struct error err = ERROR_IN(d.arena);
    static const struct listeners none;
    int ready_fd = -1;
    bool background = !(*program)->cl->foreground && !debug_any() && !(*program)->cl->verbose;

    if ((*program)->config->main.mua_wrapper) {
        log_write(LOG_MAIN | LOG_PANIC, "Daemon cannot be run when mua_wrapper is set");
        arena_free(d.arena);
        return 1;
    }
    if (!queue_runs_init(&d.runs, (*program)->cl)) {
        fprintf(stderr, "exim abandoned: unknown, malformed, or incomplete option -q%s\n", (*program)->cl->queue_run);
        arena_free(d.arena);
        return 1;
    }
    if (!plan(&d, *program, &d.listeners, &err)) {
        log_write_lines(LOG_PANIC, str_join(d.arena, STR("Exim configuration error:\n  "), err.text));
        arena_free(d.arena);
        return 1;
    }
    if (!open_all(*program, &none, &d.listeners, &err)) {
        log_write(LOG_MAIN | LOG_PANIC, "%.*s: daemon abandoned", STR_ARG(err.text));
        arena_free(d.arena);
        return 1;
    }
    if (!deliveries_open(d.deliveries)) {
        log_write(LOG_MAIN | LOG_PANIC, "daemon cannot start: %s", strerror(errno));
        arena_free(d.arena);
        return 1;
    }
    d.smtp = settings_of(&d, *program);
    d.board = scoreboard_new(PLACES);
    d.pid_file = pid_file_name(d.arena, *program);
    if (background && !go_to_background(&ready_fd)) {
        arena_free(d.arena);
        return 0;
    }
    warn_of_no_certificate(&d);
    tls_watch_begin(&d.tls, d.smtp);
    if (!d.board || !prepare_signals(&d)) {
        log_write(LOG_MAIN | LOG_PANIC, "daemon cannot start: %s", strerror(errno));
        arena_free(d.arena);
        return 1;
    }
    write_pid_file(&d);
    log_started(&d);
    if (ready_fd >= 0)
        close(ready_fd);
    loop(&d);
    scoreboard_free(d.board);
    arena_free(d.arena);
    return 0;
}
