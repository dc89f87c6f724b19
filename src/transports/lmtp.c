/* The lmtp transport (manual, chapter 28): LMTP (RFC 2033) to a command's standard input and output, or to a UNIX
 * socket. What is said is as in the smtp transport; the process that runs this is the recipient's already. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "expand/expand.h"
#include "mail/delivery_error.h"
#include "transports/lmtp_options.h"
#include "transports/smtp_transaction.h"
#include "transports/write.h"

enum {
    CONNECTION_SECONDS = 5, /* for a server that is busy to take a connection */
    END_SECONDS = 5,        /* for a command to end when its input has */
};

/* One run. */
struct run {
    struct delivery *delivery;
    const struct lmtp_config *config;
    struct smtp_config options; /* as if of an smtp transport */
    struct remote remote;
    struct mail_host host;      /* stands for the other end */
    pid_t command;              /* 0: none */
};

static void set_all(struct delivery *d, enum mail_result result, int error, int more_error, struct str text)
{
    for (struct mail_recipient *r = d->recipients; r; r = r->next)
        if (r->result == MAIL_PENDING) {
            r->result = result;
            r->error = error;
            r->more_error = more_error;
            r->message = text;
        }
}

/* --- The other end */

/* Starts the command with a socket as its standard input and output. -1: err. */
static int start_command(struct run *run, struct error *err)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t all;
    int pair[2], failed;
    char **argv = transport_command(run->delivery, run->config->command, true, err);

    if (!argv)
        return -1;
    if (argv[0][0] != '/') {
        error_set(err, "\"%s\" is not an absolute path", argv[0]);
        return -1;
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        error_set(err, "socketpair() failed: %s", strerror(errno));
        return -1;
    }
    sigfillset(&all);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pair[1], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, pair[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    posix_spawnattr_setsigdefault(&attributes, &all);
    failed = posix_spawn(&run->command, argv[0], &actions, &attributes, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    close(pair[1]);
    if (!failed)
        return pair[0];
    close(pair[0]);
    run->command = 0;
    error_set(err, "failed to execute %s: %s", argv[0], strerror(failed));
    return -1;
}

/* Waits for the command, which knows that nothing more comes; one that does not end is made to. */
static void end_command(const struct run *run)
{
    static const struct timespec moment = {.tv_nsec = 10 * 1000 * 1000};
    int64_t deadline = deadline_in(END_SECONDS);

    if (run->command == 0)
        return;
    while (waitpid(run->command, NULL, WNOHANG) == 0) {
        if (deadline_left_ms(deadline) == 0) {
            kill(-run->command, SIGKILL);
            waitpid(run->command, NULL, 0);
            return;
        }
        nanosleep(&moment, NULL);
    }
}

static int connect_socket(struct run *run, struct error *err)
{
    struct delivery *d = run->delivery;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval patience = {.tv_sec = CONNECTION_SECONDS};
    struct error why = ERROR_IN(d->arena);
    struct str path;
    int fd;

    if (expand(d->scope, run->config->socket, d->arena, &path, &why) != EXPAND_OK) {
        error_set(err, "Expansion of \"%.*s\" (socket setting for %.*s transport) failed: %.*s",
                  STR_ARG(template_source(run->config->socket)), STR_ARG(d->transport->instance.name),
                  STR_ARG(why.text));
        return -1;
    }
    if (path.n >= sizeof address.sun_path || memchr(path.s, '\0', path.n)) {
        error_set(err, "socket name too long for %.*s transport", STR_ARG(d->transport->instance.name));
        return -1;
    }
    memcpy(address.sun_path, path.s, path.n);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0)
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience); /* connect() obeys it, too */
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    error_set(err, "Failed to connect to socket %.*s for %.*s transport: %s", STR_ARG(path),
              STR_ARG(d->transport->instance.name), strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

/* --- The session */

/* The other end says nothing about hosts: no list has it, and all the times are one. */
static void begin(struct run *run, struct delivery *d)
{
    const struct lmtp_config *config = d->transport->instance.config;

    *run = (struct run){
        .delivery = d,
        .config = config,
        .options = {.command_timeout = config->timeout,
                    .data_timeout = config->timeout,
                    .final_timeout = config->timeout,
                    .lmtp_ignore_quota = config->ignore_quota,
                    .size_addition = -1},
        .host = {.name = STR("local"), .mx = MAIL_NO_MX, .port = MAIL_NO_PORT},
    };
    run->remote = (struct remote){
        .config = d->config,
        .transport = d->transport,
        .options = &run->options,
        .scope = d->scope,
        .host = &run->host,
        .lmtp = true,
        .command_timeout = config->timeout,
        .arena = d->arena,
        .results = d->arena,
    };
}

static bool greet(struct run *run)
{
    struct smtp_client *c = &run->remote.client;
    struct str name = run->delivery->scope->process->primary_hostname;

    if (!client_expect(c, &(struct client_expect){.what = STR("initial connection"), .digit = '2'}) ||
        !client_command(c, str_printf(run->delivery->arena, "LHLO %.*s", STR_ARG(name)), '2'))
        return false;
    smtp_offer_parse(c->reply.text, &c->offer);
    c->offer.features &= SMTP_IGNOREQUOTA; /* it is not worth more */
    return true;
}

/* Those who have no answer of their own share what went wrong. */
static void share_failure(struct run *run)
{
    const struct client_failure *failure = &run->remote.client.failure;

    set_all(run->delivery, failure->permanent ? MAIL_FAIL : MAIL_DEFER,
            failure->error || failure->permanent ? failure->error : DELIVERY_UNKNOWN, failure->more_error, failure->text);
}

static void talk(struct run *run)
{
    struct delivery *d = run->delivery;
    struct transaction t = {.r = &run->remote, .delivery = d};
    bool reusable;

    gettimeofday(&t.started, NULL);
    for (struct mail_recipient *r = d->recipients; r; r = r->next)
        t.n++;
    t.recipients = ARENA_ARRAY(d->arena, struct mail_recipient *, t.n);
    t.n = 0;
    for (struct mail_recipient *r = d->recipients; r; r = r->next)
        t.recipients[t.n++] = r;
    if (!greet(run) || transaction_run(&t, &reusable) != TRANSACTION_DONE)
        share_failure(run);
    for (struct mail_recipient *r = d->recipients; r; r = r->next)
        r->host_used = NULL;
}

static void deliver(struct delivery *d)
{
    struct run run;
    struct error err = ERROR_IN(d->arena);
    int fd;

    begin(&run, d);
    for (struct mail_recipient *r = d->recipients; r; r = r->next)
        r->result = MAIL_PENDING;
    fd = run.config->socket ? connect_socket(&run, &err) : start_command(&run, &err);
    if (fd < 0) {
        set_all(d, MAIL_DEFER, DELIVERY_UNKNOWN, 0, err.text);
        return;
    }
    client_begin(&run.remote.client, d->arena, fd, -1, run.config->timeout);
    run.remote.client.texts = &lmtp_texts;
    talk(&run);
    if (run.remote.client.failure.lost)
        client_end(&run.remote.client);
    else
        client_quit(&run.remote.client);
    end_command(&run);
}

static bool init(struct transport_instance *transport, struct error *err)
{
    const struct lmtp_config *config = transport->instance.config;

    return str_is_empty(config->command) != !config->socket ||
           error_set(err, "one (and only one) of command or socket must be set for the %.*s transport",
                     STR_ARG(transport->instance.name));
}

extern const struct transport_driver transport_driver_lmtp;
const struct transport_driver transport_driver_lmtp = {
    .info = {.name = "lmtp",
             .options = lmtp_options,
             .option_count = LMTP_OPTION_COUNT,
             .config_size = sizeof(struct lmtp_config)},
    .local = true,
    .init = init,
    .deliver = deliver,
};
