/* What sessions ask of routing and of the queue: see mail_table.h. */
#include "main/mail_table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/strlist.h"
#include "main/deliveries.h"
#include "main/privileges.h"
#include "queue/fork.h"
#include "queue/incoming.h"
#include "queue/runner.h"
#include "routers/verify.h"
#include "smtp/etrn_lock.h"
#include "transports/callout.h"

/* What the functions of the table get back. */
struct mail_table {
    struct mail_services services;
    struct program *program;
    struct queue queue;
    struct incoming_setup incoming;
    bool no_callouts; /* a test session that shall bother nobody (-bh) */
};

static enum mail_verify_result verify(void *ctx, struct scope *scope, struct mail_verify *request)
{
    const struct mail_table *table = ctx;

    return router_verify(table->program->config, scope, request, table->no_callouts ? NULL : callout_verify);
}

static bool expand_address(void *ctx, struct scope *scope, struct str address,
                           void (*each)(void *each_ctx, struct str line), void *each_ctx, bool *defer,
                           struct error *err)
{
    const struct mail_table *table = ctx;

    return router_expand(table->program->config, scope, address, each, each_ctx, defer, err);
}

static struct mail_incoming *begin(void *ctx, struct mail_message *message, struct error *err)
{
    const struct mail_table *table = ctx;

    return incoming_begin(&table->incoming, message, err);
}

static void note(void *ctx, const struct mail_message *message, struct str text)
{
    const struct mail_table *table = ctx;

    incoming_note(&table->incoming, message, text);
}

/* --- When deliveries wait (manual, 14: queue_only and others) */

/* True: the message waits, which is logged. `before`: it does so whatever the load is now (queue_only_load_latch). */
static bool is_overloaded(const struct main_options *options, bool before)
{
    double load;

    if (options->queue_only_load < 0 || getloadavg(&load, 1) != 1 || (!before && load * 1000 <= options->queue_only_load))
        return false;
    if (log_selected(LOG_SEL_delay_delivery))
        log_write(LOG_MAIN, "no immediate delivery: load average %.2f", load);
    return true;
}

/* Which of the files of queue_only_file are there: some stand for queue_only, those with "smtp" in front have remote
 * deliveries wait. */
static void look_for_files(const struct main_options *options, bool *all, bool *remote)
{
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct strlist list;
    struct str item;

    strlist_begin(&list, options->queue_only_file, ':');
    while (strlist_next(&list, arena, &item)) {
        bool smtp = str_starts(item, "smtp");

        if (access(item.s + (smtp ? strlen("smtp") : 0), F_OK) == 0)
            *(smtp ? remote : all) = true;
    }
    arena_free(arena);
}

/* Whether all deliveries wait, and if not, what becomes of remote ones. The command line may say otherwise than the
 * configuration. */
static bool waits(const struct mail_table *table, const struct mail_message *message, enum remote_deliveries *remote)
{
    const struct main_options *options = table->queue.options;
    enum delivery_mode asked = table->program->cl->delivery;
    bool file = false, remote_file = false;

    if (message->handling.queue_first_pass_routing)
        *remote = REMOTE_ROUTED;
    else if (message->handling.queue_only)
        return true;
    if (asked == DELIVERY_QUEUED)
        return true;
    look_for_files(options, &file, &remote_file);
    if (asked == DELIVERY_REMOTE_QUEUED || remote_file)
        *remote = REMOTE_QUEUED;
    return (options->queue_only || file) && !(asked != DELIVERY_UNSAID && options->queue_only_override);
}

static enum mail_deliver_result deliver(void *ctx, const struct mail_message *message)
{
    const struct mail_table *table = ctx;
    const struct command_line *cl = table->program->cl;
    struct delivery_request request = {
        .queue = message->handling.queue,
        .id = message->id,
        .dont_deliver = cl->dont_deliver,
    };

    if (table->queue.options->mua_wrapper)
        return queue_deliver_in_process(&table->queue, &request, true) ? MAIL_DELIVER_DONE : MAIL_DELIVER_FAILED;
    if (waits(table, message, &request.remote))
        return MAIL_DELIVER_DONE;
    if (is_overloaded(table->queue.options, message->handling.overloaded))
        return MAIL_DELIVER_OVERLOADED;
    if (table->program->delivery_fd >= 0) {
        if (!deliveries_ask(table->program->delivery_fd, &request))
            log_write(LOG_MAIN, "no immediate delivery: the daemon cannot be told");
        return MAIL_DELIVER_DONE;
    }
    queue_deliver_in_process(&table->queue, &request, cl->delivery == DELIVERY_FOREGROUND);
    return MAIL_DELIVER_DONE;
}

/* --- ETRN */

/* Without a daemon: the process lives on behind the session, whose client is not to see it. */
static bool run_here(const struct queue *queue, struct str text, struct error *err)
{
    const struct queue_run run = {.recipient = text};
    pid_t pid = queue_fork_away(queue->hints);
    int null;

    if (pid < 0)
        return error_set(err, "fork failed: %s", strerror(errno));
    if (pid > 0)
        return true;
    null = open("/dev/null", O_RDWR);
    if (null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(null, STDOUT_FILENO) >= 0 &&
        privileges_of_delivery(queue->process, queue->options))
        queue_run(queue, &run);
    log_close();
    _exit(0);
}

static bool run_queue(void *ctx, struct str argument, int lock, struct error *err)
{
    const struct mail_table *table = ctx;
    int fd = table->program->delivery_fd;

    if (fd < 0)
        return run_here(&table->queue, etrn_text(argument), err);
    return deliveries_ask_run(fd, argument, lock >= 0) || error_set(err, "the daemon cannot be told: %s", strerror(errno));
}

static struct mail_table *table_new(struct program *program)
{
    struct mail_table *table = ARENA_NEW(program->arena, struct mail_table);

    table->program = program;
    table->queue = queue_of(program);
    table->incoming = table->queue.incoming;
    table->no_callouts = program->cl->mode == MODE_TEST && !program->cl->test_callouts;
    table->services = (struct mail_services){
        .verify = verify,
        .expand = expand_address,
        .begin = begin,
        .write = incoming_write,
        .commit = incoming_commit,
        .abandon = incoming_abandon,
        .note = note,
        .deliver = deliver,
        .run_queue = run_queue,
        .ctx = table,
    };
    return table;
}

const struct mail_services *mail_table_new(struct program *program)
{
    struct mail_table *table = table_new(program);

    table->incoming.login = program->caller_login;
    table->incoming.uid = getuid();
    table->incoming.gid = getgid();
    return &table->services;
}

const struct mail_services *mail_table_for_reports(struct program *program)
{
    return &table_new(program)->services;
}
