/* From the options about logs to the settings of the log sink (manual, 53.1 and 53.2). */
#include "main/logging.h"

#include "base/arena.h"
#include "base/buffer.h"
#include "base/log.h"
#include "base/strlist.h"

#include "build_config.h"

/* The path with "%s" replaced by the log's name. */
static struct str log_path(struct arena *arena, struct str pattern, const char *name)
{
    struct buffer out = BUFFER_IN(arena);

    for (size_t i = 0; i < pattern.n; i++) {
        if (pattern.s[i] == '%' && pattern.s[i + 1] == 's') {
            buffer_add_cstr(&out, name);
            i++;
        } else {
            buffer_add_char(&out, pattern.s[i]);
        }
    }
    return buffer_str(&out);
}

static bool set_paths(struct arena *arena, struct str pattern, struct log_settings *settings, struct error *err)
{
    for (size_t i = 0; i + 1 < pattern.n; i++) {
        if (pattern.s[i] != '%' || pattern.s[i + 1] == 's')
            continue;
        if (pattern.s[i + 1] == 'D' || pattern.s[i + 1] == 'M')
            return error_set(err, "log_file_path: %%%c is known to Exim but not supported by gatepost",
                             pattern.s[i + 1]);
        return error_set(err, "log_file_path path \"%.*s\" has a %% that is not part of %%s", STR_ARG(pattern));
    }
    if (!str_starts(pattern, "/"))
        return error_set(err, "log_file_path path \"%.*s\" is not absolute", STR_ARG(pattern));
    settings->main_path = log_path(arena, pattern, "main");
    settings->reject_path = log_path(arena, pattern, "reject");
    settings->panic_path = log_path(arena, pattern, "panic");
    settings->debug_path = log_path(arena, pattern, "debug");
    return true;
}

/* log_file_path is a list: a path, the word syslog, or an empty item for the built-in path. */
static bool parse_log_file_path(struct arena *arena, const struct config *config, struct log_settings *settings,
                                struct error *err)
{
    struct str built_in = sizeof LOG_FILE_PATH > 1
                              ? str_of(LOG_FILE_PATH)
                              : str_join(arena, config->main.spool_directory, STR("/log/%slog"));
    struct strlist it;
    struct str item;
    bool any = false;

    strlist_begin(&it, config->main.log_file_path, ':');
    while (strlist_next(&it, arena, &item)) {
        if (str_is(item, "syslog")) {
            settings->to_syslog = true;
        } else if (!str_is_null(settings->main_path) && !str_is_empty(item)) {
            return error_set(err, "more than one path given in log_file_path");
        } else if (!set_paths(arena, str_is_empty(item) ? built_in : item, settings, err)) {
            return false;
        }
        any = true;
    }
    return any || set_paths(arena, built_in, settings, err);
}

bool logging_begin(const struct config *config, bool to_stderr, struct error *err)
{
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct log_settings settings = {
        .to_stderr = to_stderr,
        .owner = config->main.exim_user.id,
        .group = config->main.exim_group.id,
        .millisec = config->log_selectors >> LOG_SEL_millisec & 1,
        .pid = config->log_selectors >> LOG_SEL_pid & 1,
        .write_rejectlog = config->main.write_rejectlog,
        .timezone = config->main.timezone,
        .log_timezone = config->main.log_timezone,
        .selectors = config->log_selectors,
        .syslog_facility = config->main.syslog_facility,
        .syslog_process_name = config->main.syslog_processname,
        .syslog_pid = config->main.syslog_pid,
        .syslog_timestamp = config->main.syslog_timestamp,
        .syslog_duplication = config->main.syslog_duplication,
    };
    bool ok = parse_log_file_path(arena, config, &settings, err);

    if (ok)
        log_configure(&settings);
    arena_free(arena);
    return ok;
}
