/* Taking JSON apart: see json.h. */
#include "expand/json.h"

#include "base/ascii.h"

static enum json_begin begin(struct json_reader *reader, struct str text, char opening, char closing)
{
    size_t from = 0, to = text.n;
    while (from < to && ascii_is_space(text.s[from]))
        from++;
    while (to > from && ascii_is_space(text.s[to - 1]))
        to--;
    if (from == to || text.s[from] != opening)
        return JSON_NO_OPENING;
    if (to - from < 2 || text.s[to - 1] != closing)
        return JSON_NO_CLOSING;
    *reader = (struct json_reader){text, from + 1, to - 1};
    return JSON_GOOD;
}

enum json_begin json_begin_array(struct json_reader *reader, struct str text)
{
    return begin(reader, text, '[', ']');
}

enum json_begin json_begin_object(struct json_reader *reader, struct str text)
{
    return begin(reader, text, '{', '}');
}

/* The end of the value at `at`: the first comma (or other `stop`) that is in no string, array or object. */
static size_t value_end(const struct json_reader *reader, size_t at, char stop)
{
    unsigned depth = 0;
    bool quoted = false;
    for (; at < reader->end; at++) {
        char c = reader->text.s[at];
        if (quoted && c == '\\' && at + 1 < reader->end)
            at++;
        else if (c == '"')
            quoted = !quoted;
        else if (quoted)
            continue;
        else if (c == '[' || c == '{')
            depth++;
        else if ((c == ']' || c == '}') && depth > 0)
            depth--;
        else if (c == stop && depth == 0)
            break;
    }
    return at;
}

static struct str trimmed(const struct json_reader *reader, struct arena *arena, size_t from, size_t to)
{
    return str_trim(arena, str_sub(arena, reader->text, from, to - from));
}

bool json_next_element(struct json_reader *reader, struct arena *arena, struct str *element)
{
    while (reader->at < reader->end && ascii_is_space(reader->text.s[reader->at]))
        reader->at++;
    if (reader->at >= reader->end)
        return false;
    size_t to = value_end(reader, reader->at, ',');
    *element = trimmed(reader, arena, reader->at, to);
    reader->at = to + 1;
    return true;
}

bool json_next_member(struct json_reader *reader, struct arena *arena, struct str *name, struct str *value)
{
    while (reader->at < reader->end && ascii_is_space(reader->text.s[reader->at]))
        reader->at++;
    if (reader->at >= reader->end)
        return false;
    size_t colon = value_end(reader, reader->at, ':');
    *name = json_unquote(arena, trimmed(reader, arena, reader->at, colon));
    size_t from = colon < reader->end ? colon + 1 : colon;
    size_t to = value_end(reader, from, ',');
    *value = trimmed(reader, arena, from, to);
    reader->at = to + 1;
    return true;
}

struct str json_unquote(struct arena *arena, struct str value)
{
    if (value.n < 2 || value.s[0] != '"' || value.s[value.n - 1] != '"')
        return value;
    return str_sub(arena, value, 1, value.n - 2);
}
