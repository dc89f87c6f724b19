/* The log sink: settings, the form of a line, and which logs it goes to. See log.h. */
#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/log_private.h"
#include "base/print.h"

enum stream_index { MAIN, REJECT, PANIC, STREAMS };

static const struct {
    enum log_to bit;
    const char *name, *label;
    int priority;
} streams[STREAMS] = {
    [MAIN] = {LOG_MAIN, "main", "MAIN", LOG_INFO},
    [REJECT] = {LOG_REJECT, "reject", "REJECT", LOG_NOTICE},
    [PANIC] = {LOG_PANIC, "panic", "PANIC", LOG_ALERT},
};

/* Octets of "2026-11-21 00:10:11 ", which a line on standard error goes without. */
enum { STAMP_LENGTH = 20 };

/* Octets of a message id. */
enum { LOG_MESSAGE_ID = 23 };

static struct {
    struct arena *settings_arena; /* holds the strings of settings */
    struct arena *line_arena;     /* for the line being written */
    struct log_settings settings;
    struct log_file files[STREAMS];
    bool complained[STREAMS];     /* about a file that cannot be written; until it can */
    bool syslog_open;
    char message[LOG_MESSAGE_ID + 2]; /* id of the message at hand and a space, or empty */
} sink = {.files = {LOG_FILE_CLOSED, LOG_FILE_CLOSED, LOG_FILE_CLOSED}};

/* One entry, in its parts. */
struct entry {
    struct str stamp; /* with a space behind */
    struct str pid;   /* likewise, or empty */
    struct str text;
    struct str more;  /* further lines for the reject log, or empty */
};

/* --- Settings */

/* The environment's TZ is what the C library takes the zone from. */
static void set_timezone(struct str zone)
{
    if (str_is_null(zone))
        return;
    if (str_is_empty(zone))
        unsetenv("TZ");
    else
        setenv("TZ", zone.s, 1);
    tzset();
}

void log_configure(const struct log_settings *settings)
{
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct log_settings copy = *settings;

    copy.main_path = str_copy(arena, copy.main_path);
    copy.reject_path = str_copy(arena, copy.reject_path);
    copy.panic_path = str_copy(arena, copy.panic_path);
    copy.debug_path = str_copy(arena, copy.debug_path);
    copy.timezone = str_copy(arena, copy.timezone);
    copy.syslog_facility = str_copy(arena, copy.syslog_facility);
    copy.syslog_process_name = str_copy(arena, copy.syslog_process_name);
    log_close();
    sink.settings = copy;
    sink.settings_arena = arena;
    set_timezone(copy.timezone);
}

bool log_selected(enum log_selector selector)
{
    return (sink.settings.selectors >> selector & 1) != 0;
}

void log_close(void)
{
    for (int i = 0; i < STREAMS; i++) {
        log_file_close(&sink.files[i]);
        sink.complained[i] = false;
    }
    if (sink.syslog_open)
        closelog();
    sink.syslog_open = false;
    sink.settings = (struct log_settings){0};
    arena_free(sink.settings_arena);
    arena_free(sink.line_arena);
    sink.settings_arena = sink.line_arena = NULL;
}

/* --- The form of an entry */

void log_add_safe(struct buffer *b, struct str text, bool newlines)
{
    while (text.n > 0) {
        ptrdiff_t newline = newlines ? str_find(text, '\n') : -1;
        size_t n = newline < 0 ? text.n : (size_t)newline;
        print_escaped(b, (struct str){text.s, n, text.tainted}, PRINT_8BIT);
        if (newline >= 0) {
            buffer_add_char(b, '\n');
            n++;
        }
        text.s += n;
        text.n -= n;
    }
}

static struct str time_stamp(struct arena *arena)
{
    struct buffer b = BUFFER_IN(arena);
    char text[sizeof "2026-11-21 00:10:11 +0000" + 16]; /* years grow */
    struct timeval now;
    struct tm tm;

    gettimeofday(&now, NULL);
    localtime_r(&now.tv_sec, &tm);
    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &tm);
    buffer_add_cstr(&b, text);
    if (sink.settings.millisec)
        buffer_printf(&b, ".%03d", (int)(now.tv_usec / 1000));
    if (sink.settings.log_timezone) {
        strftime(text, sizeof text, " %z", &tm);
        buffer_add_cstr(&b, text);
    }
    buffer_add_char(&b, ' ');
    return buffer_str(&b);
}

static struct entry entry_make(struct arena *arena, struct str text, bool newlines, struct str more)
{
    struct buffer safe_text = BUFFER_IN(arena), safe_more = BUFFER_IN(arena);

    buffer_add_cstr(&safe_text, sink.message);
    log_add_safe(&safe_text, text, newlines);
    log_add_safe(&safe_more, more, true);
    if (safe_more.n > 0 && safe_more.s[safe_more.n - 1] != '\n')
        buffer_add_char(&safe_more, '\n');
    return (struct entry){
        .stamp = time_stamp(arena),
        .pid = sink.settings.pid ? str_printf(arena, "[%ld] ", (long)getpid()) : STR(""),
        .text = buffer_str(&safe_text),
        .more = buffer_str(&safe_more),
    };
}

/* The whole entry as a file gets it. */
static struct str entry_lines(struct arena *arena, const struct entry *e, bool with_more)
{
    struct buffer b = BUFFER_IN(arena);

    buffer_add(&b, e->stamp);
    buffer_add(&b, e->pid);
    buffer_add(&b, e->text);
    buffer_add_char(&b, '\n');
    if (with_more)
        buffer_add(&b, e->more);
    return buffer_str(&b);
}

/* --- Where it goes */

void log_stderr(struct str text)
{
    while (text.n > 0) {
        ssize_t put = write(STDERR_FILENO, text.s, text.n);
        if (put < 0 && errno != EINTR)
            return; /* there is nobody left to tell */
        if (put > 0) {
            text.s += put;
            text.n -= (size_t)put;
        }
    }
}

/* For a tester: on standard error, with the logs' names when debugging, else without date and time. */
static void show(struct arena *arena, unsigned to, const struct entry *e)
{
    struct buffer b = BUFFER_IN(arena);

    if (!debug_any() && sink.settings.stderr_dated) {
        log_stderr(entry_lines(arena, e, false));
        return;
    }
    if (!debug_any()) {
        struct str line = entry_lines(arena, e, false);
        buffer_add_cstr(&b, "LOG: ");
        buffer_add_n(&b, line.s + STAMP_LENGTH, line.n - STAMP_LENGTH);
        log_stderr(buffer_str(&b));
        return;
    }
    static const enum stream_index order[] = {MAIN, PANIC, REJECT};
    buffer_add_cstr(&b, "LOG:");
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        if ((to & streams[order[i]].bit) != 0)
            buffer_printf(&b, " %s", streams[order[i]].label);
    buffer_printf(&b, "\n  %s\n", e->text.s);
    debug_lines(buffer_str(&b));
}

struct str log_debug_path(struct arena *arena, struct str tag, struct log_owner *owner)
{
    *owner = (struct log_owner){sink.settings.owner, sink.settings.group};
    if (str_is_empty(sink.settings.debug_path))
        return STR_NULL;
    return str_join(arena, log_file_name(arena, sink.settings.debug_path), tag);
}

static void open_syslog(void)
{
    struct str name = sink.settings.syslog_process_name;
    int facility;

    if (sink.syslog_open)
        return;
    if (!log_facility_parse(sink.settings.syslog_facility, &facility))
        facility = LOG_MAIL;
    openlog(str_is_empty(name) ? "exim" : name.s, LOG_PID | LOG_CONS, facility);
    sink.syslog_open = true;
}

static void emit_syslog(void *priority, struct str piece)
{
    syslog(*(const int *)priority, "%s", piece.s);
}

/* The streams whose copies syslog gets: without duplication, the weightiest only. */
static unsigned syslog_streams(unsigned to)
{
    if (sink.settings.syslog_duplication || (to & LOG_MAIN) == 0)
        return to;
    return (to & (LOG_REJECT | LOG_PANIC)) != 0 ? to & ~(unsigned)LOG_MAIN : to;
}

static void write_syslog(struct arena *arena, unsigned to, const struct entry *e)
{
    unsigned wanted = syslog_streams(to);
    struct entry bare = *e;

    open_syslog();
    if (!sink.settings.syslog_timestamp)
        bare.stamp = STR("");
    if (!sink.settings.syslog_pid)
        bare.pid = STR("");
    for (int i = 0; i < STREAMS; i++)
        if ((wanted & streams[i].bit) != 0) {
            int priority = streams[i].priority;
            syslog_split(arena, entry_lines(arena, &bare, i == REJECT), emit_syslog, &priority);
        }
}

static struct str path_of(enum stream_index i)
{
    const struct log_settings *s = &sink.settings;

    return i == MAIN ? s->main_path : i == REJECT ? s->reject_path : s->panic_path;
}

static bool write_file(struct arena *arena, enum stream_index i, struct str lines)
{
    struct str path = path_of(i);

    if (str_is_empty(path))
        return true;
    const struct log_owner owner = {sink.settings.owner, sink.settings.group};
    bool written = log_file_write(&sink.files[i], log_file_name(arena, path).s, owner, lines);
    if (written)
        sink.complained[i] = false;
    return written;
}

/* The last resort: whoever reads the system log. */
static void write_panic(struct arena *arena, struct str lines)
{
    int priority = LOG_CRIT;

    if (write_file(arena, PANIC, lines))
        return;
    open_syslog();
    syslog_split(arena, lines, emit_syslog, &priority);
}

/* A line that cannot be written where it belongs goes to the panic log, the first time with the reason. */
static void divert(struct arena *arena, enum stream_index i, struct str lines)
{
    int error = errno;

    write_panic(arena, lines);
    if (str_is_empty(path_of(PANIC)) && !sink.settings.to_syslog)
        log_stderr(lines);
    if (sink.complained[i])
        return;
    sink.complained[i] = true;
    struct str path = log_file_name(arena, path_of(i));
    struct str text =
        str_printf(arena, "Cannot open %s log file \"%.*s\": %s: euid=%ld egid=%ld", streams[i].name,
                   STR_ARG(path), strerror(error), (long)geteuid(), (long)getegid());
    struct entry complaint = entry_make(arena, text, false, STR(""));
    struct str line = entry_lines(arena, &complaint, false);
    write_panic(arena, line);
    log_stderr(line);
}

static void write_files(struct arena *arena, unsigned to, const struct entry *e)
{
    for (int i = 0; i < STREAMS; i++) {
        if ((to & streams[i].bit) == 0)
            continue;
        struct str lines = entry_lines(arena, e, i == REJECT);
        if (i == PANIC)
            write_panic(arena, lines);
        else if (!write_file(arena, (enum stream_index)i, lines))
            divert(arena, (enum stream_index)i, lines);
    }
}

static void write_entry(unsigned to, struct str text, bool newlines, struct str more)
{
    int error = errno; /* callers log between a failure and its handling */

    if (sink.line_arena == NULL)
        sink.line_arena = arena_new(ARENA_PLAIN);
    struct arena *arena = sink.line_arena;
    struct entry e = entry_make(arena, text, newlines, more);
    if (sink.settings.to_stderr || debug_any())
        show(arena, to, &e);
    if (!sink.settings.to_stderr) {
        if ((to & LOG_PANIC) != 0 && !debug_any())
            log_stderr(entry_lines(arena, &e, false));
        if (!sink.settings.write_rejectlog)
            to &= ~(unsigned)LOG_REJECT;
        if (sink.settings.to_syslog)
            write_syslog(arena, to, &e);
        write_files(arena, to, &e);
    }
    arena_reset(arena);
    errno = error;
}

void log_write_str(unsigned to, struct str text)
{
    write_entry(to, text, false, STR(""));
}

void log_write_lines(unsigned to, struct str text)
{
    write_entry(to, text, true, STR(""));
}

void log_set_message(struct str id)
{
    size_t n = id.n < LOG_MESSAGE_ID ? id.n : LOG_MESSAGE_ID;

    if (n > 0) {
        memcpy(sink.message, id.s, n);
        sink.message[n++] = ' ';
    }
    sink.message[n] = '\0';
}

void log_write_more(unsigned to, struct str text, struct str more)
{
    write_entry(to, text, false, more);
}

void log_write(unsigned to, const char *format, ...)
{
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct buffer text = BUFFER_IN(arena);
    va_list args;

    va_start(args, format);
    buffer_vprintf(&text, format, args);
    va_end(args);
    log_write_str(to, buffer_str(&text));
    arena_free(arena);
}
