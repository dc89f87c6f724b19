/* Parameters of MAIL and RCPT: see parameters.h. */
#include "smtp/parameters.h"

#include "base/arena.h"
#include "base/ascii.h"

bool smtp_last_parameter(struct arena *arena, struct str text, struct smtp_parameter *parameter)
{
    size_t end = text.n, begin;
    bool quoted = false;
    ptrdiff_t equals;

    while (end > 0 && ascii_is_space(text.s[end - 1]))
        end--;
    for (begin = end; begin > 0 && (quoted || !ascii_is_space(text.s[begin - 1])); begin--)
        if (text.s[begin - 1] == '"')
            quoted = !quoted;
    if (begin == 0)
        return false;
    parameter->rest = str_sub(arena, text, 0, begin - 1);
    parameter->word = parameter->name = str_sub(arena, text, begin, end - begin);
    parameter->value = STR_NULL;
    equals = str_rfind(parameter->word, '=');
    if (equals >= 0) {
        parameter->value = str_sub(arena, parameter->word, (size_t)equals + 1, parameter->word.n);
        parameter->name = str_sub(arena, parameter->word, 0, (size_t)equals);
    }
    return true;
}
