/* What sessions ask of routing and of the queue: see mail_table.h. */
#include "main/mail_table.h"

#include "base/arena.h"
#include "main/caller.h"
#include "queue/incoming.h"

/* What the functions of the table get back. */
struct mail_table {
    struct mail_services services;
    struct incoming_setup incoming;
};

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
    table->services = (struct mail_services){
        .begin = begin,
        .write = incoming_write,
        .commit = incoming_commit,
        .abandon = incoming_abandon,
        .ctx = table,
    };
    return &table->services;
}
