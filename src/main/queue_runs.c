/* The queue runs of a daemon: see queue_runs.h. */
#include "main/queue_runs.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "expand/expand.h"
#include "main/queue_mode.h"

bool queue_runs_init(struct queue_runs *runs, const struct command_line *cl)
{
    *runs = (struct queue_runs){.due = DEADLINE_NONE};
    if (!cl->queue_run)
        return true;
    if (!queue_run_of(cl, &runs->run, &runs->interval))
        return false;
    if (runs->interval > 0)
        runs->due = clock_now_ms();
    return true;
}

/* queue_run_max, expanded for each run; 0: any number. */
static size_t most(struct program *program)
{
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct scope scope = program_scope(program, arena);
    struct error err = ERROR_IN(arena);
    struct str text;
    long n = 5;

    if (expand(&scope, program->config->main.queue_run_max, arena, &text, &err) == EXPAND_OK)
        n = strtol(text.s, NULL, 10);
    else
        log_write(LOG_MAIN | LOG_PANIC, "expansion of queue_run_max failed: %.*s", STR_ARG(err.text));
    arena_free(arena);
    return n > 0 && n < QUEUE_RUNS_MOST ? (size_t)n : QUEUE_RUNS_MOST;
}

bool queue_runs_due(struct queue_runs *runs, struct program *program)
{
    if (runs->interval <= 0 || clock_now_ms() < runs->due)
        return false;
    runs->due = clock_now_ms() + (int64_t)runs->interval * 1000;
    return runs->n < most(program);
}

void queue_runs_started(struct queue_runs *runs, pid_t pid)
{
    if (pid > 0 && runs->n < QUEUE_RUNS_MOST)
        runs->pids[runs->n++] = pid;
}

bool queue_runs_ended(struct queue_runs *runs, pid_t pid)
{
    for (size_t i = 0; i < runs->n; i++)
        if (runs->pids[i] == pid) {
            runs->pids[i] = runs->pids[--runs->n];
            return true;
        }
    return false;
}
