/* -bh and -bs: a session on standard input and output (manual, 5.2). */
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/ip.h"
#include "base/log.h"
#include "main/caller.h"
#include "main/listen.h"
#include "main/mail_table.h"
#include "main/modes.h"
#include "main/privileges.h"
#include "smtp/session.h"

/* What the panic log repeats on standard error is not for a peer. */
static void silence_stderr(void)
{
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

    if (null < 0 || dup2(null, STDERR_FILENO) < 0)
        close(STDERR_FILENO);
    if (null >= 0)
        close(null);
}

/* Called from inetd, standard input is the connection, and whoever is at its other end is the caller. */
static bool from_inetd(struct arena *arena, struct smtp_peer *peer)
{
    struct sockaddr_storage remote, own;
    socklen_t remote_length = sizeof remote, own_length = sizeof own;
    struct ip ip;

    if (getpeername(STDIN_FILENO, (struct sockaddr *)&remote, &remote_length) != 0 ||
        getsockname(STDIN_FILENO, (struct sockaddr *)&own, &own_length) != 0 ||
        !ip_of_socket(&remote, &ip, &peer->host_port))
        return false;
    peer->host_address = ip_format(arena, &ip);
    if (ip_of_socket(&own, &ip, &peer->interface_port))
        peer->interface_address = ip_format(arena, &ip);
    peer->mode = SMTP_NETWORK;
    peer->out_fd = STDIN_FILENO;
    silence_stderr();
    return true;
}

/* What -oM says of the caller counts in tests, and from those who are trusted. */
static bool describe(struct program *program, struct smtp_peer *peer, struct error *err)
{
    struct scope_connection caller = {.host_port = 0};
    struct command_line untrusted = {.mode = program->cl->mode};
    bool trusted = peer->mode == SMTP_TEST || peer->trusted;

    if (!caller_describe(program, trusted ? program->cl : &untrusted, &caller, err))
        return false;
    peer->reference = program->cl->message_reference ? str_of(program->cl->message_reference) : STR("");
    peer->host_address = caller.host_address;
    peer->host_port = caller.host_port;
    peer->interface_address = caller.interface_address;
    peer->interface_port = caller.interface_port;
    peer->host_name = caller.host_name;
    peer->ident = caller.ident;
    peer->full_name = program->caller_name;
    peer->authenticator = caller.host_authenticated;
    if (trusted && program->cl->authenticated_id) /* the login is that of messages, not of the session */
        peer->authenticated_id = str_of(program->cl->authenticated_id);
    if (trusted && program->cl->authenticated_sender)
        peer->authenticated_sender = str_of(program->cl->authenticated_sender);
    return true;
}

static void announce_test(const struct smtp_peer *peer)
{
    printf("\n**** SMTP testing session as if from host %.*s\n"
           "**** but without any ident (RFC 1413) callback.\n"
           "**** This is not for real!\n\n",
           STR_ARG(peer->host_address));
    fflush(stdout);
}

int session_mode(struct program *program)
{
    struct error err = ERROR_IN(program->arena);
    struct smtp_peer peer = {
        .mode = program->cl->mode == MODE_TEST ? SMTP_TEST : SMTP_LOCAL,
        .in_fd = STDIN_FILENO,
        .out_fd = STDOUT_FILENO,
        .trusted = privileges_of_trusted(&program->process, &program->config->main),
    };
    struct smtp_settings *settings;
    struct smtp_batch batch = {.lines = 0};
    enum smtp_end end;

    bool on_terminal = peer.mode == SMTP_TEST || program->cl->mode == MODE_BATCH;

    if ((on_terminal || !from_inetd(program->arena, &peer)) && !describe(program, &peer, &err)) {
        fprintf(stderr, "%.*s\n", STR_ARG(err.text));
        return 1;
    }
    if (peer.mode == SMTP_NETWORK && program->config->main.mua_wrapper) {
        log_write(LOG_MAIN | LOG_PANIC, "Input from inetd is not supported when mua_wrapper is set");
        return 1;
    }
    peer.tls_on_connect = program->cl->tls_on_connect ||
                          listen_port_has_tls(program->arena, program->config->main.tls_on_connect_ports,
                                              peer.interface_port);
    if (peer.mode == SMTP_LOCAL)
        peer.login = program->caller_login;
    if (peer.mode == SMTP_TEST) {
        debug_host_checks(true);
        announce_test(&peer);
    }
    settings = smtp_settings_new(program->arena, program->config, program->acls, &program->process);
    settings->mail = mail_table_new(program);
    if (program->cl->mode == MODE_BATCH)
        peer.batch = &batch;
    end = smtp_session_run(settings, &peer);
    return peer.batch ? smtp_batch_exit_code(&batch) : smtp_exit_code(peer.mode, end);
}
