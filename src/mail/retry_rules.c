/* Retry rules: see retry_rules.h. */
#include "mail/retry_rules.h"

#include <string.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/fixed.h"
#include "base/quoted.h"
#include "base/secret.h"
#include "match/list.h"

/* --- Reading a rule */

/* What is left of a rule. */
struct rule_text {
    struct arena *arena;
    const char *p, *end;
    struct source_pos where;
    struct error *err;
};

static bool fault(const struct rule_text *t, const char *text)
{
    return error_at(t->err, t->where, "%s", text);
}

static void skip_space(struct rule_text *t)
{
    while (ascii_is_space(*t->p))
        t->p++;
}

/* What stands up to the next white space. */
static struct str bare_word(struct rule_text *t)
{
    const char *from = t->p;

    while (*t->p && !ascii_is_space(*t->p))
        t->p++;
    return str_copy_n(t->arena, from, (size_t)(t->p - from), false);
}

/* The same, or what stands in quotes. */
static struct str word(struct rule_text *t)
{
    skip_space(t);
    return *t->p == '"' ? quoted_read(t->arena, &t->p, t->end) : bare_word(t);
}

/* A comma and what follows it. False: there is no comma, or something else than an argument stands behind. */
static bool argument(struct rule_text *t, struct str *text)
{
    const char *from;

    if (*t->p != ',')
        return fault(t, "comma expected");
    t->p++;
    skip_space(t);
    from = t->p;
    while (ascii_is_alnum(*t->p) || *t->p == '.')
        t->p++;
    *text = str_copy_n(t->arena, from, (size_t)(t->p - from), false);
    if (*t->p && *t->p != ',' && *t->p != ';' && !ascii_is_space(*t->p))
        return fault(t, "comma or semicolon expected");
    return true;
}

static int seconds(struct str text)
{
    int value;

    return interval_parse(text, &value) ? value : 0;
}

static int thousandths(struct str text)
{
    int value;
    bool too_large = false;

    return fixed_read(text, &value, &too_large) == text.n && text.n > 0 && !too_large ? value : 0;
}

/* LETTER,CUTOFF,INTERVAL[,FACTOR] */
static bool read_step(struct rule_text *t, struct retry_step *step)
{
    struct str cutoff = STR_NULL, interval = STR_NULL, factor = STR("1");

    *step = (struct retry_step){.algorithm = (enum retry_algorithm)ascii_upper(*t->p++)};
    if (!argument(t, &cutoff))
        return false;
    switch (step->algorithm) {
    case RETRY_FIXED:
        if (!argument(t, &interval))
            return false;
        break;
    case RETRY_GEOMETRIC:
    case RETRY_RANDOM:
        if (!argument(t, &interval) || !argument(t, &factor))
            return false;
        break;
    default:
        return fault(t, "unknown retry rule letter");
    }
    step->cutoff = seconds(cutoff);
    step->interval = seconds(interval);
    step->factor = thousandths(factor);
    if (step->cutoff <= 0 || step->interval <= 0 || step->factor < 1000)
        return fault(t, "bad parameters for retry rule");
    return true;
}

static bool read_steps(struct rule_text *t, struct retry_rule *rule)
{
    size_t n = 0;

    while (skip_space(t), *t->p) {
        rule->steps = arena_grow(t->arena, rule->steps, n * sizeof *rule->steps, (n + 1) * sizeof *rule->steps);
        if (!read_step(t, &rule->steps[n++]))
            return false;
        skip_space(t);
        if (*t->p && *t->p++ != ';')
            return fault(t, "semicolon expected");
    }
    rule->step_count = n;
    return true;
}

/* senders = LIST, where it is given. */
static bool read_senders(struct rule_text *t, const struct list **senders)
{
    size_t n = strlen("senders");

    if (strncmp(t->p, "senders", n) != 0)
        return true;
    t->p += n;
    skip_space(t);
    if (*t->p++ != '=')
        return fault(t, "\"=\" expected after \"senders\" in retry rule");
    *senders = list_compile(t->arena, LIST_ADDRESS, word(t), t->where);
    return true;
}

static bool read_rule(struct arena *arena, const struct source_line *line, struct retry_rule *rule, struct error *err)
{
    struct rule_text t = {arena, line->text.s, line->text.s + line->text.n, line->where, err};
    struct error why = ERROR_IN(err->arena);

    rule->pattern = word(&t);
    rule->matches = list_compile_item(arena, LIST_ADDRESS, rule->pattern, line->where);
    skip_space(&t);
    if (!*t.p)
        return fault(&t, "missing error type in retry rule");
    if (!retry_error_read(bare_word(&t), &rule->error, &why))
        return error_at(err, line->where, "%.*s", STR_ARG(why.text));
    skip_space(&t);
    return read_senders(&t, &rule->senders) && read_steps(&t, rule);
}

bool retry_rules_compile(struct arena *arena, const struct source_lines *lines, struct retry_rules *rules,
                         struct error *err)
{
    *rules = (struct retry_rules){.v = ARENA_ARRAY(arena, struct retry_rule, lines->n + 1)};
    for (; rules->n < lines->n; rules->n++)
        if (!read_rule(arena, &lines->v[rules->n], &rules->v[rules->n], err))
            return false;
    return true;
}

/* --- Finding one */

/* A domain is an address whose local part is an asterisk: that matches patterns for the domain and no others. */
static struct str as_address(struct scope *scope, struct str key)
{
    return str_find(key, '@') >= 0 ? key : str_join(scope->arena, STR("*@"), key);
}

static bool matches(struct scope *scope, const struct list *list, struct str key)
{
    return !str_is_null(key) && list_match(scope, list, key, NULL, NULL) == MATCH_YES;
}

const struct retry_rule *retry_rules_find(struct scope *scope, const struct retry_rules *rules,
                                          const struct retry_key *key)
{
    struct str address = as_address(scope, key->key);
    struct str alternate = str_is_null(key->alternate) ? STR_NULL : as_address(scope, key->alternate);

    for (size_t i = 0; i < rules->n; i++) {
        const struct retry_rule *rule = &rules->v[i];

        if (retry_error_matches(&rule->error, &key->failure) &&
            (matches(scope, rule->matches, address) || matches(scope, rule->matches, alternate)) &&
            (!rule->senders || matches(scope, rule->senders, key->sender)))
            return rule;
    }
    return NULL;
}

/* --- Following it */

static int64_t grown(int64_t interval, const struct retry_step *step)
{
    return interval * step->factor / 1000;
}

/* The first of the growing intervals that is longer than the one before. */
static int64_t geometric(const struct retry_step *step, int64_t before)
{
    int64_t interval = step->interval;

    while (interval <= before && grown(interval, step) > interval)
        interval = grown(interval, step);
    return interval;
}

/* Somewhere between the first interval and the one before, grown. */
static int64_t spread(const struct retry_step *step, int64_t before)
{
    int64_t most = grown(before, step);
    uint64_t octets;

    if (most <= step->interval)
        return step->interval;
    random_octets(&octets, sizeof octets);
    return step->interval + (int64_t)(octets % (uint64_t)(most - step->interval + 1));
}

int64_t retry_rule_next(const struct retry_rule *rule, const struct retry_times *times, int64_t now, int interval_max,
                        bool *expired)
{
    int64_t failing = now - times->first_failed, before = times->next_try - times->last_try, interval;
    const struct retry_step *step = rule ? rule->steps : NULL;

    *expired = true;
    if (!step)
        return now;
    for (size_t i = 0; i < rule->step_count && *expired; i++) {
        step = &rule->steps[i];
        *expired = failing >= step->cutoff;
    }
    if (before < 0 || before > interval_max)
        before = before < 0 ? 0 : interval_max;
    interval = step->algorithm == RETRY_FIXED       ? step->interval
               : step->algorithm == RETRY_GEOMETRIC ? geometric(step, before)
                                                    : spread(step, before);
    return now + (interval > interval_max ? interval_max : interval);
}

/* --- Showing it */

void retry_rule_print(struct buffer *out, const struct retry_rule *rule)
{
    buffer_printf(out, "%.*s  ", STR_ARG(rule->pattern));
    retry_error_print(out, &rule->error);
    buffer_add_cstr(out, "  ");
    for (size_t i = 0; i < rule->step_count; i++) {
        const struct retry_step *step = &rule->steps[i];

        buffer_printf(out, "%c,%.*s,", (char)step->algorithm, STR_ARG(interval_format(out->arena, step->cutoff)));
        buffer_add(out, interval_format(out->arena, step->interval));
        if (step->algorithm == RETRY_GEOMETRIC) {
            buffer_add_char(out, ',');
            fixed_add(out, step->factor);
        }
        buffer_add_cstr(out, "; ");
    }
}
