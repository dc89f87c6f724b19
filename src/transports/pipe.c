/* The pipe transport (manual, chapter 29): a command that reads the message. */
#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/strlist.h"
#include "expand/expand.h"
#include "transports/exit_status.h"
#include "transports/pipe.h"

/* --- The message */

static bool is_default(const struct template *t, const char *source)
{
    return t && str_is(template_source(t), source);
}

static struct local_message_options message_options(const struct pipe_config *c)
{
    static const char prefix[] = "From ${if def:return_path{$return_path}{MAILER-DAEMON}} ${tod_bsdinbox}\\n";
    struct local_message_options options = {
        .prefix = c->message_prefix,
        .suffix = c->message_suffix,
        .check_string = str_is_null(c->escape_string) ? STR("") : c->check_string,
        .escape_string = c->escape_string,
        .use_bsmtp = c->use_bsmtp,
        .use_crlf = c->use_crlf,
    };

    if (c->use_bsmtp && is_default(options.prefix, prefix))
        options.prefix = NULL;
    if (c->use_bsmtp && is_default(options.suffix, "\\n"))
        options.suffix = NULL;
    return options;
}

/* --- What came of it */

static bool is_temporary(const struct pipe_run *run, int code)
{
    struct strlist it;
    struct str item;

    if (str_is(run->config->temp_errors, "*"))
        return true;
    strlist_begin(&it, run->config->temp_errors, ':');
    while (strlist_next(&it, run->delivery->arena, &item))
        if (str_is(item, str_printf(run->delivery->arena, "%d", code).s))
            return true;
    return false;
}

static struct str joined(struct pipe_run *run)
{
    struct buffer b = BUFFER_IN(run->delivery->arena);

    for (char **word = run->argv; *word; word++) {
        bool quote = strpbrk(*word, " \t") || !**word;

        buffer_printf(&b, "%s%s%s%s", word == run->argv ? "" : " ", quote ? "\"" : "", *word, quote ? "\"" : "");
    }
    return buffer_str(&b);
}

static void log_output(struct pipe_run *run)
{
    const struct mail_recipient *r = run->delivery->recipients;
    struct str line = buffer_str(&run->output);
    ptrdiff_t lf = str_find(line, '\n');

    if (lf >= 0)
        line.n = (size_t)lf;
    log_write(LOG_MAIN, "<%.*s>: %.*s transport output: %.*s", STR_ARG(r->address),
              STR_ARG(run->delivery->transport->instance.name), STR_ARG(line));
}

static void settle(struct pipe_run *run, enum mail_result result, int error, struct str message)
{
    const struct pipe_config *c = run->config;
    bool output = run->output.n > 0, bounce = str_is_empty(run->delivery->message->sender);
    bool returned = output && !bounce && (c->return_output || (c->return_fail_output && result == MAIL_FAIL));

    if (output && (c->log_output || (c->log_fail_output && result == MAIL_FAIL) ||
                   (c->log_defer_output && result == MAIL_DEFER)))
        log_output(run);
    if (output && !bounce && c->return_output && result != MAIL_FAIL) {
        result = MAIL_FAIL;
        error = 0;
        message = STR("return message generated");
    }
    delivery_result(run->delivery, result, error, message);
    if (result != MAIL_OK && !c->return_output)
        for (struct mail_recipient *r = run->delivery->recipients; r; r = r->next)
            r->user_message = STR("local delivery failed");
    if (returned)
        run->delivery->recipients->transport_return_message = buffer_str(&run->output);
    for (struct mail_recipient *r = run->delivery->recipients; r; r = r->next)
        r->octets = run->delivery->scope->message->size;
}

static void freeze(struct pipe_run *run, struct str message)
{
    settle(run, MAIL_DEFER, 0, message);
    for (struct mail_recipient *r = run->delivery->recipients; r; r = r->next)
        r->special = true;
}

static void exited(struct pipe_run *run, int code)
{
    struct str name = run->delivery->transport->instance.name;
    struct str message = str_printf(run->delivery->arena, "Child process of %.*s transport returned %d%.*s from command: %s",
                                    STR_ARG(name), code, STR_ARG(exit_status_meaning(run->delivery->arena, code)),
                                    run->argv[0]);

    if (code == 127 && run->config->freeze_exec_fail)
        freeze(run, message);
    else if (code == 0 || run->config->ignore_status)
        settle(run, MAIL_OK, 0, STR_NULL);
    else
        settle(run, is_temporary(run, code) ? MAIL_DEFER : MAIL_FAIL, 0, message);
}

static void killed(struct pipe_run *run, int number)
{
    struct str message = str_printf(run->delivery->arena,
                                    "Child process of %.*s transport (running command \"%.*s\") was terminated by "
                                    "signal %d (%s)",
                                    STR_ARG(run->delivery->transport->instance.name), STR_ARG(joined(run)), number,
                                    strsignal(number));

    if (run->config->freeze_signal)
        freeze(run, message);
    else if (run->config->ignore_status)
        settle(run, MAIL_OK, 0, STR_NULL);
    else
        settle(run, MAIL_FAIL, 0, message);
}

static void deliver(struct delivery *delivery)
{
    struct pipe_run run = {
        .delivery = delivery,
        .config = delivery->transport->instance.config,
        .output = {.arena = delivery->arena, .tainted = true},
    };
    struct local_message_options options = message_options(run.config);
    struct error err = ERROR_IN(delivery->arena);
    enum mail_result result = MAIL_DEFER;
    int code = 0;

    if (!pipe_command(&run, &result, &err)) {
        delivery_result(delivery, result, 0, err.text);
        return;
    }
    if (!local_message_prepare(&run.message, delivery, &options, &err)) {
        delivery_result(delivery, MAIL_PANIC, 0, err.text);
        return;
    }
    switch (pipe_execute(&run, &code, &err)) {
    case PIPE_EXITED:
        exited(&run, code);
        break;
    case PIPE_KILLED:
        killed(&run, code);
        break;
    case PIPE_TIMEOUT:
        settle(&run, run.config->timeout_defer ? MAIL_DEFER : MAIL_FAIL, 0, STR("pipe delivery process timed out"));
        break;
    case PIPE_FAILED:
        delivery_result(delivery, MAIL_DEFER, errno, err.text);
        break;
    }
}

static bool init(struct transport_instance *transport, struct error *err)
{
    const struct pipe_config *c = transport->instance.config;

    if (c->use_shell && (c->restrict_to_path || c->allow_commands))
        return error_set(err, "both allow_commands and restrict_to_path are incompatible with use_shell in the %.*s "
                              "transport",
                         STR_ARG(transport->instance.name));
    if (c->return_fail_output && c->return_output)
        return error_set(err, "both return_output and return_fail_output set for %.*s transport",
                         STR_ARG(transport->instance.name));
    if (c->log_fail_output && c->log_output)
        return error_set(err, "both log_output and log_fail_output set for the %.*s transport",
                         STR_ARG(transport->instance.name));
    return true;
}

extern const struct transport_driver transport_driver_pipe;
const struct transport_driver transport_driver_pipe = {
    .info = {.name = "pipe",
             .options = pipe_options,
             .option_count = PIPE_OPTION_COUNT,
             .config_size = sizeof(struct pipe_config)},
    .local = true,
    .init = init,
    .deliver = deliver,
};
