/* ${readfile{name}{eol}} (manual, 11.5). */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "expand/evaluate.h"
#include "expand/items.h"
#include "expand/parse_item.h"

/* More than anybody puts into a string on purpose. */
enum { FILE_LIMIT = 16 * 1024 * 1024 };

/* Reads it all, with the newlines replaced by eol unless that is STR_NULL. */
static bool read_all(FILE *file, struct str eol, struct buffer *out)
{
    char block[8192];
    size_t n, before = out->n;
    while ((n = fread(block, 1, sizeof block, file)) > 0 && out->n - before < FILE_LIMIT) {
        const char *p = block, *end = block + n;
        while (!str_is_null(eol) && p < end) {
            const char *newline = memchr(p, '\n', (size_t)(end - p));
            if (newline == NULL)
                break;
            buffer_add_n(out, p, (size_t)(newline - p));
            buffer_add(out, eol);
            p = newline + 1;
        }
        buffer_add_n(out, p, (size_t)(end - p));
    }
    return out->n - before < FILE_LIMIT;
}

static enum expand_status cannot_open(struct evaluation *ev, struct str name, int why)
{
    struct str ids = STR("");
    if (why == EACCES)
        ids = str_printf(ev->arena, " (euid=%u egid=%u)", (unsigned)geteuid(), (unsigned)getegid());
    return evaluate_fail(ev, "failed to open %.*s: %s%.*s", STR_ARG(name), strerror(why), STR_ARG(ids));
}

static enum expand_status apply_readfile(struct evaluation *ev, const struct str *args, unsigned n,
                                         struct buffer *out)
{
    if (args[0].tainted) {
        log_write(LOG_MAIN | LOG_PANIC, "Tainted filename '%.*s'", STR_ARG(args[0]));
        return cannot_open(ev, args[0], EACCES);
    }
    FILE *file = fopen(args[0].s, "re");
    if (file == NULL)
        return cannot_open(ev, args[0], errno);
    bool good = read_all(file, n > 1 ? args[1] : STR_NULL, out);
    fclose(file);
    return good ? EXPAND_OK : evaluate_fail(ev, "file %.*s is too big to be read", STR_ARG(args[0]));
}

static const struct item_row rows[] = {
    {"readfile", parse_arguments, 1, 2, apply_readfile, NULL, NULL, SCOPE_FORBID_READFILE},
};

const struct item_table item_file_table = ROWS(rows);
