/* Queue runs: see runner.h. */
#include "queue/runner.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/log.h"
#include "expand/regex.h"
#include "mail/recipient.h"
#include "queue/envelope.h"
#include "queue/scan.h"

/* --- Flags */

static bool take(const char **p, char letter)
{
    if (**p != letter)
        return false;
    (*p)++;
    return true;
}

bool queue_run_flags(struct queue_run *run, const char *letters, const char **rest)
{
    const char *p = letters;

    run->two_stage = take(&p, 'q');
    run->first_only = take(&p, 'i');
    run->forced = take(&p, 'f');
    run->force_frozen = run->forced && take(&p, 'f');
    run->local_only = take(&p, 'l');
    if (take(&p, 'G')) {
        size_t n = strcspn(p, "/");

        run->queue = (struct str){p, n, false};
        p += n;
        p += *p == '/';
    }
    *rest = p;
    return true;
}

bool queue_run_selection_flags(struct queue_run *run, const char *letters, bool *is_regex)
{
    const char *p = letters;

    *is_regex = take(&p, 'r');
    if (take(&p, 'f')) {
        run->forced = true;
        run->force_frozen |= take(&p, 'f');
    }
    return *p == '\0';
}

/* As the log names the run. */
static struct str describe(struct arena *arena, const struct queue_run *run)
{
    struct buffer b = BUFFER_IN(arena);

    if (run->two_stage || run->first_only || run->forced || run->local_only)
        buffer_printf(&b, " -q%s%s%s%s%s", run->two_stage ? "q" : "", run->first_only ? "i" : "", run->forced ? "f" : "",
                      run->force_frozen ? "f" : "", run->local_only ? "l" : "");
    if (!str_is_null(run->recipient))
        buffer_printf(&b, " -R%s %.*s", run->recipient_is_regex ? "r" : "", STR_ARG(run->recipient));
    if (!str_is_null(run->sender))
        buffer_printf(&b, " -S%s %.*s", run->sender_is_regex ? "r" : "", STR_ARG(run->sender));
    if (!str_is_empty(run->queue))
        buffer_printf(&b, " Q=%.*s", STR_ARG(run->queue));
    return buffer_str(&b);
}

/* --- Which messages */

static bool contains(struct str text, struct str part, bool is_regex)
{
    struct error err = {.arena = NULL};
    const struct regex *regex;
    struct regex_match match;

    if (is_regex) {
        regex = regex_cached(part, &err);
        return regex && regex_match(regex, text, 0, false, &match);
    }
    for (size_t i = 0; i + part.n <= text.n; i++)
        if (strncasecmp(text.s + i, part.s, part.n) == 0)
            return true;
    return part.n == 0;
}

static bool is_selected(const struct queue *queue, const struct queue_run *run, struct str id)
{
    struct arena *arena;
    struct mail_message m;
    struct error err;
    struct str content;
    char sub;
    bool yes = false;

    if (str_is_null(run->recipient) && str_is_null(run->sender))
        return true;
    arena = arena_new(ARENA_PLAIN);
    m = (struct mail_message){.arena = arena, .id = id, .body_fd = -1};
    err = ERROR_IN(arena);
    if (spool_find(&queue->spool, run->queue, id, &sub) &&
        spool_read(arena, spool_path(arena, &queue->spool, run->queue, "input", sub, id, "-H"), &content, &err) &&
        envelope_read(&m, content, false, &err)) {
        yes = str_is_null(run->recipient);
        for (const struct mail_recipient *r = m.recipients; r && !yes; r = r->next)
            yes = !address_set_has(&m.delivered, r->unique) &&
                  contains(r->address, run->recipient, run->recipient_is_regex);
        yes = yes && (str_is_null(run->sender) || contains(m.sender, run->sender, run->sender_is_regex));
    }
    arena_free(arena);
    return yes;
}

static bool is_between(const struct queue_run *run, struct str id)
{
    return (str_is_null(run->first) || str_cmp(id, run->first) >= 0) &&
           (str_is_null(run->last) || str_cmp(id, run->last) <= 0);
}

/* --- The run */

/* Whether the machine is too busy to go on with the run, of which `what` is the log's name (manual, 14:
 * deliver_queue_load_max). */
static bool is_busy(const struct queue *queue, struct str what)
{
    int most = queue->options->deliver_queue_load_max;
    double load;

    if (most < 0 || getloadavg(&load, 1) != 1 || load * 1000 <= most)
        return false;
    if (log_selected(LOG_SEL_queue_run))
        log_write(LOG_MAIN, "Abandon queue run: pid=%d%.*s (load %.2f, max %.2f)", (int)getpid(), STR_ARG(what), load,
                  (double)most / 1000);
    return true;
}

/* False: the run is abandoned. */
static bool one_pass(const struct queue *queue, const struct queue_run *run, enum remote_deliveries remote,
                     struct str what)
{
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct queue_ids ids;
    /* Of those selected by -R and -S the first is forced, so that what is remembered of a host that was down goes
     * when it is up again. */
    bool force_next = !str_is_null(run->recipient) || !str_is_null(run->sender);
    bool busy = false;

    queue_scan(queue, run->queue, arena, &ids);
    if (queue->options->queue_run_in_order)
        queue_ids_sort(&ids);
    else
        queue_ids_shuffle(&ids);
    for (size_t i = 0; i < ids.n && !(busy = is_busy(queue, what)); i++) {
        const struct delivery_request request = {
            .queue = run->queue,
            .id = ids.v[i],
            .in_queue_run = true,
            .forced = run->forced || force_next,
            .force_frozen = run->force_frozen,
            .first_only = run->first_only,
            .remote = remote,
            .fast_ramp = queue->options->queue_fast_ramp && !queue->options->queue_run_in_order,
            .dont_deliver = run->dont_deliver,
        };

        if (!is_between(run, ids.v[i]) || !is_selected(queue, run, ids.v[i]))
            continue;
        queue_deliver_in_process(queue, &request, true);
        force_next = false;
    }
    arena_free(arena);
    return !busy;
}

void queue_run(const struct queue *queue, const struct queue_run *run)
{
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct str what = describe(arena, run);

    if (log_selected(LOG_SEL_queue_run))
        log_write(LOG_MAIN, "Start queue run: pid=%d%.*s", (int)getpid(), STR_ARG(what));
    if (!run->two_stage || one_pass(queue, run, run->local_only ? REMOTE_SUPPRESSED : REMOTE_NOTED, what))
        one_pass(queue, run, run->local_only ? REMOTE_SUPPRESSED : REMOTE_NOW, what);
    if (log_selected(LOG_SEL_queue_run))
        log_write(LOG_MAIN, "End queue run: pid=%d%.*s", (int)getpid(), STR_ARG(what));
    arena_free(arena);
}
