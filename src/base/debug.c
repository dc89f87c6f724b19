/* Debugging output on standard error, and the host checks that a test session shows. See log.h. */
#include "base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/log_private.h"
#include "base/selector.h"

#define BIT(name) ((uint64_t)1 << DEBUG_##name)

static const char *const names[] = {
#define X(name, on) #name,
    DEBUG_SELECTORS(X)
#undef X
};

static const uint64_t defaults = 0
#define X(name, on) | (uint64_t)(on) << DEBUG_##name
    DEBUG_SELECTORS(X)
#undef X
    ;

_Static_assert(DEBUG_COUNT < 64, "debug selectors are bits of a uint64_t");

enum { ALL_SELECTORS_SHIFT = 64 - DEBUG_COUNT };

/* What a test session shows: why a host, a sender or a recipient is let in or turned away. */
static const uint64_t host_checks =
    BIT(acl) | BIT(auth) | BIT(dnsbl) | BIT(host_lookup) | BIT(ident) | BIT(lists);

static struct {
    uint64_t selectors;
    bool host_checks; /* a test session */
    int indent;       /* columns */

    char *log_path; /* of the debug log; NULL: there is none, output goes to standard error */
    struct log_file log;
    struct log_owner log_owner;
    uint64_t selectors_without_log;
} state = {.log = LOG_FILE_CLOSED};

static bool parse(struct str text, uint64_t *selectors, struct error *err)
{
    const struct selector_set set = {
        .setting = "debug_selector",
        .names = names,
        .n = DEBUG_COUNT,
        .all = UINT64_MAX >> ALL_SELECTORS_SHIFT & ~BIT(memory) & ~BIT(noutf8),
    };

    *selectors = defaults;
    return selector_parse(&set, text, selectors, err);
}

bool debug_select(struct str text, struct error *err)
{
    uint64_t selectors;

    if (!parse(text, &selectors, err))
        return false;
    state.selectors = selectors;
    return true;
}

void debug_select_none(void)
{
    state.selectors = 0;
}

bool debug_any(void)
{
    return state.selectors != 0;
}

bool debug_detail_on(enum debug_selector selector)
{
    return (state.selectors >> selector & 1) != 0;
}

bool debug_on(enum debug_selector selector)
{
    return debug_detail_on(selector) || (state.host_checks && (host_checks >> selector & 1) != 0);
}

/* What stands in front of a line. */
static void add_prefix(struct buffer *b)
{
    if (!debug_any()) {
        buffer_add_cstr(b, ">>> ");
        return;
    }
    if (debug_detail_on(DEBUG_timestamp)) {
        char text[sizeof "00:00:00 "];
        time_t now = time(NULL);
        struct tm tm;
        localtime_r(&now, &tm);
        strftime(text, sizeof text, "%H:%M:%S ", &tm);
        buffer_add_cstr(b, text);
    }
    if (debug_detail_on(DEBUG_pid))
        buffer_printf(b, "%5ld ", (long)getpid());
}

/* Columns are marked in groups of four, so that the eye can follow them. */
static void add_indent(struct buffer *b)
{
    for (int i = 1; i <= state.indent; i++)
        buffer_add_cstr(b, i % 4 != 0 ? " " : debug_detail_on(DEBUG_noutf8) ? "!" : "\xe2\x95\x8e");
}

static void put(struct str lines)
{
    if (state.log_path == NULL || !log_file_write(&state.log, state.log_path, state.log_owner, lines))
        log_stderr(lines);
}

static void write_lines(struct str text, bool indented)
{
    struct arena *arena = arena_new(ARENA_SECRET);
    struct buffer b = BUFFER_IN(arena);
    bool first = true;

    if (text.n > 0 && text.s[text.n - 1] == '\n')
        text.n--;
    for (bool last = false; !last;) {
        ptrdiff_t newline = str_find(text, '\n');
        size_t n = newline < 0 ? text.n : (size_t)newline;
        add_prefix(&b);
        if (first && indented)
            add_indent(&b);
        first = false;
        log_add_safe(&b, (struct str){text.s, n, text.tainted}, false);
        buffer_add_char(&b, '\n');
        last = newline < 0;
        text.s += n + !last;
        text.n -= n + !last;
    }
    put(buffer_str(&b));
    arena_free(arena);
}

void debug_lines(struct str text)
{
    write_lines(text, false);
}

static __attribute__((format(printf, 1, 0))) void debug_format(const char *format, va_list args)
{
    struct arena *arena = arena_new(ARENA_SECRET);
    struct buffer text = BUFFER_IN(arena);

    buffer_vprintf(&text, format, args);
    write_lines(buffer_str(&text), true);
    arena_free(arena);
}

void debug(enum debug_selector selector, const char *format, ...)
{
    va_list args;

    if (!debug_on(selector))
        return;
    va_start(args, format);
    debug_format(format, args);
    va_end(args);
}

void debug_detail(enum debug_selector selector, const char *format, ...)
{
    va_list args;

    if (!debug_detail_on(selector))
        return;
    va_start(args, format);
    debug_format(format, args);
    va_end(args);
}

void debug_host_checks(bool on)
{
    state.host_checks = on;
}

void debug_indent(int columns)
{
    state.indent += columns;
}

/* --- The debug log */

bool debug_log_start(struct str tag, struct str selectors, struct error *err)
{
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct log_owner owner;
    struct str path = log_debug_path(arena, tag, &owner);
    uint64_t chosen;
    bool good = parse(selectors, &chosen, err);

    if (good && state.log_path == NULL) {
        good = !str_is_null(path) && log_file_write(&state.log, path.s, owner, STR(""));
        if (!good)
            error_set(err, "cannot open the debug log \"%.*s\": %s", STR_ARG(path),
                      str_is_null(path) ? "logs are not files" : strerror(errno));
        else
            state.log_path = strdup(path.s);
        state.log_owner = owner;
        state.selectors_without_log = state.selectors;
    }
    if (good)
        state.selectors = chosen;
    arena_free(arena);
    return good;
}

void debug_log_stop(bool unwanted)
{
    if (state.log_path == NULL)
        return;
    if (unwanted)
        unlink(state.log_path);
    log_file_close(&state.log);
    free(state.log_path);
    state.log_path = NULL;
    state.selectors = state.selectors_without_log;
}
