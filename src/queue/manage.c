/* What administrators do to messages in the queue: see manage.h. */
#include "queue/manage.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/log.h"
#include "mail/address.h"
#include "mail/header.h"
#include "queue/envelope.h"
#include "queue/job.h"

struct managing {
    const struct queue *queue;
    struct job job;           /* the message, locked */
    struct delivery_request request;
    char *const *arguments;
    struct str who;
    FILE *out;
};

static struct str id_of(const struct managing *m)
{
    return m->request.id;
}

static bool modified(struct managing *m)
{
    if (!job_update(&m->job)) {
        fprintf(m->out, "Message %.*s - failed to write its spool file\n", STR_ARG(id_of(m)));
        return false;
    }
    fprintf(m->out, "Message %.*s has been modified\n", STR_ARG(id_of(m)));
    return true;
}

/* --- One function for each action on a message that is locked and read */

static bool freeze(struct managing *m)
{
    struct mail_message *message = m->job.message;

    if (message->frozen) {
        fprintf(m->out, "Message %.*s is already frozen\n", STR_ARG(id_of(m)));
        return false;
    }
    message->frozen = true;
    message->frozen_at = time(NULL);
    if (!job_update(&m->job))
        return false;
    fprintf(m->out, "Message %.*s is now frozen\n", STR_ARG(id_of(m)));
    log_write(LOG_MAIN, "frozen by %.*s", STR_ARG(m->who));
    job_move_frozen(&m->job);
    return true;
}

static bool thaw(struct managing *m)
{
    struct mail_message *message = m->job.message;

    if (!message->frozen) {
        fprintf(m->out, "Message %.*s is not frozen\n", STR_ARG(id_of(m)));
        return false;
    }
    message->frozen = false;
    message->manual_thaw = true;
    if (!job_update(&m->job))
        return false;
    fprintf(m->out, "Message %.*s is no longer frozen\n", STR_ARG(id_of(m)));
    log_write(LOG_MAIN, "unfrozen by %.*s", STR_ARG(m->who));
    return true;
}

static bool remove_message(struct managing *m)
{
    job_remove(&m->job);
    fprintf(m->out, "Message %.*s has been removed\n", STR_ARG(id_of(m)));
    log_write(LOG_MAIN, "removed by %.*s", STR_ARG(m->who));
    log_write(LOG_MAIN, "Completed");
    return true;
}

static void mark(struct managing *m, const struct mail_recipient *r)
{
    address_set_add(&m->job.message->delivered, r->unique);
    log_write(LOG_MAIN, "address <%.*s> marked delivered by %.*s", STR_ARG(r->address), STR_ARG(m->who));
}

static bool mark_all(struct managing *m)
{
    bool ok;

    for (const struct mail_recipient *r = m->job.message->recipients; r; r = r->next)
        mark(m, r);
    ok = modified(m);
    fputc('\n', m->out);
    return ok;
}

static const struct mail_recipient *find(const struct mail_message *message, const char *address)
{
    for (const struct mail_recipient *r = message->recipients; r; r = r->next)
        if (str_is(r->address, address))
            return r;
    return NULL;
}

static bool mark_some(struct managing *m)
{
    for (char *const *a = m->arguments; *a; a++)
        if (!find(m->job.message, *a)) {
            fprintf(m->out, "Message %.*s - error while marking as delivered:\n  %s is not a recipient: message not "
                            "updated\n",
                    STR_ARG(id_of(m)), *a);
            return false;
        }
    for (char *const *a = m->arguments; *a; a++)
        mark(m, find(m->job.message, *a));
    return modified(m);
}

/* The address in the form that the envelope has. False: said what is wrong. */
static bool read_address(struct managing *m, const char *text, bool allow_null, const char *doing, struct str *address)
{
    const struct main_options *o = m->queue->options;
    const struct address_rules rules = {
        .allow_null = allow_null,
        .allow_domain_literals = o->allow_domain_literals,
        .allow_utf8_domains = o->allow_utf8_domains || m->job.message->smtputf8,
        .strip_excess_angle_brackets = o->strip_excess_angle_brackets,
        .strip_trailing_dot = o->strip_trailing_dot,
    };
    struct error err = ERROR_IN(m->job.arena);
    struct address parsed;

    if (!address_parse(m->job.arena, str_of(text), &rules, &parsed, &err)) {
        fprintf(m->out, "Message %.*s - error while %s:\n  bad address %s: %.*s\n", STR_ARG(id_of(m)), doing, text,
                STR_ARG(err.text));
        return false;
    }
    if (parsed.text.n > 0 && str_is_null(parsed.domain)) {
        fprintf(m->out, "Message %.*s - error while %s:\n  bad address %s: domain missing\n", STR_ARG(id_of(m)), doing,
                text);
        return false;
    }
    *address = parsed.text;
    return true;
}

static bool add_recipients(struct managing *m)
{
    struct mail_message *message = m->job.message;
    struct mail_recipient **last = &message->recipients;
    struct str address;

    while (*last)
        last = &(*last)->next;
    for (char *const *a = m->arguments; *a; a++) {
        if (!read_address(m, *a, false, "adding recipient", &address))
            return false;
        *last = mail_recipient_new(m->job.arena, address);
        last = &(*last)->next;
        message->recipient_count++;
    }
    for (char *const *a = m->arguments; *a; a++)
        log_write(LOG_MAIN, "recipient <%s> added by %.*s", *a, STR_ARG(m->who));
    return modified(m);
}

static bool edit_sender(struct managing *m)
{
    struct str address;

    if (!*m->arguments || m->arguments[1]) {
        fprintf(m->out, "exim: one message id and one sender address are required with -Mes\n");
        return false;
    }
    if (!read_address(m, *m->arguments, true, "editing sender", &address))
        return false;
    m->job.message->sender = address;
    log_write(LOG_MAIN, "sender address changed to <%.*s> by %.*s", STR_ARG(address), STR_ARG(m->who));
    return modified(m);
}

/* To the queue that the first argument names. */
static bool move(struct managing *m)
{
    const struct spool *spool = &m->queue->spool;
    const struct spool_place from = {m->request.queue, m->job.sub, ""};
    const struct spool_place to = {str_of(m->arguments[0]), spool_subdirectory(spool, id_of(m)), ""};
    struct error err = ERROR_IN(m->job.arena);

    if (!spool_move(spool, id_of(m), &from, &to, &err)) {
        fprintf(m->out, "Message %.*s - cannot be moved: %.*s\n", STR_ARG(id_of(m)), STR_ARG(err.text));
        return false;
    }
    log_write(LOG_MAIN, "moved from Q=<%.*s> by %.*s", STR_ARG(m->request.queue), STR_ARG(m->who));
    fprintf(m->out, "Message %.*s - moved\n", STR_ARG(id_of(m)));
    return true;
}

/* --- Showing */

static bool show_file(struct managing *m, const char *kind, const char *suffix)
{
    struct error err = ERROR_IN(m->job.arena);
    struct str content;
    char sub;

    if (!spool_find(&m->queue->spool, m->request.queue, id_of(m), &sub))
        sub = spool_subdirectory(&m->queue->spool, id_of(m));
    if (!spool_read(m->job.arena, spool_path(m->job.arena, &m->queue->spool, m->request.queue, kind, sub, id_of(m), suffix),
                    &content, &err)) {
        fprintf(m->out, "Failed to open %s file for %.*s%s: %s\n", strcmp(kind, "msglog") == 0 ? "msglog" : "input",
                STR_ARG(id_of(m)), suffix, strerror(errno));
        return false;
    }
    fwrite(content.s, 1, content.n, m->out);
    return true;
}

static bool show_copy(struct managing *m)
{
    struct mail_message message = {.arena = m->job.arena, .id = id_of(m), .handling.queue = m->request.queue};
    struct error err = ERROR_IN(m->job.arena);
    struct str content, headers;
    char sub;

    if (!spool_find(&m->queue->spool, m->request.queue, id_of(m), &sub) ||
        !spool_read(m->job.arena, spool_path(m->job.arena, &m->queue->spool, m->request.queue, "input", sub, id_of(m), "-H"),
                    &content, &err)) {
        fprintf(m->out, "Failed to read message %.*s\n", STR_ARG(id_of(m)));
        return false;
    }
    if (!envelope_read(&message, content, true, &err) ||
        !spool_read(m->job.arena, spool_path(m->job.arena, &m->queue->spool, m->request.queue, "input", sub, id_of(m), "-D"),
                    &content, &err)) {
        fprintf(m->out, "%.*s\n", STR_ARG(err.text));
        return false;
    }
    headers = mail_headers_text(m->job.arena, &message);
    fwrite(headers.s, 1, headers.n, m->out);
    fputc('\n', m->out);
    if (content.n > id_of(m).n + 3)
        fwrite(content.s + id_of(m).n + 3, 1, content.n - id_of(m).n - 3, m->out);
    return true;
}

/* --- All together */

/* What is left of a message that is not whole goes as well. */
static bool remove_rest(struct managing *m)
{
    fprintf(m->out,
            "Spool data file for %.*s does not exist\nContinuing, to ensure all files removed\n"
            "Spool read error for %.*s-H: No such file or directory\nContinuing to ensure all files removed\n",
            STR_ARG(id_of(m)), STR_ARG(id_of(m)));
    m->job.sub = spool_subdirectory(&m->queue->spool, id_of(m));
    job_remove(&m->job);
    fprintf(m->out, "Message %.*s has been removed or did not exist\n", STR_ARG(id_of(m)));
    return false;
}

static bool with_message(struct managing *m, enum queue_action action)
{
    static bool (*const functions[])(struct managing *) = {
        [ACTION_FREEZE] = freeze,          [ACTION_THAW] = thaw,
        [ACTION_REMOVE] = remove_message,  [ACTION_MARK_ALL] = mark_all,
        [ACTION_MARK] = mark_some,         [ACTION_ADD_RECIPIENTS] = add_recipients,
        [ACTION_EDIT_SENDER] = edit_sender, [ACTION_MOVE] = move,
    };
    bool ok;

    switch (job_load(&m->job)) {
    case JOB_LOADED:
        break;
    case JOB_BUSY:
        fprintf(m->out, "Message %.*s is locked\n", STR_ARG(id_of(m)));
        return false;
    case JOB_GONE:
        job_log_gone(&m->job);
        /* fall through */
    case JOB_BROKEN:
        if (action == ACTION_REMOVE)
            return remove_rest(m);
        fprintf(m->out, "Spool data file for %.*s does not exist\n", STR_ARG(id_of(m)));
        return false;
    }
    ok = journal_replay(&m->job) && functions[action](m);
    close(m->job.message->body_fd);
    return ok;
}

static bool deliver(struct managing *m, enum queue_action action)
{
    m->request.forced = action != ACTION_DELIVER_GENTLY;
    m->request.force_frozen = action != ACTION_DELIVER_GENTLY;
    m->request.give_up = action == ACTION_GIVE_UP;
    m->request.who = m->who;
    return queue_deliver_in_process(m->queue, &m->request, true);
}

bool queue_manage(const struct queue *queue, enum queue_action action, struct str queue_name, struct str id,
                  char *const *arguments, struct str who, FILE *out)
{
    struct managing m = {.queue = queue,
                         .request = {.queue = queue_name, .id = id},
                         .arguments = arguments,
                         .who = who,
                         .out = out};
    bool ok;

    m.job = (struct job){.queue = queue, .request = &m.request, .arena = arena_new(ARENA_PLAIN), .journal_fd = -1};
    switch (action) {
    case ACTION_DELIVER:
    case ACTION_DELIVER_GENTLY:
    case ACTION_GIVE_UP:
        ok = deliver(&m, action);
        break;
    case ACTION_SHOW_BODY:
        ok = show_file(&m, "input", "-D");
        break;
    case ACTION_SHOW_HEADERS:
        ok = show_file(&m, "input", "-H");
        break;
    case ACTION_SHOW_LOG:
        ok = show_file(&m, "msglog", "");
        break;
    case ACTION_SHOW_COPY:
        ok = show_copy(&m);
        break;
    default:
        ok = with_message(&m, action);
    }
    log_set_message(STR_NULL);
    arena_free(m.job.arena);
    return ok;
}
