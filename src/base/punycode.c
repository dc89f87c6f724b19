/* Punycode: see punycode.h. The names are those of RFC 3492, sections 5 and 6. */
#include "base/punycode.h"

#include "base/arena.h"
#include "base/ascii.h"
#include "base/buffer.h"
#include "base/utf8.h"

enum {
    BASE = 36,
    T_MIN = 1,
    T_MAX = 26,
    SKEW = 38,
    DAMP = 700,
    INITIAL_BIAS = 72,
    INITIAL_N = 0x80,
};

static uint32_t adapt(uint32_t delta, uint32_t points, bool first)
{
    uint32_t k = 0;

    delta = first ? delta / DAMP : delta / 2;
    delta += delta / points;
    for (; delta > (BASE - T_MIN) * T_MAX / 2; k += BASE)
        delta /= BASE - T_MIN;
    return k + (BASE - T_MIN + 1) * delta / (delta + SKEW);
}

static uint32_t threshold(uint32_t k, uint32_t bias)
{
    return k <= bias + T_MIN ? T_MIN : k >= bias + T_MAX ? T_MAX : k - bias;
}

/* The characters of a text. */
struct points {
    uint32_t *v;
    uint32_t n;
};

static bool read_points(struct arena *arena, struct str text, struct points *points)
{
    size_t length;

    points->v = ARENA_ARRAY(arena, uint32_t, text.n + 1);
    points->n = 0;
    if (text.n > UINT16_MAX)
        return false;
    for (size_t at = 0; at < text.n; at += length)
        if (!utf8_read(text, at, &length, &points->v[points->n++]))
            return false;
    return true;
}

static void add_delta(struct buffer *out, uint32_t delta, uint32_t bias)
{
    static const char digits[] = "abcdefghijklmnopqrstuvwxyz0123456789";

    for (uint32_t k = BASE;; k += BASE) {
        uint32_t t = threshold(k, bias);

        if (delta < t)
            break;
        buffer_add_char(out, digits[t + (delta - t) % (BASE - t)]);
        delta = (delta - t) / (BASE - t);
    }
    buffer_add_char(out, digits[delta]);
}

/* The least character that is not below n. */
static uint32_t next_point(const struct points *points, uint32_t n)
{
    uint32_t least = UINT32_MAX;

    for (uint32_t i = 0; i < points->n; i++)
        if (points->v[i] >= n && points->v[i] < least)
            least = points->v[i];
    return least;
}

bool punycode_encode(struct arena *arena, struct str text, struct str *encoded)
{
    struct buffer out = BUFFER_IN(arena);
    struct points points;
    uint32_t n = INITIAL_N, delta = 0, bias = INITIAL_BIAS, basic = 0, handled;

    if (!read_points(arena, text, &points))
        return false;
    for (uint32_t i = 0; i < points.n; i++)
        if (points.v[i] < INITIAL_N) {
            buffer_add_char(&out, (char)points.v[i]);
            basic++;
        }
    if (basic > 0)
        buffer_add_char(&out, '-');
    for (handled = basic; handled < points.n; delta++, n++) {
        uint32_t m = next_point(&points, n), step;

        if (__builtin_mul_overflow(m - n, handled + 1, &step) || __builtin_add_overflow(delta, step, &delta))
            return false;
        n = m;
        for (uint32_t i = 0; i < points.n; i++) {
            if (points.v[i] < n)
                delta++;
            if (points.v[i] == n) {
                add_delta(&out, delta, bias);
                bias = adapt(delta, handled + 1, handled == basic);
                delta = 0;
                handled++;
            }
        }
    }
    *encoded = buffer_str(&out);
    encoded->tainted = text.tainted;
    return true;
}

/* Reads a generalized variable-length integer on top of *i. */
static bool read_delta(struct str text, size_t *at, uint32_t bias, uint32_t *i)
{
    uint32_t weight = 1;

    for (uint32_t k = BASE;; k += BASE) {
        uint32_t t = threshold(k, bias), digit, step;
        char c = *at < text.n ? ascii_lower(text.s[*at]) : '\0';

        if (c >= 'a' && c <= 'z')
            digit = (uint32_t)(c - 'a');
        else if (ascii_is_digit(c))
            digit = (uint32_t)(c - '0') + 26;
        else
            return false;
        ++*at;
        if (__builtin_mul_overflow(digit, weight, &step) || __builtin_add_overflow(*i, step, i))
            return false;
        if (digit < t)
            return true;
        if (__builtin_mul_overflow(weight, BASE - t, &weight))
            return false;
    }
}

static void insert(struct points *points, uint32_t at, uint32_t character)
{
    for (uint32_t i = points->n++; i > at; i--)
        points->v[i] = points->v[i - 1];
    points->v[at] = character;
}

bool punycode_decode(struct arena *arena, struct str text, struct str *decoded)
{
    struct buffer out = BUFFER_IN(arena);
    ptrdiff_t hyphen = str_rfind(text, '-');
    size_t at = hyphen < 0 ? 0 : (size_t)hyphen + 1;
    struct points points = {ARENA_ARRAY(arena, uint32_t, text.n + 1), 0};
    uint32_t n = INITIAL_N, i = 0, bias = INITIAL_BIAS;

    if (text.n > UINT16_MAX)
        return false;
    for (ptrdiff_t p = 0; p < hyphen; p++)
        if ((unsigned char)text.s[p] >= INITIAL_N)
            return false;
        else
            points.v[points.n++] = (unsigned char)text.s[p];
    while (at < text.n) {
        uint32_t before = i;

        if (!read_delta(text, &at, bias, &i))
            return false;
        bias = adapt(i - before, points.n + 1, before == 0);
        if (__builtin_add_overflow(n, i / (points.n + 1), &n) || n > 0x10ffff || (n >= 0xd800 && n <= 0xdfff))
            return false;
        i %= points.n + 1;
        insert(&points, i++, n);
    }
    for (uint32_t p = 0; p < points.n; p++)
        utf8_add(&out, points.v[p]);
    *decoded = buffer_str(&out);
    decoded->tainted = text.tainted;
    return true;
}
