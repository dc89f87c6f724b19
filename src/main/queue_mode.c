/* -bp, -M, -q, -R and -S: the queue from the command line (manual, 5.2). */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "mail/id.h"
#include "main/deliveries.h"
#include "main/queue_mode.h"
#include "main/modes.h"
#include "main/privileges.h"
#include "queue/list.h"
#include "queue/manage.h"

static bool is_admin(const struct program *program)
{
    return privileges_of_admin(&program->process, &program->config->main);
}

static int refuse(void)
{
    fputs("exim: permission denied\n", stderr);
    return 1;
}

/* -qG: the queue that other options work on. */
static struct str queue_name(const struct program *program)
{
    struct queue_run run = {.queue = STR("")};
    const char *rest;

    if (program->cl->queue_run)
        queue_run_flags(&run, program->cl->queue_run, &rest);
    return str_copy(program->arena, run.queue);
}

/* --- -bp */

static bool take_letter(const char **letters, char letter)
{
    if (**letters != letter)
        return false;
    (*letters)++;
    return true;
}

int list_mode(struct program *program)
{
    const char *letters = program->cl->list;
    struct queue queue = queue_of(program);
    struct queue_listing listing = {
        .queue = queue_name(program),
        .ids = program->cl->arguments,
    };

    if (program->config->main.queue_list_requires_admin && !is_admin(program))
        return refuse();
    if (strcmp(letters, "c") == 0) {
        printf("%zu\n", queue_count(&queue, listing.queue));
        return 0;
    }
    listing.unsorted = take_letter(&letters, 'r');
    listing.generated = take_letter(&letters, 'a');
    listing.undelivered = !listing.generated && take_letter(&letters, 'u');
    listing.ids_only = take_letter(&letters, 'i');
    if (*letters) {
        fprintf(stderr, "exim abandoned: unknown, malformed, or incomplete option -bp%s\n", program->cl->list);
        return 1;
    }
    queue_list(&queue, &listing, stdout);
    return 0;
}

/* --- -M */

enum needs { NEEDS_NOTHING, NEEDS_ARGUMENTS, NEEDS_QUEUE };

static const struct action {
    const char *letters;
    enum queue_action action;
    enum needs needs;
} actions[] = {
    {"", ACTION_DELIVER, NEEDS_NOTHING},
    {"ar", ACTION_ADD_RECIPIENTS, NEEDS_ARGUMENTS},
    {"c", ACTION_DELIVER_GENTLY, NEEDS_NOTHING},
    {"es", ACTION_EDIT_SENDER, NEEDS_ARGUMENTS},
    {"f", ACTION_FREEZE, NEEDS_NOTHING},
    {"G", ACTION_MOVE, NEEDS_QUEUE},
    {"g", ACTION_GIVE_UP, NEEDS_NOTHING},
    {"mad", ACTION_MARK_ALL, NEEDS_NOTHING},
    {"md", ACTION_MARK, NEEDS_ARGUMENTS},
    {"rm", ACTION_REMOVE, NEEDS_NOTHING},
    {"t", ACTION_THAW, NEEDS_NOTHING},
    {"vb", ACTION_SHOW_BODY, NEEDS_NOTHING},
    {"vc", ACTION_SHOW_COPY, NEEDS_NOTHING},
    {"vh", ACTION_SHOW_HEADERS, NEEDS_NOTHING},
    {"vl", ACTION_SHOW_LOG, NEEDS_NOTHING},
};

static const struct action *find_action(const char *letters)
{
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
        if (strcmp(actions[i].letters, letters) == 0)
            return &actions[i];
    return NULL;
}

/* Whoever may not do anything else may still ask for deliveries, where prod_requires_admin says so. */
static bool may(const struct program *program, const struct action *action)
{
    if (is_admin(program))
        return true;
    return action->action == ACTION_DELIVER && !program->config->main.prod_requires_admin;
}

int manage_mode(struct program *program)
{
    const char *letters = program->cl->manage;
    const struct action *action = find_action(letters);
    char *const *argument = program->cl->arguments;
    struct queue queue = queue_of(program);
    struct str who = program->caller_login, name = queue_name(program);
    char *destination[] = {NULL, NULL};
    bool ok = true;

    if (!action) {
        fprintf(stderr, "exim abandoned: unknown, malformed, or incomplete option -M%s\n", letters);
        return 1;
    }
    if (!may(program, action))
        return refuse();
    if (action->needs == NEEDS_QUEUE && *argument)
        destination[0] = *argument++;
    if (!*argument) {
        fprintf(stderr, "exim: no message ids given after -M%s option\n", letters);
        return 1;
    }
    for (char *const *id = argument; *id && (id == argument || action->needs != NEEDS_ARGUMENTS); id++)
        if (!mail_id_is_valid(str_of(*id))) {
            fprintf(stderr, "exim: malformed message id %s after -M%s option\n", *id, letters);
            return 1;
        }
    if (action->needs == NEEDS_ARGUMENTS)
        return queue_manage(&queue, action->action, name, str_of(*argument), argument + 1, who, stdout) ? 0 : 1;
    for (; *argument; argument++)
        ok &= queue_manage(&queue, action->action, name, str_of(*argument), destination, who, stdout);
    return ok ? 0 : 1;
}

/* --- -q, -R, -S */

static struct str text_of(const char *s)
{
    return s ? str_of(s) : STR_NULL;
}

bool queue_run_of(const struct command_line *cl, struct queue_run *run, int *interval)
{
    const char *rest = "";

    *run = (struct queue_run){
        .recipient = text_of(cl->recipients_text),
        .sender = text_of(cl->senders_text),
        .first = STR_NULL,
        .last = STR_NULL,
        .dont_deliver = cl->dont_deliver,
    };
    if (cl->queue_run)
        queue_run_flags(run, cl->queue_run, &rest);
    *interval = 0;
    if ((*rest && !interval_parse(str_of(rest), interval)) ||
        (cl->recipients_text && !queue_run_selection_flags(run, cl->recipients_flags, &run->recipient_is_regex)) ||
        (cl->senders_text && !queue_run_selection_flags(run, cl->senders_flags, &run->sender_is_regex)))
        return false;
    return true;
}

int run_mode(struct program *program)
{
    const struct command_line *cl = program->cl;
    struct queue queue = queue_of(program);
    struct queue_run run;
    int interval;

    if (program->config->main.prod_requires_admin && !is_admin(program))
        return refuse();
    if (!queue_run_of(cl, &run, &interval)) {
        fprintf(stderr, "exim abandoned: unknown, malformed, or incomplete option -q%s\n", cl->queue_run ? cl->queue_run : "");
        return 1;
    }
    if (cl->arguments[0]) {
        run.first = str_of(cl->arguments[0]);
        if (cl->arguments[1])
            run.last = str_of(cl->arguments[1]);
    }
    if (!privileges_of_delivery(&program->process, &program->config->main))
        return 1;
    queue_run(&queue, &run);
    return 0;
}
