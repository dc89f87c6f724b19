/* ${readsocket{name}{request}{options}{eol}{fail}} (manual, 11.5). */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/connect.h"
#include "base/log.h"
#include "base/stream.h"
#include "base/strlist.h"
#include "expand/evaluate.h"
#include "expand/items.h"
#include "expand/parse_item.h"

enum { ANSWER_LIMIT = 16 * 1024 * 1024, TIMEOUT = 5 /* seconds */ };

struct socket_options {
    int64_t deadline;
    bool shutdown; /* say that the request is complete; TLS has no way to say so and still listen */
    bool tls;
};

/* --- Connecting */

static enum expand_status connect_to(struct evaluation *ev, struct str name, int64_t deadline, int *fd)
{
    struct error why = ERROR_IN(ev->arena);

    if (str_starts(name, "inet:")) {
        *fd = connect_inet(ev->arena, str_sub(ev->arena, name, 5, name.n), deadline, &why);
        return *fd < 0 ? evaluate_fail(ev, "%.*s", STR_ARG(why.text)) : EXPAND_OK;
    }
    *fd = connect_unix(name, deadline);
    if (*fd < 0)
        return evaluate_fail(ev, "failed to connect to socket %.*s: %s", STR_ARG(name), strerror(errno));
    return EXPAND_OK;
}

/* --- Talking */

static enum expand_status send_request(struct evaluation *ev, struct channel *channel, struct str request,
                                       int64_t deadline)
{
    size_t at = 0;
    while (at < request.n) {
        ssize_t n = channel->write(channel, request.s + at, request.n - at, deadline);
        if (n <= 0)
            return evaluate_fail(ev, "request write to socket failed: %s", strerror(n == -2 ? ETIMEDOUT : errno));
        at += (size_t)n;
    }
    return EXPAND_OK;
}

static enum expand_status read_answer(struct evaluation *ev, struct channel *channel, int64_t deadline,
                                      struct buffer *answer)
{
    for (;;) {
        ssize_t n = channel->read(channel, buffer_room(answer, 4096), 4096, deadline);
        if (n == 0)
            return EXPAND_OK;
        if (n < 0)
            return n == -2 ? evaluate_fail(ev, "socket read timed out")
                           : evaluate_fail(ev, "socket read failed: %s", strerror(errno));
        buffer_added(answer, (size_t)n);
        if (answer->n > ANSWER_LIMIT)
            return evaluate_fail(ev, "socket sends too much");
    }
}

/* 5s:shutdown=no */
static enum expand_status read_options(struct evaluation *ev, struct str text, struct socket_options *options)
{
    struct strlist list;
    struct str option;
    int seconds = TIMEOUT;
    strlist_begin(&list, text, ':');
    if (strlist_next(&list, ev->arena, &option) && option.n > 0 && !interval_parse(option, &seconds))
        return evaluate_fail(ev, "bad time value %.*s", STR_ARG(option));
    options->deadline = deadline_in(seconds);
    while (strlist_next(&list, ev->arena, &option)) {
        if (str_is(option, "shutdown=no") || str_is(option, "shutdown=yes"))
            options->shutdown = str_is(option, "shutdown=yes");
        else if (str_is(option, "tls=no") || str_is(option, "tls=yes"))
            options->tls = str_is(option, "tls=yes");
        /* What is not cached is as if nobody had asked for it; unknown options Exim ignores. */
    }
    return EXPAND_OK;
}

/* The host of inet:host:port, without brackets. */
static struct str host_of(struct arena *arena, struct str name)
{
    ptrdiff_t colon = str_rfind(name, ':');
    bool bracket = name.n > 5 && name.s[5] == '[';
    size_t from = bracket ? 6 : 5, to = colon > 5 ? (size_t)colon - bracket : name.n;
    return str_sub(arena, name, from, to > from ? to - from : 0);
}

/* Puts TLS on the connection; it ends with the arena. */
static enum expand_status start_tls(struct evaluation *ev, struct arena *arena, struct str name, int64_t deadline,
                                    struct channel **channel)
{
    const struct scope_services *services = ev->scope->services;
    struct error why = ERROR_IN(ev->arena);
    if (services == NULL || services->tls == NULL)
        return evaluate_fail(ev, "there is no TLS for readsocket here");
    *channel = services->tls(arena, *channel, host_of(ev->arena, name), deadline, &why);
    return *channel != NULL ? EXPAND_OK : evaluate_fail(ev, "TLS session to %.*s: %.*s", STR_ARG(name), STR_ARG(why.text));
}

static enum expand_status converse(struct evaluation *ev, struct str name, struct str request,
                                   const struct socket_options *options, struct buffer *answer)
{
    struct fd_channel socket;
    struct channel *channel = &socket.channel;
    int fd;
    enum expand_status status = connect_to(ev, name, options->deadline, &fd);
    if (status != EXPAND_OK)
        return status;
    struct arena *arena = arena_new(ARENA_SECRET);
    fd_channel_init(&socket, fd, fd);
    if (options->tls)
        status = start_tls(ev, arena, name, options->deadline, &channel);
    if (status == EXPAND_OK)
        status = send_request(ev, channel, request, options->deadline);
    if (status == EXPAND_OK && options->shutdown && !options->tls)
        shutdown(fd, SHUT_WR);
    if (status == EXPAND_OK)
        status = read_answer(ev, channel, options->deadline, answer);
    arena_free(arena);
    close(fd);
    return status;
}

static void add_answer(struct buffer *out, struct str answer, struct str eol)
{
    for (size_t i = 0; i < answer.n; i++) {
        if (answer.s[i] == '\n' && !str_is_null(eol))
            buffer_add(out, eol);
        else
            buffer_add_char(out, answer.s[i]);
    }
}

static enum expand_status evaluate_readsocket(struct evaluation *ev, const struct item_node *item,
                                              struct buffer *out)
{
    struct str args[4] = {STR_NULL, STR_NULL, STR_NULL, STR_NULL};
    struct socket_options options = {.shutdown = true};
    struct buffer answer = BUFFER_IN(ev->arena);
    enum expand_status status =
        evaluate_arguments(ev, item->args, item->arg_count < 4 ? item->arg_count : 4, args);
    if (status == EXPAND_OK && item->fault != NULL)
        status = evaluate_fault(ev, item->fault);
    if (status == EXPAND_OK)
        status = read_options(ev, args[2], &options);
    if (status != EXPAND_OK)
        return status;
    if (args[0].tainted) {
        log_write(LOG_MAIN | LOG_PANIC, "Tainted filename for search: '%.*s'", STR_ARG(args[0]));
        return evaluate_fail(ev, "failed to connect to socket %.*s: tainted name", STR_ARG(args[0]));
    }
    status = converse(ev, args[0], args[1], &options, &answer);
    if (status == EXPAND_OK)
        add_answer(out, buffer_str(&answer), args[3]);
    else if (item->arg_count > 4)
        status = evaluate_into(ev, item->args[4], out);
    return status;
}

static const struct item_row rows[] = {
    {"readsocket", parse_arguments, 2, 5, NULL, NULL, evaluate_readsocket, SCOPE_FORBID_READSOCKET},
};

const struct item_table item_readsocket_table = ROWS(rows);
