/* From the options about logs to the settings of the log sink (manual, 53.1 and 53.2). */
#include "main/logging.h"

#include <string.h>

#include "base/arena.h"
#include "base/ascii.h"
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

/* Without %D and %M, and without the one character that set the date apart (manual, 53.3). */
static struct str undated(struct arena *arena, struct str path)
{
    struct buffer out = BUFFER_IN(arena);

    for (size_t i = 0; i < path.n; i++) {
        if (path.s[i] != '%' || (path.s[i + 1] != 'D' && path.s[i + 1] != 'M')) {
            buffer_add_char(&out, path.s[i]);
            continue;
        }
        i++;
        if (out.n > 0 && out.s[out.n - 1] == '/') {
            if (i + 1 < path.n && !ascii_is_alnum(path.s[i + 1]))
                i++;
        } else if (out.n > 0 && !ascii_is_alnum(out.s[out.n - 1])) {
            buffer_cut(&out, out.n - 1);
        }
    }
    return buffer_str(&out);
}

static bool set_paths(struct arena *arena, struct str pattern, struct log_settings *settings, struct error *err)
{
    bool named = false;

    for (size_t i = 0; i + 1 < pattern.n; i++) {
        if (pattern.s[i] != '%')
            continue;
        named = named || pattern.s[i + 1] == 's';
        if (!strchr("sDM", pattern.s[i + 1]))
            return error_set(err, "log_file_path \"%.*s\" has a %% that is not part of %%s, %%D or %%M",
                             STR_ARG(pattern));
    }
    if (!named)
        return error_set(err, "log_file_path \"%.*s\" does not contain \"%%s\"", STR_ARG(pattern));
    if (!str_starts(pattern, "/"))
        return error_set(err, "log_file_path \"%.*s\" is not an absolute path", STR_ARG(pattern));
    settings->main_path = log_path(arena, pattern, "main");
    settings->reject_path = log_path(arena, pattern, "reject");
    settings->panic_path = undated(arena, log_path(arena, pattern, "panic"));
    settings->debug_path = undated(arena, log_path(arena, pattern, "debug"));
    return true;
}

/* The path that an empty item stands for: the build's, else one below the spool. */
static struct str default_path(struct arena *arena, struct str spool_directory)
{
    struct strlist it;
    struct str item;

    strlist_begin(&it, STR(LOG_FILE_PATH), ':');
    while (strlist_next(&it, arena, &item))
        if (!str_is_empty(item) && !str_is(item, "syslog"))
            return item;
    return str_join(arena, spool_directory, STR("/log/%slog"));
}

/* log_file_path is a list of a path, or an empty item for the default one, and the word syslog. */
static bool parse_log_file_path(struct arena *arena, const struct config *config, struct log_settings *settings,
                                struct error *err)
{
    struct strlist it;
    struct str item;
    bool any = false;

    strlist_begin(&it, config->main.log_file_path, ':');
    while (strlist_next(&it, arena, &item)) {
        if (str_is(item, "syslog"))
            settings->to_syslog = true;
        else if (!str_is_null(settings->main_path))
            return error_set(err, "more than one path given in log_file_path");
        else if (!set_paths(arena, str_is_empty(item) ? default_path(arena, config->main.spool_directory) : item,
                            settings, err))
            return false;
        any = true;
    }
    return any || set_paths(arena, str_join(arena, config->main.spool_directory, STR("/log/%slog")), settings, err);
}

bool logging_begin(const struct config *config, enum logging_to to, struct error *err)
{
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct log_settings settings = {
        .to_stderr = to != LOGGING_FILES,
        .stderr_dated = to == LOGGING_STDERR_DATED,
        .owner = config->main.exim_user.id,
        .group = config->main.exim_group.id,
        .millisec = config->log_selectors >> LOG_SEL_millisec & 1,
        .pid = config->log_selectors >> LOG_SEL_pid & 1,
        .write_rejectlog = config->main.write_rejectlog,
        /* Unset means the system's zone, whatever the caller's TZ says. */
        .timezone = str_is_null(config->main.timezone) ? STR("") : config->main.timezone,
        .log_timezone = config->main.log_timezone,
        .selectors = config->log_selectors,
        .syslog_facility = config->main.syslog_facility,
        .syslog_process_name = config->main.syslog_processname,
        .syslog_pid = config->main.syslog_pid,
        .syslog_timestamp = config->main.syslog_timestamp,
        .syslog_duplication = config->main.syslog_duplication,
    };
    int facility;
    bool ok = parse_log_file_path(arena, config, &settings, err);

    if (ok && !str_is_empty(settings.syslog_facility) && !log_facility_parse(settings.syslog_facility, &facility))
        ok = error_set(err, "syslog_facility: unknown facility \"%.*s\"", STR_ARG(settings.syslog_facility));
    if (ok)
        log_configure(&settings);
    arena_free(arena);
    return ok;
}

void logging_begin_failed(struct str log_file_path)
{
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct log_settings found = {.to_syslog = false}, settings = {.to_syslog = false};
    struct strlist it;
    struct str item;

    strlist_begin(&it, log_file_path, ':');
    while (strlist_next(&it, arena, &item))
        if (!str_is_empty(item) && !str_is(item, "syslog") && set_paths(arena, item, &found, NULL))
            settings.panic_path = found.panic_path;
    log_configure(&settings);
    arena_free(arena);
}
