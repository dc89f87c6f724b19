/* Log entries for syslog: names of facilities, and splitting what is too long (manual, 53.4). */
#include "base/log.h"
#include "base/log_private.h"

#include <string.h>
#include <syslog.h>

#include "base/buffer.h"

enum { PIECE_MAX = 870 }; /* octets of data, so that with a time stamp a line stays below 1024 */

static const struct {
    const char *name;
    int facility;
} facilities[] = {
    {"mail", LOG_MAIL},     {"user", LOG_USER},     {"news", LOG_NEWS},     {"uucp", LOG_UUCP},
    {"daemon", LOG_DAEMON}, {"local0", LOG_LOCAL0}, {"local1", LOG_LOCAL1}, {"local2", LOG_LOCAL2},
    {"local3", LOG_LOCAL3}, {"local4", LOG_LOCAL4}, {"local5", LOG_LOCAL5}, {"local6", LOG_LOCAL6},
    {"local7", LOG_LOCAL7},
};

bool log_facility_parse(struct str name, int *facility)
{
    for (size_t i = 0; i < sizeof facilities / sizeof *facilities; i++)
        if (str_is(name, facilities[i].name)) {
            *facility = facilities[i].facility;
            return true;
        }
    return false;
}

/* The length of the piece at the front of the rest; *newline: a newline ends it. */
static size_t piece_length(struct str rest, bool *newline)
{
    size_t most = rest.n < PIECE_MAX ? rest.n : PIECE_MAX;
    const char *end = memchr(rest.s, '\n', rest.n < PIECE_MAX + 1 ? rest.n : PIECE_MAX + 1);

    *newline = end != NULL;
    return end != NULL ? (size_t)(end - rest.s) : most;
}

/* Goes through the pieces; emits them when emit is not NULL. Returns how many there are. */
static unsigned for_pieces(struct arena *arena, struct str rest, unsigned total, syslog_piece_fn *emit,
                           void *context)
{
    unsigned count = 0;

    while (rest.n > 0) {
        bool newline;
        size_t n = piece_length(rest, &newline);
        count++;
        if (emit != NULL) {
            struct buffer piece = BUFFER_IN(arena);
            if (total > 1)
                buffer_printf(&piece, "[%u%c%u] ", count, newline ? '\\' : '/', total);
            buffer_add_n(&piece, rest.s, n);
            emit(context, buffer_str(&piece));
        }
        n += newline;
        rest.s += n;
        rest.n -= n;
    }
    return count;
}

void syslog_split(struct arena *arena, struct str entry, syslog_piece_fn *emit, void *context)
{
    while (entry.n > 0 && entry.s[entry.n - 1] == '\n')
        entry.n--;
    for_pieces(arena, entry, for_pieces(arena, entry, 0, NULL, NULL), emit, context);
}
