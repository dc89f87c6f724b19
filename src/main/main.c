/* Gatepost: an Exim-compatible submission server. From the command line to the mode it asks for. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/log.h"
#include "base/print.h"
#include "lookups/lookup.h"
#include "main/caller.h"
#include "main/check.h"
#include "main/command_line.h"
#include "main/daemon.h"
#include "main/environment.h"
#include "main/logging.h"
#include "main/modes.h"
#include "main/privileges.h"
#include "main/startup.h"

#include "build_config.h"

static int usage(void)
{
    fputs("Exim is a Mail Transfer Agent. It is normally called by Mail User Agents,\n"
          "not directly from a shell command line. Options and/or arguments control\n"
          "what it does when called. For a list of options, see the Exim documentation.\n",
          stderr);
    return 1;
}

/* Modes that say something about the program or its configuration, or that only pretend, leave the log
 * files alone. */
static enum logging_to logs_to(enum mode mode)
{
    switch (mode) {
    case MODE_DAEMON:
    case MODE_SESSION:
    case MODE_BATCH:
    case MODE_MESSAGE:
    case MODE_LIST:
    case MODE_MANAGE:
    case MODE_RUN:
        return LOGGING_FILES;
    case MODE_REWRITE:
    case MODE_VERIFY:
    case MODE_VERIFY_SENDER:
        return LOGGING_STDERR_DATED;
    default:
        return LOGGING_STDERR;
    }
}

/* Those that are empty or have white space in them in quotes (manual, 53.15: arguments). */
static void log_arguments(const struct program *program, char **argv)
{
    struct buffer line = BUFFER_IN(program->arena);
    int n = 0;

    if (!log_selected(LOG_SEL_arguments) || logs_to(program->cl->mode) != LOGGING_FILES)
        return;
    while (argv[n])
        n++;
    buffer_printf(&line, "cwd=%.*s %d args:", STR_ARG(program->process.initial_cwd), n);
    for (; *argv; argv++) {
        bool quoted = **argv == '\0' || strpbrk(*argv, " \t\n");

        buffer_add_cstr(&line, quoted ? " \"" : " ");
        print_escaped(&line, str_of(*argv), 0);
        if (quoted)
            buffer_add_char(&line, '"');
    }
    log_write_str(LOG_MAIN, buffer_str(&line));
}

/* The environment goes first: the log sink sets TZ in it. */
static bool prepare(struct program *program, struct error *err)
{
    const struct main_options *options = &program->config->main;
    bool purged;

    if (!environment_clean(program->arena, options->keep_environment, options->add_environment, &purged, err) ||
        !logging_begin(program->config, logs_to(program->cl->mode), err))
        return false;
    if (purged && str_is_null(options->keep_environment) && program->cl->mode != MODE_PRINT)
        log_write_lines(LOG_MAIN, STR("Warning: purging the environment.\n Suggested action: use keep_environment."));
    return true;
}

/* commandline_checks_require_admin: only administrators may test. */
static bool may_test(const struct program *program)
{
    const struct main_options *options = &program->config->main;

    if (!options->commandline_checks_require_admin || privileges_of_admin(&program->process, options))
        return true;
    fputs("exim: those command-line flags are set to require admin\n", stderr);
    return false;
}

static int run(struct program **program)
{
    enum mode mode = (*program)->cl->mode;

    if ((mode == MODE_TEST || mode == MODE_EXPAND) && !may_test(*program))
        return 1;
    switch (mode) {
    case MODE_DAEMON:
        return daemon_mode(program);
    case MODE_TEST:
    case MODE_BATCH:
    case MODE_SESSION:
        return session_mode(*program);
    case MODE_EXPAND:
        return expand_mode(*program);
    case MODE_PRINT:
        return print_mode(*program);
    case MODE_RETRY:
        return retry_mode(*program);
    case MODE_REWRITE:
        return rewrite_mode(*program);
    case MODE_ADDRESS_TEST:
    case MODE_VERIFY:
    case MODE_VERIFY_SENDER:
        return address_mode(*program);
    case MODE_VERSION:
        check_config(*program);
        version_print_modules();
        if (!(*program)->cl->config_files)
            printf("Configuration file search path is %s\n", CONFIGURE_FILE);
        printf("Configuration file is %.*s\n", STR_ARG((*program)->config->file));
        return 0;
    case MODE_LIST:
        return list_mode(*program);
    case MODE_MANAGE:
        return manage_mode(*program);
    case MODE_RUN:
        return run_mode(*program);
    case MODE_MESSAGE:
        return message_mode(*program);
    case MODE_ALIASES:
        return alias_mode(*program);
    case MODE_NONE:
    case MODE_INFO:
        break;
    }
    return usage();
}

static int start(const struct command_line *cl, char **argv, struct error *err)
{
    struct program *program;
    struct str log_file_path = STR_NULL;
    int code = 1;

    if (cl->debug && !debug_select(str_of(cl->debug), err)) {
        fprintf(stderr, "exim: %.*s\n", STR_ARG(err->text));
        return 1;
    }
    if (cl->version)
        version_print();
    if (cl->mode == MODE_INFO)
        return info_mode(cl->info);
    if (cl->mode == MODE_NONE)
        return usage();
    program = program_load(cl, &log_file_path, err);
    if (program && prepare(program, err)) {
        log_arguments(program, argv);
        code = caller_identify(program) ? run(&program) : 1;
    } else if (cl->mode == MODE_DAEMON) {
        logging_begin_failed(log_file_path);
        log_write_lines(LOG_PANIC, config_error_text(err->arena, err));
    } else {
        report_error(err, cl->mode);
    }
    search_close();
    program_free(program);
    return code;
}

int main(int argc, char **argv)
{
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct error err = ERROR_IN(arena);
    struct command_line cl;
    int code = 1;

    (void)argc;
    signal(SIGPIPE, SIG_IGN);
    if (command_line_parse(arena, argv, &cl, &err))
        code = start(&cl, argv, &err);
    else
        fprintf(stderr, "%.*s\n", STR_ARG(err.text));
    log_close();
    arena_free(arena);
    return fflush(stdout) == 0 ? code : 1;
}
