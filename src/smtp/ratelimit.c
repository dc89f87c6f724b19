/* Delays for hosts that send too much in one session: see ratelimit.h. */
#include "smtp/ratelimit.h"


#include "base/ascii.h"
#include "smtp/pause.h"
#include "smtp/state.h"

/* A decimal number, not negative. */
static bool read_number(const char **p, double *value)
{
    double scale = 1;

    if (!ascii_is_digit(**p))
        return false;
    for (*value = 0; ascii_is_digit(**p); ++*p)
        *value = *value * 10 + (**p - '0');
    if (**p != '.')
        return true;
    for (++*p; ascii_is_digit(**p); ++*p) {
        *value = *value * 10 + (**p - '0');
        scale *= 10;
    }
    *value /= scale;
    return true;
}

/* An interval with at most one decimal fraction, such as 0.5s, 4m or 1m30s; seconds without a unit. */
static bool read_interval(const char **p, double *seconds)
{
    static const struct {
        char unit;
        double seconds;
    } units[] = {{'w', 604800}, {'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};
    bool any = false;
    double value;

    *seconds = 0;
    while (read_number(p, &value)) {
        double factor = 1;

        any = true;
        for (size_t i = 0; i < sizeof units / sizeof *units; i++)
            if (**p == units[i].unit) {
                factor = units[i].seconds;
                ++*p;
                break;
            }
        *seconds += value * factor;
    }
    return any;
}

/* Past a comma and the white space around it. */
static bool read_comma(const char **p)
{
    while (ascii_is_space(**p))
        ++*p;
    if (**p != ',')
        return false;
    for (++*p; ascii_is_space(**p); ++*p)
        continue;
    return true;
}

bool smtp_ratelimit_parse(struct str text, struct smtp_ratelimit *limit, struct error *err)
{
    const char *p = text.s;
    double threshold;

    *limit = (struct smtp_ratelimit){0};
    if (str_is_empty(text))
        return true;
    if (!read_number(&p, &threshold) || threshold > 1e9 || !read_comma(&p) ||
        !read_interval(&p, &limit->initial) || !read_comma(&p) || !read_number(&p, &limit->factor) ||
        !read_comma(&p) || !read_interval(&p, &limit->max) || *p)
        return error_set(err, "malformed rate limit \"%.*s\"", STR_ARG(text));
    limit->threshold = (int)threshold;
    limit->set = true;
    return true;
}

void smtp_ratelimit_apply(struct smtp_session *s, const struct smtp_ratelimit *limit, int count,
                          double *delay)
{
    if (!limit->set || count <= limit->threshold)
        return;
    if (!s->ratelimit_checked) {
        s->ratelimit_checked = true;
        s->ratelimited = smtp_host_in(s, s->options->smtp_ratelimit_hosts, "smtp_ratelimit_hosts");
    }
    if (!s->ratelimited)
        return;
    *delay = *delay > 0 ? *delay * limit->factor : limit->initial;
    if (*delay > limit->max)
        *delay = limit->max;
    debug(DEBUG_receive, "rate limit: delay %.2f seconds\n", *delay);
    smtp_pause(s, (int64_t)(*delay * 1000));
}
