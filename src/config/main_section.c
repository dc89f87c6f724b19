/* The first part of the file: options and named lists (manual, chapter 14; macros are taken out before). */
#include <string.h>

#include "config/reading.h"
#include "config/text.h"
#include "config/values.h"

static const struct list_word {
    const char *word;
    enum list_kind kind;
} list_words[] = {
    {"domainlist", LIST_DOMAIN},
    {"hostlist", LIST_HOST},
    {"addresslist", LIST_ADDRESS},
    {"localpartlist", LIST_LOCAL_PART},
};

/* `domainlist NAME = value`; line stands behind the first word. */
static bool define_list(struct reading *r, enum list_kind kind, struct str line, bool hide, bool cache)
{
    struct str name = text_word(line), value = text_skip_space(text_from(line, name.n));
    struct error why = ERROR_IN(r->arena);

    if (name.n == 0 || value.n == 0 || *value.s != '=')
        return reading_error(r, "missing '=' after \"%.*s\"", STR_ARG(name));
    value = text_skip_space(text_from(value, 1));
    return value_read_string(r, name, value, &value) &&
           (named_lists_add(r->config->lists, kind, name, value, hide, cache, lines_pos(&r->lines), &why) ||
            reading_error(r, "%.*s", STR_ARG(why.text)));
}

/* The definition of a named list (manual, 10.6), perhaps with `hide` before and _cache behind the
 * word. is_list: whether the line is one at all. */
static bool list_line(struct reading *r, struct str line, bool *is_list)
{
    bool hide = str_is(text_word(line), "hide");
    struct str word;

    if (hide)
        line = text_skip_space(text_from(line, strlen("hide")));
    for (size_t i = 0; i < sizeof list_words / sizeof *list_words; i++) {
        size_t n = strlen(list_words[i].word);
        bool cache;

        if (!str_starts(line, list_words[i].word))
            continue;
        *is_list = true;
        word = text_word(line);
        cache = str_is(text_from(word, n), "_cache");
        if (word.n == line.n || (word.n > n && !cache))
            return reading_error(r, "unrecognized configuration line");
        return define_list(r, list_words[i].kind, text_skip_space(text_from(line, word.n)), hide, cache);
    }
    *is_list = false;
    return true;
}

static bool main_line(struct reading *r, struct str line)
{
    struct setting_table table = {.base = &r->config->main, .seen = r->main_seen};
    bool is_list;

    if (*line.s >= 'A' && *line.s <= 'Z')
        return reading_error(r, "malformed macro definition");
    if (!list_line(r, line, &is_list))
        return false;
    if (is_list)
        return true;
    table.options = main_option_table(&table.count);
    return setting_read(r, line, &table, 1, "main option", "");
}

const struct section main_section = {
    .takes_macros = true,
    .line = main_line,
    .end = main_options_finish,
};
