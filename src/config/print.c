/* -bP: values of the configuration (manual, 5.2). */
#include "config/print.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "config/macros.h"
#include "config/settings.h"
#include "config/text.h"
#include "config/values.h"

static const char secret[] = "<value not displayable>";

static void add_default(struct buffer *out, const struct option *option)
{
    union value zero = {0};

    if (option->default_text) {
        value_text_string(out, str_of(option->default_text));
        return;
    }
    if (option->type == OPTION_FIXED)
        zero.number = -1;
    value_text(out, option->type, &zero);
}

/* Whether it is shown without an equals sign. */
static bool is_boolean(const struct option *option, const void *field)
{
    const struct option_bool *choice = field;

    return option->type == OPTION_BOOL || option->type == OPTION_TRISTATE ||
           (option->type == OPTION_BOOL_TEMPLATE && (!choice || !choice->expanded));
}

static void print_bool(const char *name, const struct option *option, const void *field, struct buffer *out)
{
    const struct option_bool *choice = field;
    bool value = !field                         ? option->default_text != NULL
                 : option->type == OPTION_BOOL ? *(const bool *)field
                                                : choice->value;

    buffer_printf(out, "%s%s\n", value ? "" : "no_", name);
}

void print_option(const struct print_style *style, const char *name, const struct option *option,
                  const void *field, struct buffer *out)
{
    bool close =
        option->type == OPTION_UID_LIST || option->type == OPTION_GID_LIST || option->type == OPTION_FIXED;
    size_t before;

    if (is_boolean(option, field)) {
        print_bool(name, option, field, out);
        return;
    }
    if (!style->no_labels)
        buffer_printf(out, "%s = ", name);
    before = out->n;
    if (!style->admin && option_is_hidden(style->config, option))
        buffer_add_cstr(out, secret);
    else if (field)
        value_text(out, option->type, field);
    else
        add_default(out, option);
    /* Exim's habit: no space behind the sign when these have no value. */
    if (!style->no_labels && close && out->n == before)
        buffer_cut(out, out->n - 1);
    buffer_add_char(out, '\n');
}

static void print_main_option(const struct print_style *style, const struct option *option,
                              struct buffer *out)
{
    const char *name = option->name;
    size_t count;

    if (option->state == OPTION_SYNONYM) {
        const struct option *rows = main_option_table(&count);

        option = option_find(rows, count, str_of(option->default_text));
    }
    print_option(style, name, option, option_field(option, &style->config->main), out);
}

static void print_all(const struct print_style *style, struct buffer *out)
{
    size_t count;
    const struct option *rows = main_option_table(&count);

    for (size_t i = 0; i < count; i++)
        if (rows[i].state != OPTION_SYNONYM && rows[i].state != OPTION_ABSENT)
            print_main_option(style, &rows[i], out);
}

/* The macros, the predefined ones first even when the configuration did not need them. */
static const struct macro *all_macros(const struct print_style *style, struct buffer *out)
{
    const struct macro *own = style->config->macros;
    struct macro *builtin, *last;

    if (own && own->builtin)
        return own;
    builtin = last = macros_builtin(out->arena, style->config);
    while (last->next)
        last = last->next;
    last->next = (struct macro *)own;
    return builtin;
}

/* macros, macro_list, macro NAME: for administrators, because macros may hold passwords. */
static bool print_macros(const struct print_style *style, struct str what, struct str name,
                         struct buffer *out, struct error *err)
{
    bool one = str_is(what, "macro"), names = str_is(what, "macro_list");

    if (!style->admin)
        return error_set(err, "exim: permission denied");
    for (const struct macro *m = all_macros(style, out); m; m = m->next) {
        if (one && !str_eq(m->name, name))
            continue;
        if (names)
            buffer_printf(out, "%.*s\n", STR_ARG(m->name));
        else if (style->no_labels)
            buffer_printf(out, "%.*s\n", STR_ARG(m->value));
        else
            buffer_printf(out, "%.*s=%.*s\n", STR_ARG(m->name), STR_ARG(m->value));
        if (one)
            return true;
    }
    return !one || error_set(err, "macro %.*s not found", STR_ARG(name));
}

/* +NAME: the named lists of that name, of all kinds. A hidden one is not shown to anybody. */
static bool print_named_lists(const struct print_style *style, struct str name, struct buffer *out,
                              struct error *err)
{
    static const char *const words[] = {
        [LIST_DOMAIN] = "domainlist",
        [LIST_HOST] = "hostlist",
        [LIST_ADDRESS] = "addresslist",
        [LIST_LOCAL_PART] = "localpartlist",
    };
    static const enum list_kind order[] = {LIST_ADDRESS, LIST_DOMAIN, LIST_HOST, LIST_LOCAL_PART};
    bool found = false;

    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        const struct list *list = named_lists_find(style->config->lists, order[i], name);

        if (!list)
            continue;
        found = true;
        if (!style->no_labels)
            buffer_printf(out, "%s %.*s = ", words[order[i]], STR_ARG(name));
        if (named_lists_hidden(style->config->lists, order[i], name))
            buffer_add_cstr(out, secret);
        else
            buffer_add(out, list_source(list));
        buffer_add_char(out, '\n');
    }
    return found || error_set(err, "no address, domain, host, or local part list called \"%.*s\" exists",
                              STR_ARG(name));
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void print_environment(const struct print_style *style, struct buffer *out)
{
    size_t count = 0;
    char **sorted;

    while (environ && environ[count])
        count++;
    sorted = ARENA_ARRAY(out->arena, char *, count + 1);
    if (count > 0)
        memcpy(sorted, environ, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, by_name);
    for (size_t i = 0; i < count; i++) {
        buffer_add_n(out, sorted[i], style->no_labels ? strcspn(sorted[i], "=") : strlen(sorted[i]));
        buffer_add_char(out, '\n');
    }
}

/* The forms that are one word and cannot fail. */
static bool print_whole(const struct print_style *style, struct str what, struct buffer *out)
{
    if (str_is(what, "all"))
        print_all(style, out);
    else if (str_is(what, "config"))
        print_config_text(style, out);
    else if (str_is(what, "environment"))
        print_environment(style, out);
    else if (str_is(what, "config_file") || str_is(what, "configure_file"))
        buffer_printf(out, "%.*s\n", STR_ARG(style->config->file));
    else
        return false;
    return true;
}

bool config_print(const struct config *config, struct str what, struct str name, bool admin, bool no_labels,
                  struct buffer *out, struct error *err)
{
    struct print_style style = {config, admin, no_labels};
    const struct option *option;
    size_t count;
    bool handled, ok;

    if (print_whole(&style, what, out))
        return true;
    if (str_starts(what, "+"))
        return print_named_lists(&style, text_from(what, 1), out, err);
    if (str_is(what, "macros") || str_is(what, "macro_list") || (str_is(what, "macro") && !str_is_null(name)))
        return print_macros(&style, what, name, out, err);
    if (str_is(what, "local_scan"))
        return error_set(err, "local_scan() options are not supported");
    ok = print_drivers(&style, what, name, &handled, out, err);
    if (handled)
        return ok;
    option = main_option_table(&count);
    option = option_find(option, count, what);
    if (!option)
        return error_set(err, "%.*s is not a known option", STR_ARG(what));
    print_main_option(&style, option, out);
    return true;
}
