/* Debugging output on standard error, and the host checks that a test session shows. See log.h. */
#include "base/log.h"

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
static const uint64_t host_checks = BIT(acl) | BIT(auth) | BIT(dnsbl) | BIT(host_lookup) | BIT(ident) | BIT(lists);

static struct {
    uint64_t selectors;
    bool host_checks; /* a test session */
} state;

bool debug_select(struct str text, struct error *err)
{
    const struct selector_set set = {
        .setting = "debug_selector",
        .names = names,
        .n = DEBUG_COUNT,
        .all = UINT64_MAX >> ALL_SELECTORS_SHIFT & ~BIT(memory) & ~BIT(noutf8),
    };
    uint64_t selectors = defaults;

    if (!selector_parse(&set, text, &selectors, err))
        return false;
    state.selectors = selectors;
    return true;
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

void debug_lines(struct str text)
{
    struct arena *arena = arena_new(ARENA_SECRET);
    struct buffer b = BUFFER_IN(arena);

    if (text.n > 0 && text.s[text.n - 1] == '\n')
        text.n--;
    for (bool last = false; !last;) {
        ptrdiff_t newline = str_find(text, '\n');
        size_t n = newline < 0 ? text.n : (size_t)newline;
        add_prefix(&b);
        log_add_safe(&b, (struct str){text.s, n, text.tainted}, false);
        buffer_add_char(&b, '\n');
        last = newline < 0;
        text.s += n + !last;
        text.n -= n + !last;
    }
    log_stderr(buffer_str(&b));
    arena_free(arena);
}

static __attribute__((format(printf, 1, 0))) void debug_format(const char *format, va_list args)
{
    struct arena *arena = arena_new(ARENA_SECRET);
    struct buffer text = BUFFER_IN(arena);

    buffer_vprintf(&text, format, args);
    debug_lines(buffer_str(&text));
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
