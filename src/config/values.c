/* Reading values of options (manual, 6.12 to 6.20). */
#include "config/values.h"

#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/fixed.h"
#include "base/strlist.h"
#include "config/reading.h"
#include "config/text.h"
#include "expand/expand.h"

/* One escape of a quoted string: p stands behind the backslash. Gives where reading goes on. */
static size_t unescape(struct buffer *out, struct str text, size_t p)
{
    char c = text.s[p++];
    int value = 0;

    if (c >= '0' && c <= '7') {
        size_t end = p + 2;

        for (value = c - '0'; p < end && p < text.n && text.s[p] >= '0' && text.s[p] <= '7'; p++)
            value = value * 8 + text.s[p] - '0';
    } else if (c == 'x') {
        size_t end = p + 2;

        for (; p < end && p < text.n && ascii_hex_value(text.s[p]) >= 0; p++)
            value = value * 16 + ascii_hex_value(text.s[p]);
    } else {
        value = c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c;
    }
    buffer_add_char(out, (char)value);
    return p;
}

bool value_read_string(struct reading *r, struct str name, struct str text, struct str *value)
{
    struct buffer b = BUFFER_IN(r->arena);
    size_t p = 1;

    if (text.n == 0 || *text.s != '"') {
        *value = text;
        return true;
    }
    while (p < text.n && text.s[p] != '"')
        if (text.s[p] == '\\' && p + 1 < text.n)
            p = unescape(&b, text, p + 1);
        else
            buffer_add_char(&b, text.s[p++]);
    if (p >= text.n)
        return reading_error(r, "missing quote at end of string value for %.*s", STR_ARG(name));
    if (p + 1 < text.n)
        return reading_error(r, "extra characters follow string value for %.*s", STR_ARG(name));
    *value = buffer_str(&b);
    if (memchr(value->s, '\0', value->n))
        return reading_error(r, "NUL in string value for %.*s", STR_ARG(name));
    return true;
}

bool value_read_bool(struct reading *r, struct str name, struct str text, bool *field)
{
    struct str word = text_word(text);

    if (text.n == 0 || str_eq_nocase(word, STR("true")) || str_eq_nocase(word, STR("yes")))
        *field = true;
    else if (str_eq_nocase(word, STR("false")) || str_eq_nocase(word, STR("no")))
        *field = false;
    else
        return reading_error(r, "\"%.*s\" is not a valid value for the \"%.*s\" option", STR_ARG(word),
                             STR_ARG(name));
    if (word.n < text.n)
        return reading_error_extra(r, text_from(text, word.n), "\"%.*s\" for boolean option %.*s", STR_ARG(word),
                                   STR_ARG(name));
    return true;
}

static bool overflow(struct reading *r, struct str text)
{
    return reading_error(r, "absolute value of integer \"%.*s\" is too large (overflow)", STR_ARG(text));
}

/* The power of 1024 that a letter behind an integer stands for; 0: none. */
static int unit_power(char c)
{
    switch (ascii_upper(c)) {
    case 'K':
        return 1;
    case 'M':
        return 2;
    case 'G':
        return 3;
    case 'T':
        return 4;
    default:
        return 0;
    }
}

/* Reads digits of the base with a sign; gives how many octets were used, 0 for none. */
static size_t read_digits(struct str text, int base, long long *value, bool *too_large)
{
    size_t sign = text.n > 0 && (*text.s == '-' || *text.s == '+'), p = sign;

    *value = 0;
    for (; p < text.n; p++) {
        int digit = ascii_hex_value(text.s[p]);

        if (digit < 0 || digit >= base)
            break;
        *too_large |=
            __builtin_mul_overflow(*value, base, value) || __builtin_add_overflow(*value, digit, value);
    }
    if (sign && *text.s == '-')
        *value = -*value;
    return p > sign ? p : 0;
}

/* Where the digits of an integer begin and of what base they are. */
static size_t integer_prefix(struct str text, int *base)
{
    size_t sign = text.n > 0 && (*text.s == '-' || *text.s == '+');

    *base = 10;
    if (text.n > sign + 1 && text.s[sign] == '0') {
        bool hex = text.n > sign + 2 && ascii_lower(text.s[sign + 1]) == 'x' &&
                   ascii_hex_value(text.s[sign + 2]) >= 0;

        *base = hex ? 16 : 8;
        return hex ? sign + 2 : 0;
    }
    return 0;
}

/* An integer; kilo: a number without a letter counts kilobytes. */
static bool read_integer(struct reading *r, struct str name, struct str text, bool kilo, int *field)
{
    int base, power;
    bool too_large = false;
    size_t prefix = integer_prefix(text, &base);
    long long value;
    size_t used = read_digits(text_from(text, prefix), base, &value, &too_large);

    if (used == 0)
        return reading_error(r, "integer expected for %.*s", STR_ARG(name));
    used += prefix;
    if (prefix && *text.s == '-')
        value = -value;
    power = used < text.n ? unit_power(text.s[used]) : 0;
    used += power > 0;
    if (used < text.n)
        return reading_error_extra(r, text_from(text, used), "integer value for %.*s", STR_ARG(name));
    for (power -= kilo && power > 0; power > 0; power--)
        too_large |= __builtin_mul_overflow(value, 1024, &value);
    if (too_large || value > INT_MAX || value < INT_MIN)
        return overflow(r, text);
    *field = (int)value;
    return true;
}

static bool read_octal(struct reading *r, struct str name, struct str text, int *field)
{
    bool too_large = false;
    long long value;
    size_t used = read_digits(text, 8, &value, &too_large);

    if (used == 0)
        return reading_error(r, "octal integer expected for %.*s", STR_ARG(name));
    if (used < text.n)
        return reading_error_extra(r, text_from(text, used), "octal integer value for %.*s", STR_ARG(name));
    if (too_large || value > INT_MAX || value < INT_MIN)
        return overflow(r, text);
    *field = (int)value;
    return true;
}

static bool read_fixed(struct reading *r, struct str name, struct str text, int *field)
{
    bool too_large = text.n > 0 && *text.s == '-';
    size_t sign = text.n > 0 && (*text.s == '-' || *text.s == '+'), used;

    used = fixed_read(text_from(text, sign), field, &too_large);
    if (used == 0)
        return reading_error(r, "fixed-point number expected for %.*s", STR_ARG(name));
    used += sign;
    if (used < text.n)
        return reading_error_extra(r, text_from(text, used), "fixed-point value for %.*s", STR_ARG(name));
    if (too_large)
        return reading_error(r, "integer \"%.*s\" is too large (overflow)",
                             (int)strcspn(text.s, "."), text.s);
    return true;
}

static bool read_time(struct reading *r, struct str name, struct str text, int *field)
{
    return interval_parse(text, field) || reading_error(r, "invalid time value for %.*s", STR_ARG(name));
}

/* Intervals with colons between them; a single zero stands for none. */
static bool read_times(struct reading *r, struct str name, struct str text, struct option_times *field)
{
    size_t count = 1;

    *field = (struct option_times){0};
    if (text.n == 0)
        return true;
    for (size_t i = 0; i < text.n; i++)
        count += text.s[i] == ':';
    field->seconds = ARENA_ARRAY(r->arena, int, count);
    for (; field->n < count; field->n++) {
        ptrdiff_t colon = str_find(text, ':');
        struct str item = colon < 0 ? text : (struct str){text.s, (size_t)colon, false};

        if (!read_time(r, name, text_trim(item), &field->seconds[field->n]))
            return false;
        text = text_from(text, colon < 0 ? text.n : (size_t)colon + 1);
    }
    if (field->n == 1 && field->seconds[0] == 0)
        field->n = 0;
    return true;
}

/* A user (group): a number, or a name that the system knows. */
static bool find_id(bool group, const char *name, unsigned *id)
{
    const struct passwd *user;
    const struct group *members;

    if (ascii_is_digit(*name) && name[strspn(name, "0123456789")] == '\0') {
        unsigned long value = strtoul(name, NULL, 10);

        *id = (unsigned)value;
        return value < UINT_MAX;
    }
    if (!group && (user = getpwnam(name)) != NULL)
        *id = user->pw_uid;
    else if (group && (members = getgrnam(name)) != NULL)
        *id = members->gr_gid;
    else
        return false;
    return true;
}

static bool read_id(struct reading *r, bool group, struct str text, unsigned *id)
{
    return find_id(group, text.s, id) ||
           reading_error(r, "%s %.*s was not found", group ? "group" : "user", STR_ARG(text));
}

/* A list of users (groups), expanded now: the values are not needed per connection. */
static bool read_ids(struct reading *r, bool group, struct str name, struct str text,
                     struct option_ids *field)
{
    struct strlist it;
    struct str list, item;
    struct error why = ERROR_IN(r->arena);

    *field = (struct option_ids){0};
    if (!reading_expand(r, text, &list, &why))
        return reading_error(r, "failed to expand %.*s: %.*s", STR_ARG(name), STR_ARG(why.text));
    strlist_begin(&it, list, ':');
    while (strlist_next(&it, r->arena, &item)) {
        field->v =
            arena_grow(r->arena, field->v, field->n * sizeof *field->v, (field->n + 1) * sizeof *field->v);
        if (!read_id(r, group, item, &field->v[field->n++]))
            return false;
    }
    return true;
}

/* An integer or interval, unless there is something to expand in it. An interval is kept as -bP shows it. */
static bool read_number_template(struct reading *r, enum option_type type, struct str name, struct str text,
                                 const struct template **field)
{
    int number;

    if (type == OPTION_INT_TEMPLATE || str_find(text, '$') >= 0)
        if (!value_read_string(r, name, text, &text))
            return false;
    if (str_find(text, '$') < 0) {
        if (!(type == OPTION_INT_TEMPLATE ? read_integer(r, name, text, false, &number)
                                          : read_time(r, name, text, &number)))
            return false;
        if (type == OPTION_TIME_TEMPLATE)
            text = interval_format(r->arena, number);
    }
    *field = template_compile(r->arena, text, lines_pos(&r->lines));
    return true;
}

/* The boolean, unless there is something to expand in it. */
static bool read_bool_template(struct reading *r, struct str name, struct str text, struct option_bool *field)
{
    if (str_find(text, '$') < 0)
        return value_read_bool(r, name, text, &field->value);
    if (!value_read_string(r, name, text, &text))
        return false;
    field->expanded = template_compile(r->arena, text, lines_pos(&r->lines));
    return true;
}

/* A user or group, unless there is something to expand in it. */
static bool read_account(struct reading *r, bool group, struct str text, struct option_account *field)
{
    const struct passwd *user;

    *field = (struct option_account){0};
    if (str_find(text, '$') >= 0) {
        field->expanded = template_compile(r->arena, text, lines_pos(&r->lines));
        return true;
    }
    if (!read_id(r, group, text, &field->id))
        return false;
    field->set = true;
    if (!group && !ascii_is_digit(*text.s) && (user = getpwnam(text.s)) != NULL) {
        field->has_group = true;
        field->group = user->pw_gid;
    }
    return true;
}

/* What stands between the values of options that can be set several times; 0: it takes more than that. */
static const struct joint {
    enum option_type type;
    char separator;
} joints[] = {
    {OPTION_HEADERS, '\n'},
    {OPTION_HEADER_NAMES, ':'},
    {OPTION_VARIABLES, ';'},
    {OPTION_CONDITION, 0},
};

static const struct joint *find_joint(enum option_type type)
{
    for (size_t i = 0; i < sizeof joints / sizeof *joints; i++)
        if (joints[i].type == type)
            return &joints[i];
    return NULL;
}

bool value_is_joined(enum option_type type)
{
    return find_joint(type) != NULL;
}

/* As Exim joins: separators inside an item are doubled unless they are control characters, and an empty item
 * leaves no more than its separator. */
static void add_items(struct reading *r, struct buffer *b, struct str text, char separator)
{
    struct strlist it;
    struct str item;

    strlist_begin(&it, text, separator);
    while (strlist_next(&it, r->arena, &item)) {
        if (b->n > 0)
            buffer_add_char(b, separator);
        for (size_t i = 0; i < item.n; i++) {
            if (item.s[i] == separator && !ascii_is_control(separator))
                buffer_add_char(b, separator);
            buffer_add_char(b, item.s[i]);
        }
    }
}

/* Joins text to what was set before. */
static void read_joined(struct reading *r, const struct joint *joint, struct str text,
                        const struct template **field)
{
    struct str before = *field ? template_source(*field) : STR_NULL;
    struct buffer b = BUFFER_IN(r->arena);

    if (joint->separator) {
        if (before.n > 0)
            buffer_add(&b, before);
        add_items(r, &b, text, joint->separator);
        text = buffer_str(&b);
    } else if (!str_is_null(before)) {
        text = str_printf(r->arena, "${if and{{bool_lax{%.*s}}{bool_lax{%.*s}}}}", STR_ARG(before), STR_ARG(text));
    }
    *field = template_compile(r->arena, text, lines_pos(&r->lines));
}

static bool read_templates(struct reading *r, struct str text, struct option_templates *field)
{
    struct strlist it;
    struct str item;

    *field = (struct option_templates){.text = text};
    strlist_begin(&it, text, ':');
    while (strlist_next(&it, r->arena, &item)) {
        field->v =
            arena_grow(r->arena, field->v, field->n * sizeof *field->v, (field->n + 1) * sizeof *field->v);
        field->v[field->n++] = template_compile(r->arena, item, lines_pos(&r->lines));
    }
    return true;
}

static const struct list *compile_list(struct reading *r, enum list_kind kind, struct str text)
{
    return list_compile(r->arena, kind, text, lines_pos(&r->lines));
}

/* Types whose text may be quoted. */
static bool read_from_string(struct reading *r, enum option_type type, struct str name, struct str text,
                             void *field)
{
    struct option_id *id = field;
    const struct joint *joint = find_joint(type);

    if (!value_read_string(r, name, text, &text))
        return false;
    if (joint) {
        read_joined(r, joint, text, field);
        return true;
    }
    switch (type) {
    case OPTION_TEMPLATE:
        *(const struct template **)field = template_compile(r->arena, text, lines_pos(&r->lines));
        return true;
    case OPTION_TEMPLATE_LIST:
        return read_templates(r, text, field);
    case OPTION_UID:
    case OPTION_GID:
        id->set = true;
        return read_id(r, type == OPTION_GID, text, &id->id);
    case OPTION_USER_TEMPLATE:
    case OPTION_GROUP_TEMPLATE:
        return read_account(r, type == OPTION_GROUP_TEMPLATE, text, field);
    case OPTION_UID_LIST:
    case OPTION_GID_LIST:
        return read_ids(r, type == OPTION_GID_LIST, name, text, field);
    case OPTION_DOMAIN_LIST:
        *(const struct list **)field = compile_list(r, LIST_DOMAIN, text);
        return true;
    case OPTION_HOST_LIST:
        *(const struct list **)field = compile_list(r, LIST_HOST, text);
        return true;
    case OPTION_ADDRESS_LIST:
        *(const struct list **)field = compile_list(r, LIST_ADDRESS, text);
        return true;
    case OPTION_LOCAL_PART_LIST:
        *(const struct list **)field = compile_list(r, LIST_LOCAL_PART, text);
        return true;
    default: /* OPTION_STRING, OPTION_COMMAND, OPTION_REWRITE */
        *(struct str *)field = text;
        return true;
    }
}

bool value_read(struct reading *r, const struct option *option, struct str name, struct str text, void *field)
{
    switch (option->type) {
    case OPTION_BOOL:
        return value_read_bool(r, name, text, field);
    case OPTION_TRISTATE:
        return value_read_bool(r, name, text, &((struct option_bool *)field)->value);
    case OPTION_BOOL_TEMPLATE:
        return read_bool_template(r, name, text, field);
    case OPTION_INT:
    case OPTION_MKINT:
        return read_integer(r, name, text, false, field);
    case OPTION_KINT:
        return read_integer(r, name, text, true, field);
    case OPTION_OCTAL:
        return read_octal(r, name, text, field);
    case OPTION_FIXED:
        return read_fixed(r, name, text, field);
    case OPTION_TIME:
        return read_time(r, name, text, field);
    case OPTION_TIME_LIST:
        return read_times(r, name, text, field);
    case OPTION_INT_TEMPLATE:
    case OPTION_TIME_TEMPLATE:
        return read_number_template(r, option->type, name, text, field);
    default:
        return read_from_string(r, option->type, name, text, field);
    }
}

/* The user and group that the build names need not exist on a machine where the program runs as itself. */
bool value_default(struct reading *r, const struct option *option, void *field)
{
    struct option_id *id = field;

    if (option->type == OPTION_FIXED)
        *(int *)field = -1;
    if (!option->default_text || !*option->default_text)
        return true;
    if (option->type == OPTION_UID || option->type == OPTION_GID) {
        id->set = find_id(option->type == OPTION_GID, option->default_text, &id->id);
        return true;
    }
    return value_read(r, option, str_of(option->name), str_of(option->default_text), field);
}
