/* Files of texts: see template_file.h. */
#include "queue/template_file.h"

#include <string.h>

#include "base/log.h"

static void split(struct template_file *file, struct str content)
{
    const char *p = content.s, *end = str_end(content), *begin = p;
    unsigned item = 0;

    while (p < end && item < TEMPLATE_FILE_ITEMS) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        const char *next = lf ? lf + 1 : end;

        if (next - p >= 4 && memcmp(p, "****", 4) == 0 && (next - p == 4 || p[4] == '\n')) {
            file->items[item++] = str_copy_n(file->job->arena, begin, (size_t)(p - begin), false);
            begin = next;
        }
        p = next;
    }
    if (item < TEMPLATE_FILE_ITEMS && begin < end)
        file->items[item] = str_copy_n(file->job->arena, begin, (size_t)(end - begin), false);
}

void template_file_read(struct job *job, const struct template *option, const char *name, struct template_file *file)
{
    struct error err = ERROR_IN(job->arena);
    struct str path, content;

    *file = (struct template_file){.job = job};
    if (!option)
        return;
    if (expand(&job->scope, option, job->arena, &path, &err) != EXPAND_OK) {
        log_write(LOG_MAIN | LOG_PANIC, "expansion of %s failed: %.*s", name, STR_ARG(err.text));
        return;
    }
    if (spool_read(job->arena, path, &content, &err))
        split(file, content);
    else
        log_write(LOG_MAIN | LOG_PANIC, "Failed to open %.*s for %s: %.*s", STR_ARG(path), name, STR_ARG(err.text));
}

bool template_file_item(const struct template_file *file, unsigned n, struct scope *scope, struct buffer *out)
{
    struct error err = ERROR_IN(file->job->arena);
    struct str text;

    if (str_is_empty(file->items[n]))
        return false;
    if (expand_string(scope, file->items[n], file->job->arena, &text, &err) != EXPAND_OK) {
        log_write(LOG_MAIN | LOG_PANIC, "Failed to expand error message: %.*s", STR_ARG(err.text));
        return false;
    }
    buffer_add(out, text);
    return true;
}
