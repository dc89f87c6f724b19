/* Starting deliveries: see deliveries.h. */
#include "main/deliveries.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "mail/id.h"
#include "smtp/services.h"

enum { QUEUE_NAME = 64, ARGUMENT = 1024 };
enum kind { KIND_MESSAGE = 'M', KIND_RUN = 'R' };

/* Octet sequences of these sizes are written to the pipe at once or not at all (POSIX: PIPE_BUF). The kind is first. */
struct request {
    char kind;
    char id[MAIL_ID_LENGTH + 1];
    char queue[QUEUE_NAME];
    unsigned char remote; /* enum remote_deliveries */
};

struct run_request {
    char kind;
    unsigned char serialize; /* not a bool: what is read may be anything */
    char argument[ARGUMENT];
};

/* Who messages are from that are made here. */
static struct str user_login(struct program *program)
{
    const struct passwd *entry = getpwuid(program->process.exim_uid);

    return entry ? str_copy(program->arena, str_of(entry->pw_name)) : program->caller_login;
}

static void begin_scope(const struct queue *queue, struct scope *scope)
{
    const struct program *program = queue->begin_scope_ctx;

    scope->acl = ARENA_NEW(scope->arena, struct scope_acl);
    smtp_acl_owner_init(ARENA_NEW(scope->arena, struct smtp_acl_owner), program->acls, scope);
}

struct queue queue_of(struct program *program)
{
    const struct scope_process *process = &program->process;
    struct spool spool = spool_of(program->config, process->exim_uid, process->exim_gid);

    return (struct queue){
        .config = program->config,
        .options = &program->config->main,
        .process = process,
        .services = &smtp_services,
        .retry = &program->retry,
        .hints = process->hints,
        .incoming = {.spool = spool,
                     .primary_hostname = process->primary_hostname,
                     .host_number = program->config->host_number,
                     .login = user_login(program),
                     .uid = process->exim_uid,
                     .gid = process->exim_gid,
                     .message_logs = program->config->main.message_logs},
        .spool = spool,
        .begin_scope = begin_scope,
        .begin_scope_ctx = program,
    };
}

bool deliveries_open(int ends[2])
{
    return pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0;
}

bool deliveries_ask(int fd, const struct delivery_request *asked)
{
    struct request request = {.kind = KIND_MESSAGE, .remote = (unsigned char)asked->remote};

    if (asked->id.n != MAIL_ID_LENGTH || asked->queue.n >= QUEUE_NAME)
        return false;
    memcpy(request.id, asked->id.s, asked->id.n);
    if (asked->queue.n > 0)
        memcpy(request.queue, asked->queue.s, asked->queue.n);
    return write(fd, &request, sizeof request) == (ssize_t)sizeof request;
}

bool deliveries_ask_run(int fd, struct str argument, bool serialize)
{
    struct run_request request = {.kind = KIND_RUN, .serialize = serialize};
    ssize_t n;

    if (argument.n >= ARGUMENT) {
        errno = E2BIG;
        return false;
    }
    memcpy(request.argument, argument.s, argument.n);
    n = write(fd, &request, sizeof request);
    return n == (ssize_t)sizeof request;
}

/* A worker may have fallen into wrong hands: nothing but a name can be told. */
static bool is_sane(const struct request *request)
{
    return memchr(request->id, '\0', sizeof request->id) && memchr(request->queue, '\0', sizeof request->queue) &&
           mail_id_is_valid(str_of(request->id)) && request->remote <= REMOTE_NOTED && !strchr(request->queue, '/') &&
           request->queue[0] != '.';
}

/* The rest of a record behind its kind. */
static bool read_rest(int fd, void *record, size_t size)
{
    return read(fd, (char *)record + 1, size - 1) == (ssize_t)size - 1;
}

static bool read_message(int fd, const struct delivery_starter *starter)
{
    struct request told;

    if (!read_rest(fd, &told, sizeof told))
        return false;
    if (is_sane(&told)) {
        const struct delivery_request request = {
            .queue = str_of(told.queue), .id = str_of(told.id), .remote = (enum remote_deliveries)told.remote};

        starter->deliver(starter->ctx, &request);
    }
    return true;
}

static bool read_run(int fd, const struct delivery_starter *starter)
{
    struct run_request told;

    if (!read_rest(fd, &told, sizeof told))
        return false;
    if (told.argument[0] == '#' && memchr(told.argument, '\0', sizeof told.argument))
        starter->run(starter->ctx, str_of(told.argument), told.serialize != 0);
    return true;
}

/* What is nothing of the kind is thrown away with all behind it. */
static void drain(int fd)
{
    char octets[4096];

    while (read(fd, octets, sizeof octets) > 0)
        continue;
}

void deliveries_read(int fd, const struct delivery_starter *starter)
{
    char kind;

    while (read(fd, &kind, 1) == 1)
        if (!(kind == KIND_MESSAGE && read_message(fd, starter)) && !(kind == KIND_RUN && read_run(fd, starter)))
            drain(fd);
}
