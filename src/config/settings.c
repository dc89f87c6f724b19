/* Option settings (manual, 6.11). */
#include "config/settings.h"

#include <string.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "config/reading.h"
#include "config/text.h"
#include "config/values.h"

const struct option *option_find(const struct option *options, size_t count, struct str name)
{
    size_t low = 0, high = count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = str_cmp(name, str_of(options[middle].name));

        if (order == 0)
            return &options[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const void *option_field(const struct option *option, const void *base)
{
    return option->state == OPTION_USED ? (const char *)base + option->offset : NULL;
}

bool option_is_hidden(const struct config *config, const struct option *option)
{
    for (const struct hidden_option *h = config->hidden; h; h = h->next)
        if (h->option == option)
            return true;
    return false;
}

static void hide(struct reading *r, const struct option *option)
{
    struct hidden_option *h = ARENA_NEW(r->arena, struct hidden_option);

    *h = (struct hidden_option){r->config->hidden, option};
    r->config->hidden = h;
}

/* What happened to a row: it was set under its own name; it has a value, perhaps by a synonym. */
enum { SEEN_NAMED = 1, SEEN_SET = 2 };

/* A setting whose option was found. */
struct setting {
    struct str name;  /* as written, with its no_ */
    struct str value; /* what follows the name */
    bool hide, negated;
    const struct setting_table *table;
    const struct option *option;
};

static bool find_in_tables(struct setting *s, struct str name, const struct setting_table *tables,
                           size_t count)
{
    for (size_t i = 0; i < count; i++)
        if ((s->option = option_find(tables[i].options, tables[i].count, name)) != NULL) {
            s->table = &tables[i];
            return true;
        }
    return false;
}

/* The option of that name, or without the prefix that negates. */
static bool find(struct setting *s, const struct setting_table *tables, size_t count)
{
    static const char *const prefixes[] = {"no_", "not_"};

    if (find_in_tables(s, s->name, tables, count))
        return true;
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (str_starts(s->name, prefixes[i]) &&
            find_in_tables(s, text_from(s->name, strlen(prefixes[i])), tables, count)) {
            s->negated = true;
            return true;
        }
    return false;
}

static bool is_boolean(enum option_type type)
{
    return type == OPTION_BOOL || type == OPTION_TRISTATE || type == OPTION_BOOL_TEMPLATE;
}

/* What must stand between a name and its value. */
static bool check_equals(struct reading *r, struct setting *s)
{
    if (is_boolean(s->option->type)) {
        if (s->value.n == 0)
            return true;
        if (s->negated || *s->value.s != '=')
            return reading_error_extra(r, s->value, "boolean option %.*s", STR_ARG(s->name));
    } else {
        if (s->negated)
            return reading_error(r, "negation prefix applied to a non-boolean option");
        if (s->value.n == 0)
            return reading_error(r, "unexpected end of line (data missing) after %.*s", STR_ARG(s->name));
        if (*s->value.s != '=')
            return reading_error(r, "missing \"=\" after %.*s", STR_ARG(s->name));
    }
    s->value = text_skip_space(text_from(s->value, 1));
    return true;
}

/* A boolean that is in the field as it is, or in a struct option_bool. */
static bool read_boolean(struct reading *r, const struct setting *s, void *field)
{
    struct option_bool *known = s->option->type == OPTION_BOOL ? NULL : field;
    bool *value = known ? &known->value : field;

    if (known)
        known->set = true;
    if (s->option->type == OPTION_BOOL_TEMPLATE && str_find(s->value, '$') >= 0)
        return value_read(r, s->option, s->name, s->value, field);
    if (!value_read_bool(r, s->name, s->value, value))
        return false;
    *value ^= s->negated;
    return true;
}

static bool read_into(struct reading *r, const struct setting *s, void *field)
{
    return is_boolean(s->option->type) ? read_boolean(r, s, field) : value_read(r, s->option, s->name, s->value, field);
}

/* An option that this version does not act on can be set to what it is anyhow. */
static bool read_refused(struct reading *r, const struct setting *s)
{
    union value set = {0}, usual = {0};
    struct buffer set_text = BUFFER_IN(r->arena), usual_text = BUFFER_IN(r->arena);

    if (!read_into(r, s, &set) || !value_default(r, s->option, &usual))
        return false;
    value_text(&set_text, s->option->type, &set);
    value_text(&usual_text, s->option->type, &usual);
    return str_eq(buffer_str(&set_text), buffer_str(&usual_text)) ||
           reading_error(r, "option \"%s\" is known to Exim but not supported by gatepost", s->option->name);
}

/* Sets both options that the row stands for. */
static bool read_pair(struct reading *r, const struct setting *s)
{
    static const char *const suffixes[] = {"_recipient", "_sender"};
    bool value;

    if (!read_into(r, s, &value))
        return false;
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        const struct option *one = option_find(s->table->options, s->table->count,
                                               str_printf(r->arena, "%s%s", s->option->name, suffixes[i]));

        *(bool *)((char *)s->table->base + one->offset) = value;
        s->table->seen[one - s->table->options] |= SEEN_SET;
    }
    return true;
}

/* The option that a synonym stands for. */
static void resolve(struct setting *s)
{
    if (s->option->state == OPTION_SYNONYM)
        s->option = option_find(s->table->options, s->table->count, str_of(s->option->default_text));
}

bool setting_read(struct reading *r, struct str line, const struct setting_table *tables, size_t count,
                  const char *what, const char *hint)
{
    struct setting s = {.value = line};
    unsigned char *seen;

    if (line.n == 0 || !ascii_is_alpha(*line.s))
        return reading_error(r, "option setting expected: %.*s", STR_ARG(line));
    if (!reading_name(r, s.value, &s.name))
        return false;
    s.value = text_skip_space(text_from(s.value, s.name.n));
    if (str_is(s.name, "hide")) {
        s.hide = true;
        if (!reading_name(r, s.value, &s.name))
            return false;
        s.value = text_skip_space(text_from(s.value, s.name.n));
    }
    if (!find(&s, tables, count))
        return reading_error(r, "%s \"%.*s\" unknown%s", what, STR_ARG(s.name), hint);
    seen = &s.table->seen[s.option - s.table->options];
    if ((*seen & SEEN_NAMED) && !value_is_joined(s.option->type))
        return reading_error(r, "\"%.*s\" option set for the second time", STR_ARG(s.name));
    *seen |= SEEN_NAMED;
    resolve(&s);
    s.table->seen[s.option - s.table->options] |= SEEN_SET;
    if (!check_equals(r, &s))
        return false;
    if (s.hide)
        hide(r, s.option);
    if (s.option->state == OPTION_REFUSED || s.option->state == OPTION_ABSENT)
        return read_refused(r, &s);
    if (s.option->state == OPTION_PAIR)
        return read_pair(r, &s);
    return read_into(r, &s, (char *)s.table->base + s.option->offset);
}

bool settings_finish(struct reading *r, const struct setting_table *table)
{
    for (size_t i = 0; i < table->count; i++)
        if (!(table->seen[i] & SEEN_SET) && table->options[i].state == OPTION_USED &&
            !value_default(r, &table->options[i], (char *)table->base + table->options[i].offset))
            return false;
    return true;
}
