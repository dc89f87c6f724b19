/* Rewriting addresses: see rewrite.h. */
#include "mail/rewrite.h"

#include <string.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buffer.h"
#include "base/log.h"
#include "base/quoted.h"
#include "base/strlist.h"
#include "expand/encoded_words.h"
#include "expand/expand.h"
#include "expand/regex.h"
#include "mail/address.h"
#include "mail/rewrite_private.h"
#include "match/list.h"

enum { MOST_REPEATS = 10 };

/* What a rule does besides. */
enum {
    RULE_QUALIFY = 1, /* Q */
    RULE_QUIT = 2,    /* q */
    RULE_REPEAT = 4,  /* R */
    RULE_WHOLE = 8,   /* w */
};

struct rewrite_rule {
    const struct list *pattern; /* an address list of one item */
    struct str smtp_pattern;    /* the same as text, of a rule with S */
    const struct template *replacement; /* NULL: addresses are left as they are, and further rules not tried */
    unsigned places, flags;
};

struct rewrite_rules {
    struct rewrite_rule *v;
    size_t n;
    unsigned places;
};

/* --- Compiling */

/* The letters of flags; those of the second kind are RULE_. */
static const struct flag {
    char letter;
    unsigned place, flag;
} flags[] = {
    {'E', REWRITE_ENVELOPE, 0}, {'F', REWRITE_ENV_FROM, 0}, {'T', REWRITE_ENV_TO, 0},
    {'S', REWRITE_SMTP, 0},     {'b', REWRITE_BCC, 0},      {'c', REWRITE_CC, 0},
    {'f', REWRITE_FROM, 0},     {'h', REWRITE_HEADERS, 0},  {'r', REWRITE_REPLY_TO, 0},
    {'s', REWRITE_SENDER, 0},   {'t', REWRITE_TO, 0},       {'Q', 0, RULE_QUALIFY},
    {'q', 0, RULE_QUIT},        {'R', 0, RULE_REPEAT},      {'w', 0, RULE_WHOLE},
};

static const struct flag *find_flag(char letter)
{
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (flags[i].letter == letter)
            return &flags[i];
    return NULL;
}

/* The next part: quoted, or up to white space. *p moves behind it. */
static struct str next_part(struct arena *arena, const char **p, const char *end)
{
    const char *from;

    while (*p < end && ascii_is_space(**p))
        (*p)++;
    if (*p < end && **p == '"')
        return quoted_read(arena, p, end);
    for (from = *p; *p < end && !ascii_is_space(**p);)
        (*p)++;
    return str_copy_n(arena, from, (size_t)(*p - from), 0);
}

/* `global`: of the rewrite section; else of a transport, where only headers can be meant. */
static bool read_flags(struct rewrite_rule *rule, const char *p, const char *end, struct source_pos where,
                       bool global, struct error *err)
{
    for (; p < end; p++) {
        const struct flag *flag;

        if (ascii_is_space(*p))
            continue;
        flag = find_flag(*p);
        if (!flag)
            return error_at(err, where, "unknown rewrite flag character '%c' (could be missing quotes round replacement "
                            "item)", *p);
        if (!global && (flag->place & ~(unsigned)REWRITE_HEADERS))
            return error_at(err, where, "rewrite rule specifies a non-header rewrite - not allowed at transport time -");
        rule->places |= flag->place;
        rule->flags |= flag->flag;
    }
    if (rule->places == 0)
        rule->places = global ? REWRITE_HEADERS | REWRITE_ENVELOPE : REWRITE_HEADERS;
    return true;
}

/* Colons separate nothing in a pattern, and the case of local parts counts. */
static const struct list *compile_pattern(struct arena *arena, struct str text, struct source_pos where)
{
    return list_compile(arena, LIST_ADDRESS, str_join(arena, STR("<\001+caseful\001"), text), where);
}

static bool read_rule(struct arena *arena, const struct source_line *line, bool global, struct rewrite_rule *rule,
                      struct error *err)
{
    const char *p = line->text.s, *end = p + line->text.n;
    struct str pattern = next_part(arena, &p, end), replacement;

    while (p < end && ascii_is_space(*p))
        p++;
    if (p == end)
        return error_at(err, line->where, "missing rewrite replacement string");
    replacement = next_part(arena, &p, end);
    if (!read_flags(rule, p, end, line->where, global, err))
        return false;
    if ((rule->places & REWRITE_SMTP) && !str_starts(pattern, "^") && !str_starts(pattern, "\\N^"))
        return error_at(err, line->where, "rewrite rule has the S flag but is not a regular expression");
    rule->smtp_pattern = pattern;
    rule->pattern = compile_pattern(arena, pattern, line->where);
    rule->replacement = str_is(replacement, "*") ? NULL : template_compile(arena, replacement, line->where);
    return true;
}

static const struct rewrite_rules *compile(struct arena *arena, const struct source_lines *lines, bool global,
                                           struct error *err)
{
    struct rewrite_rules *rules = ARENA_NEW(arena, struct rewrite_rules);

    rules->v = ARENA_ARRAY(arena, struct rewrite_rule, lines->n);
    for (; rules->n < lines->n; rules->n++) {
        if (!read_rule(arena, &lines->v[rules->n], global, &rules->v[rules->n], err))
            return NULL;
        rules->places |= rules->v[rules->n].places;
    }
    return rules;
}

const struct rewrite_rules *rewrite_compile(struct arena *arena, const struct source_lines *lines,
                                            struct error *err)
{
    return compile(arena, lines, true, err);
}

const struct rewrite_rules *rewrite_compile_list(struct arena *arena, struct str list, struct source_pos where,
                                                 struct error *err)
{
    struct source_lines lines = {0};
    struct strlist it;
    struct str item;

    strlist_begin(&it, list, ':');
    while (strlist_next(&it, arena, &item)) {
        if (str_is_empty(item))
            continue;
        lines.v = arena_grow(arena, lines.v, lines.n * sizeof *lines.v, (lines.n + 1) * sizeof *lines.v);
        lines.v[lines.n++] = (struct source_line){.text = item, .where = where};
    }
    return compile(arena, &lines, false, err);
}

unsigned rewrite_places(const struct rewrite_rules *rules)
{
    return rules ? rules->places : 0;
}

/* --- One address, rule by rule */

struct rewriting {
    struct scope *scope;
    struct arena *arena;
    enum rewrite_place place;
    struct str address; /* as it is now */
    struct str whole;   /* what takes the whole place of an address in a header line; STR_NULL: the address alone */
};

/* What becomes of the rules behind. */
enum next { NEXT_RULE, SAME_RULE, NO_MORE };

static bool parse(struct arena *arena, struct str text, struct address *address, struct error *err)
{
    static const struct address_rules rules = {.allow_domain_literals = true, .allow_utf8_domains = true};

    return address_parse(arena, text, &rules, address, err);
}

static const char *place_name(enum rewrite_place place)
{
    static const struct {
        enum rewrite_place place;
        const char *name;
    } names[] = {
        {REWRITE_SENDER, "sender:"},     {REWRITE_FROM, "from:"}, {REWRITE_TO, "to:"},
        {REWRITE_CC, "cc:"},             {REWRITE_BCC, "bcc:"},   {REWRITE_REPLY_TO, "reply-to:"},
        {REWRITE_ENV_FROM, "env-from"},  {REWRITE_ENV_TO, "env-to"}, {REWRITE_SMTP, "smtp sender"},
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].place == place)
            return names[i].name;
    return "";
}

static void note(const struct rewriting *w, struct str result, size_t number)
{
    struct buffer line = BUFFER_IN(w->arena);

    buffer_add_char(&line, '"');
    buffer_add(&line, w->address);
    buffer_printf(&line, "\" from %s rewritten as \"", place_name(w->place));
    buffer_add(&line, result);
    buffer_printf(&line, "\" by rule %zu", number + 1);
    debug(DEBUG_rewrite, "%.*s", STR_ARG(buffer_str(&line)));
    if (log_selected(LOG_SEL_address_rewrite))
        log_write_str(LOG_MAIN, buffer_str(&line));
}

/* Text outside the angle brackets that a header line cannot hold as it is is encoded (RFC 2047). */
static struct str encode_phrase(const struct rewriting *w, struct str text)
{
    ptrdiff_t bracket = str_rfind(text, '<');
    size_t open = bracket < 0 ? 0 : (size_t)bracket;
    struct str phrase = str_trim(w->arena, str_sub(w->arena, text, 0, open)), encoded;

    if (phrase.n == 0)
        return text;
    encoded = encoded_words_encode(w->arena, phrase, scope_headers_charset(w->scope->process));
    return str_join3(w->arena, encoded, STR(" "), str_sub(w->arena, text, open, text.n));
}

/* Makes sure that a result is an address, with a domain. False: logged. */
static bool check_result(const struct rewriting *w, const struct rewrite_rule *rule, struct str result,
                         struct address *address)
{
    struct error err = ERROR_IN(w->arena);

    if (!parse(w->arena, result, address, &err)) {
        log_write(LOG_MAIN, "Rewrite of %.*s yielded unparseable address: %.*s in address %.*s", STR_ARG(w->address),
                  STR_ARG(err.text), STR_ARG(result));
        return false;
    }
    if (!str_is_null(address->domain))
        return true;
    if (!(rule->flags & RULE_QUALIFY)) {
        log_write(LOG_MAIN, "Rewrite of %.*s yielded unqualified address \"%.*s\"", STR_ARG(w->address),
                  STR_ARG(result));
        return false;
    }
    address->text = str_join3(w->arena, address->text, STR("@"), w->scope->process->qualify_recipient);
    return true;
}

/* The address that is rewritten is what $local_part and $domain are while the replacement is expanded. */
static enum expand_status expand_replacement(struct rewriting *w, const struct rewrite_rule *rule, struct str *result,
                                             struct error *err)
{
    struct scope_address own = {.host_port = 0}, *kept = w->scope->address;
    ptrdiff_t at = str_rfind(w->address, '@');
    enum expand_status status;

    if (kept)
        own = *kept;
    if (w->place != REWRITE_SMTP) {
        own.local_part = at < 0 ? w->address : str_sub(w->arena, w->address, 0, (size_t)at);
        own.domain = at < 0 ? STR("") : str_sub(w->arena, w->address, (size_t)at + 1, w->address.n);
        w->scope->address = &own;
    }
    status = expand(w->scope, rule->replacement, w->arena, result, err);
    w->scope->address = kept;
    return status;
}

static enum next use_result(struct rewriting *w, const struct rewrite_rule *rule, size_t number, struct str result)
{
    struct address address;

    result = str_trim(w->arena, result);
    if (!check_result(w, rule, result, &address))
        return NO_MORE;
    if (w->place == REWRITE_SMTP)
        address.text = result;
    if (!(rule->flags & RULE_WHOLE) || !(w->place & REWRITE_HEADERS))
        result = address.text;
    else
        w->whole = encode_phrase(w, result);
    note(w, result, number);
    w->address = address.text;
    if (rule->flags & RULE_REPEAT)
        return SAME_RULE;
    return rule->flags & RULE_QUIT ? NO_MORE : NEXT_RULE;
}

/* The rule fits. */
static enum next apply(struct rewriting *w, const struct rewrite_rule *rule, size_t number)
{
    struct error err = ERROR_IN(w->arena);
    struct str result;

    if (!rule->replacement)
        return NO_MORE;
    switch (expand_replacement(w, rule, &result, &err)) {
    case EXPAND_OK:
        return use_result(w, rule, number, result);
    case EXPAND_FORCED:
        return rule->flags & RULE_QUIT ? NO_MORE : NEXT_RULE;
    case EXPAND_FAILED:
    case EXPAND_DEFER:
        break;
    }
    log_write(LOG_MAIN | LOG_PANIC, "Expansion of %.*s failed while rewriting: %.*s",
              STR_ARG(template_source(rule->replacement)), STR_ARG(err.text));
    return NO_MORE;
}

static bool fits(struct rewriting *w, const struct rewrite_rule *rule)
{
    return list_match_rewriting(w->scope, rule->pattern, w->address) == MATCH_YES;
}

/* A rule, again and again where it says so. */
static enum next apply_rule(struct rewriting *w, const struct rewrite_rule *rule, size_t number,
                            bool (*matches)(struct rewriting *, const struct rewrite_rule *))
{
    for (int i = 0; i < MOST_REPEATS; i++) {
        enum next next;

        if (!matches(w, rule))
            return i > 0 && (rule->flags & RULE_QUIT) ? NO_MORE : NEXT_RULE;
        next = apply(w, rule, number);
        if (next != SAME_RULE)
            return next;
    }
    return rule->flags & RULE_QUIT ? NO_MORE : NEXT_RULE;
}

static void apply_rules(struct rewriting *w, const struct rewrite_rules *rules,
                        bool (*matches)(struct rewriting *, const struct rewrite_rule *))
{
    for (size_t i = 0; rules && i < rules->n; i++)
        if ((rules->v[i].places & (unsigned)w->place) && apply_rule(w, &rules->v[i], i, matches) == NO_MORE)
            return;
}

struct str rewrite_address_whole(struct scope *scope, const struct rewrite_rules *rules, struct str address,
                                 enum rewrite_place place, struct str *whole)
{
    struct rewriting w = {
        .scope = scope, .arena = scope->arena, .place = place, .address = address, .whole = STR_NULL};

    apply_rules(&w, rules, fits);
    *whole = w.whole;
    return w.address;
}

struct str rewrite_address(struct scope *scope, const struct rewrite_rules *rules, struct str address,
                           enum rewrite_place place)
{
    struct str whole;

    return rewrite_address_whole(scope, rules, address, place, &whole);
}

/* --- At SMTP time the text need be no address */

static bool smtp_fits(struct rewriting *w, const struct rewrite_rule *rule)
{
    struct error err = ERROR_IN(w->arena);
    struct regex_match match;
    struct str pattern;
    const struct regex *regex;

    if (expand_string(w->scope, rule->smtp_pattern, w->arena, &pattern, &err) != EXPAND_OK)
        return false;
    regex = regex_cached_for(pattern, REGEX_LIST, &err);
    if (!regex)
        log_write(LOG_MAIN | LOG_PANIC, "%.*s", STR_ARG(err.text));
    if (!regex || !regex_match(regex, w->address, 0, false, &match))
        return false;
    regex_set_captures(w->scope, w->arena, w->address, &match);
    return true;
}

struct str rewrite_smtp(struct scope *scope, const struct rewrite_rules *rules, struct str text)
{
    struct rewriting w = {.scope = scope, .arena = scope->arena, .place = REWRITE_SMTP, .address = text};

    if (rewrite_places(rules) & REWRITE_SMTP)
        apply_rules(&w, rules, smtp_fits);
    return w.address;
}
