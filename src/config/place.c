/* Places in the configuration's files, for whoever finds fault with a value later. */
#include <string.h>

#include "config/config.h"

/* The logical line that ends there. */
static const struct source_line *find_line(const struct config *config, struct source_pos where)
{
    for (size_t i = 0; where.file && i < config->text.n; i++) {
        const struct source_line *line = &config->text.v[i];

        if (line->where.line == where.line && line->part_count > 0 && strcmp(line->where.file, where.file) == 0)
            return line;
    }
    return NULL;
}

struct config_place config_place(const struct config *config, struct source_pos where, struct str value,
                                 size_t offset)
{
    struct config_place place = {.where = where, .line = value, .caret = offset};
    const struct source_line *line = find_line(config, where);
    const char *hit = line ? memmem(line->text.s, line->text.n, value.s, value.n) : NULL;
    size_t part, at, end;

    if (!hit)
        return place;
    at = (size_t)(hit - line->text.s) + offset;
    part = line->part_count - 1;
    while (part > 0 && line->parts[part].offset > at)
        part--;
    end = part + 1 < line->part_count ? line->parts[part + 1].offset : line->text.n;
    place.where = line->parts[part].where;
    place.caret = at - line->parts[part].offset;
    place.line = (struct str){line->text.s + line->parts[part].offset, end - line->parts[part].offset, false};
    if (line->parts[part].column > 0)
        place.column = line->parts[part].column + (unsigned)place.caret;
    return place;
}
