/* Commands as configurations write them: see command_words.h. */
#include "base/command_words.h"

#include "base/ascii.h"
#include "base/quoted.h"

bool command_word_next(struct arena *arena, const char **p, const char *end, uint16_t tainted, struct str *word)
{
    const char *begin;

    while (*p < end && ascii_is_space(**p))
        (*p)++;
    if (*p == end)
        return false;
    if (**p == '"') {
        *word = quoted_read(arena, p, end);
        word->tainted |= tainted;
        return true;
    }
    if (**p == '\'') {
        begin = ++*p;
        while (*p < end && **p != '\'')
            (*p)++;
        *word = str_copy_n(arena, begin, (size_t)(*p - begin), tainted);
        *p += *p < end;
        return true;
    }
    begin = *p;
    while (*p < end && !ascii_is_space(**p))
        (*p)++;
    *word = str_copy_n(arena, begin, (size_t)(*p - begin), tainted);
    return true;
}
