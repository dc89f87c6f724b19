/* What sessions ask of routing and of the queue: see mail_table.h. */
#include "main/mail_table.h"

#include "base/arena.h"
#include "main/caller.h"
#include "queue/incoming.h"
#include "routers/verify.h"
#include "transports/callout.h"

/* What the functions of the table get back. */
struct mail_table {
    struct mail_services services;
    struct incoming_setup incoming;
    const struct config *config;
    bool no_callouts; /* a test session that shall bother nobody (-bh) */
};

static enum mail_verify_result verify(void *ctx, struct scope *scope, struct mail_verify *request)
{
    const struct mail_table *table = ctx;

    return router_verify(table->config, scope, request, table->no_callouts ? NULL : callout_verify);
}

static bool expand_address(void *ctx, struct scope *scope, struct str address,
                           void (*each)(void *each_ctx, struct str line), void *each_ctx, bool *defer,
                           struct error *err)
{
    const struct mail_table *table = ctx;

    return router_expand(table->config, scope, address, each, each_ctx, defer, err);
}

static struct mail_incoming *begin(void *ctx, struct mail_message *message, struct error *err)
{
    const struct mail_table *table = ctx;

    return incoming_begin(&table->incoming, message, err);
}

const struct mail_services *mail_table_new(struct program *program)
{
    struct mail_table *table = ARENA_NEW(program->arena, struct mail_table);
    const struct scope_process *process = &program->process;

    table->incoming = (struct incoming_setup){
        .spool = spool_of(program->config, process->exim_uid, process->exim_gid),
        .primary_hostname = process->primary_hostname,
        .host_number = program->config->host_number,
        .login = caller_login(program->arena),
    };
    table->config = program->config;
    table->no_callouts = program->cl->mode == MODE_TEST && !program->cl->test_callouts;
    table->services = (struct mail_services){
        .verify = verify,
        .expand = expand_address,
        .begin = begin,
        .write = incoming_write,
        .commit = incoming_commit,
        .abandon = incoming_abandon,
        .ctx = table,
    };
    return &table->services;
}
