/* Values of options as -bP shows them. */
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/fixed.h"
#include "base/print.h"
#include "config/values.h"
#include "expand/expand.h"
#include "match/list.h"

void value_text_string(struct buffer *out, struct str text)
{
    const char *p = text.s, *end, *tab;

    if (str_is_empty(text))
        return;
    end = p + text.n;
    while ((tab = memchr(p, '\t', (size_t)(end - p))) != NULL) {
        print_escaped(out, (struct str){p, (size_t)(tab - p), text.tainted}, 0);
        buffer_add_cstr(out, "\\t");
        p = tab + 1;
    }
    print_escaped(out, (struct str){p, (size_t)(end - p), text.tainted}, 0);
}

static void add_template(struct buffer *out, const struct template *t)
{
    if (t)
        value_text_string(out, template_source(t));
}

static void add_list(struct buffer *out, const struct list *list)
{
    if (list)
        value_text_string(out, list_source(list));
}

/* With the largest of the letters (the first stands for 1024, or for 1 when the number counts kilobytes)
 * that leaves a whole number. */
static void add_scaled(struct buffer *out, int value, const char *letters, bool kilo)
{
    const char *letter = kilo ? letters : NULL;

    if (value != 0)
        for (const char *next = kilo ? letters + 1 : letters; *next && value % 1024 == 0; next++) {
            value /= 1024;
            letter = next;
        }
    buffer_printf(out, "%d", value);
    if (letter && value != 0)
        buffer_add_char(out, *letter);
}

static void add_times(struct buffer *out, const struct option_times *times)
{
    for (size_t i = 0; i < times->n; i++) {
        if (i)
            buffer_add_char(out, ':');
        buffer_add(out, interval_format(out->arena, times->seconds[i]));
    }
}

static void add_id(struct buffer *out, bool group, unsigned id)
{
    const struct passwd *user = group ? NULL : getpwuid(id);
    const struct group *members = group ? getgrgid(id) : NULL;

    if (user)
        buffer_add_cstr(out, user->pw_name);
    else if (members)
        buffer_add_cstr(out, members->gr_name);
    else
        buffer_printf(out, "%u", id);
}

static void add_ids(struct buffer *out, bool group, const struct option_ids *ids)
{
    for (size_t i = 0; i < ids->n; i++) {
        if (i)
            buffer_add_char(out, ':');
        add_id(out, group, ids->v[i]);
    }
}

static void add_choice(struct buffer *out, const struct option_bool *choice)
{
    if (choice->expanded)
        add_template(out, choice->expanded);
    else
        buffer_add_cstr(out, choice->value ? "yes" : "no");
}

static void add_account(struct buffer *out, bool group, const struct option_account *account)
{
    if (account->expanded)
        add_template(out, account->expanded);
    else if (account->set)
        add_id(out, group, account->id);
}

void value_text(struct buffer *out, enum option_type type, const void *field)
{
    const struct option_id *id = field;
    const struct option_templates *templates = field;

    switch (type) {
    case OPTION_STRING:
    case OPTION_COMMAND:
    case OPTION_REWRITE:
        value_text_string(out, *(const struct str *)field);
        break;
    case OPTION_TEMPLATE:
    case OPTION_INT_TEMPLATE:
    case OPTION_TIME_TEMPLATE:
    case OPTION_HEADERS:
    case OPTION_HEADER_NAMES:
    case OPTION_VARIABLES:
    case OPTION_CONDITION:
        add_template(out, *(const struct template *const *)field);
        break;
    case OPTION_TEMPLATE_LIST:
        value_text_string(out, templates->text);
        break;
    case OPTION_BOOL:
        buffer_add_cstr(out, *(const bool *)field ? "yes" : "no");
        break;
    case OPTION_TRISTATE:
    case OPTION_BOOL_TEMPLATE:
        add_choice(out, field);
        break;
    case OPTION_USER_TEMPLATE:
    case OPTION_GROUP_TEMPLATE:
        add_account(out, type == OPTION_GROUP_TEMPLATE, field);
        break;
    case OPTION_INT:
        buffer_printf(out, "%d", *(const int *)field);
        break;
    case OPTION_MKINT:
        add_scaled(out, *(const int *)field, "KM", false);
        break;
    case OPTION_KINT:
        add_scaled(out, *(const int *)field, "KMGT", true);
        break;
    case OPTION_OCTAL:
        buffer_printf(out, "%#o", (unsigned)*(const int *)field);
        break;
    case OPTION_TIME:
        buffer_add(out, interval_format(out->arena, *(const int *)field));
        break;
    case OPTION_TIME_LIST:
        add_times(out, field);
        break;
    case OPTION_FIXED:
        fixed_add(out, *(const int *)field);
        break;
    case OPTION_UID:
    case OPTION_GID:
        if (id->set)
            add_id(out, type == OPTION_GID, id->id);
        break;
    case OPTION_UID_LIST:
    case OPTION_GID_LIST:
        add_ids(out, type == OPTION_GID_LIST, field);
        break;
    case OPTION_DOMAIN_LIST:
    case OPTION_HOST_LIST:
    case OPTION_ADDRESS_LIST:
    case OPTION_LOCAL_PART_LIST:
        add_list(out, *(const struct list *const *)field);
        break;
    }
}
