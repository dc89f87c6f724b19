/* ${readsocket{name}{request}{options}{eol}{fail}} (manual, 11.5). */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/connect.h"
#include "base/log.h"
#include "base/strlist.h"
#include "expand/evaluate.h"
#include "expand/items.h"
#include "expand/parse_item.h"

enum { ANSWER_LIMIT = 16 * 1024 * 1024, TIMEOUT = 5 /* seconds */ };

struct socket_options {
    int64_t deadline;
    bool shutdown; /* say that the request is complete */
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

static enum expand_status send_request(struct evaluation *ev, int fd, struct str request,
                                       const struct socket_options *options)
{
    size_t at = 0;
    while (at < request.n) {
        struct pollfd wanted = {fd, POLLOUT, 0};
        if (poll(&wanted, 1, deadline_left_ms(options->deadline)) != 1)
            return evaluate_fail(ev, "request write to socket failed: %s", strerror(ETIMEDOUT));
        ssize_t n = send(fd, request.s + at, request.n - at, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return evaluate_fail(ev, "request write to socket failed: %s", strerror(errno));
        at += n > 0 ? (size_t)n : 0;
    }
    if (options->shutdown)
        shutdown(fd, SHUT_WR);
    return EXPAND_OK;
}

static enum expand_status read_answer(struct evaluation *ev, int fd, int64_t deadline, struct buffer *answer)
{
    for (;;) {
        struct pollfd wanted = {fd, POLLIN, 0};
        if (poll(&wanted, 1, deadline_left_ms(deadline)) != 1)
            return evaluate_fail(ev, "socket read timed out");
        ssize_t n = read(fd, buffer_room(answer, 4096), 4096);
        if (n == 0)
            return EXPAND_OK;
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return evaluate_fail(ev, "socket read failed: %s", strerror(errno));
        buffer_added(answer, n > 0 ? (size_t)n : 0);
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
        else if (str_is(option, "tls=yes"))
            return evaluate_fail(ev, "tls in readsocket is known to Exim but not supported by gatepost");
        /* What is not cached is as if nobody had asked for it; unknown options Exim ignores. */
    }
    return EXPAND_OK;
}

static enum expand_status converse(struct evaluation *ev, struct str name, struct str request,
                                   const struct socket_options *options, struct buffer *answer)
{
    int fd;
    enum expand_status status = connect_to(ev, name, options->deadline, &fd);
    if (status != EXPAND_OK)
        return status;
    status = send_request(ev, fd, request, options);
    if (status == EXPAND_OK)
        status = read_answer(ev, fd, options->deadline, answer);
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
