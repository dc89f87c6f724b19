/* Hashing and cutting strings: see hashes.h. */
#include "expand/hashes.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "base/ascii.h"

/* --- Numbers */

/* An optional sign and digits, saturating; no digits are 0. False: something else. */
static bool read_number(struct str text, int64_t *value)
{
    size_t i = 0;
    *value = 0;
    while (i < text.n && ascii_is_space(text.s[i]))
        i++;
    bool negative = i < text.n && text.s[i] == '-';
    if (i < text.n && (text.s[i] == '-' || text.s[i] == '+'))
        i++;
    for (; i < text.n && ascii_is_digit(text.s[i]); i++)
        *value = *value > INT_MAX ? *value : *value * 10 + (text.s[i] - '0');
    if (negative)
        *value = -*value;
    return i == text.n;
}

static bool is_blank(struct str text)
{
    return text.n > 0 && ascii_is_space(text.s[text.n - 1]);
}

static enum expand_status any_number(struct evaluation *ev, const char *name, struct str text, int64_t *value)
{
    *value = 0;
    if (!is_blank(text) && read_number(text, value))
        return EXPAND_OK;
    return evaluate_fail(ev, "\"%.*s\" is not a number (in \"%s\" expansion)", STR_ARG(text), name);
}

static enum expand_status positive_number(struct evaluation *ev, const char *name, struct str text,
                                          int64_t *value)
{
    if (is_blank(text))
        return any_number(ev, name, text, value);
    if (read_number(text, value) && *value >= 0 && *value <= INT_MAX)
        return EXPAND_OK;
    return evaluate_fail(ev, "\"%.*s\" is not a positive number (in \"%s\" expansion)", STR_ARG(text), name);
}

/* --- hash: letters and digits that depend on the whole string */

/* The order is what Exim really uses: t before s. */
static const char hash_characters[] = "abcdefghijklmnopqrtsuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

static unsigned char rotate_left(unsigned char c, unsigned by)
{
    by %= 8;
    return (unsigned char)(c << by | c >> (8 - by));
}

/* The first `length` octets, with those behind them folded in one after the other, rotated by their own
 * value and place; then each is a character of the first `count` above. */
static void add_hash(struct evaluation *ev, struct str subject, size_t length, unsigned count,
                     struct buffer *out)
{
    unsigned char *folded = arena_alloc(ev->arena, length + 1);
    memcpy(folded, subject.s, length);
    for (size_t i = length; length > 0 && i < subject.n; i++) {
        unsigned char c = (unsigned char)subject.s[i];
        folded[i % length] ^= rotate_left(c, c + (unsigned)(i % 8));
    }
    for (size_t i = 0; i < length; i++)
        buffer_add_char(out, hash_characters[folded[i] % count]);
    out->tainted |= subject.tainted;
}

enum expand_status hash_to_text(struct evaluation *ev, struct str first, struct str second,
                                struct str subject, struct buffer *out)
{
    int64_t length, count = 26;
    enum expand_status status = any_number(ev, "hash", first, &length);
    if (status == EXPAND_OK && !str_is_null(second))
        status = positive_number(ev, "hash", second, &count);
    if (status == EXPAND_OK && length < 0)
        status =
            evaluate_fail(ev, "\"%.*s\" is not a positive number (in \"hash\" expansion)", STR_ARG(first));
    if (status != EXPAND_OK)
        return status;
    if (count > (int64_t)sizeof hash_characters - 1)
        return evaluate_fail(ev, "hash count \"%.*s\" too big", STR_ARG(second));
    if (count == 0)
        return evaluate_fail(ev, "hash count \"%.*s\" too small", STR_ARG(second));
    if ((uint64_t)length >= subject.n)
        buffer_add(out, subject);
    else
        add_hash(ev, subject, (size_t)length, (unsigned)count, out);
    return EXPAND_OK;
}

/* --- nhash: one or two numbers */

/* The octets weighted with falling primes, over and over. */
static uint32_t weighted_sum(struct str subject)
{
    static const unsigned char primes[] = {113, 109, 107, 103, 101, 97, 89, 83, 79, 73, 71, 67, 61, 59, 53,
                                           47,  43,  41,  37,  31,  29, 23, 19, 17, 13, 11, 7,  5,  3};
    uint32_t sum = 0;
    for (size_t i = 0; i < subject.n; i++)
        sum += (uint32_t)(unsigned char)subject.s[i] * primes[i % sizeof primes];
    return sum;
}

enum expand_status hash_to_numbers(struct evaluation *ev, struct str first, struct str second,
                                   struct str subject, struct buffer *out)
{
    int64_t n, m = 1;
    enum expand_status status = any_number(ev, "nhash", first, &n);
    if (status == EXPAND_OK && !str_is_null(second))
        status = positive_number(ev, "nhash", second, &m);
    if (status != EXPAND_OK)
        return status;
    if (n < 1 || m < 1)
        return evaluate_fail(ev, "\"%.*s\" is not a positive number (in \"nhash\" expansion)",
                             STR_ARG(n < 1 ? first : second));
    uint64_t hash = weighted_sum(subject) % ((uint64_t)n * (uint64_t)m);
    if (str_is_null(second))
        buffer_printf(out, "%llu", (unsigned long long)hash);
    else
        buffer_printf(out, "%llu/%llu", (unsigned long long)hash / (unsigned long long)m,
                      (unsigned long long)hash % (unsigned long long)m);
    return EXPAND_OK;
}

/* --- length, substr */

enum expand_status cut_to_length(struct evaluation *ev, struct str first, struct str second,
                                 struct str subject, struct buffer *out)
{
    int64_t n;
    (void)second;
    enum expand_status status = positive_number(ev, "length", first, &n);
    if (status == EXPAND_OK)
        buffer_add(out, str_sub(ev->arena, subject, 0, (size_t)n));
    return status;
}

/* A negative start counts from the end; without a length it means all that stands before it. */
enum expand_status cut_from_offset(struct evaluation *ev, struct str first, struct str second,
                                   struct str subject, struct buffer *out)
{
    int64_t start, n = INT64_MAX, size = (int64_t)subject.n;
    enum expand_status status = any_number(ev, "substr", first, &start);
    if (status == EXPAND_OK && !str_is_null(second))
        status = positive_number(ev, "substr", second, &n);
    if (status != EXPAND_OK)
        return status;
    if (start < 0 && str_is_null(second)) {
        n = size + start;
        start = 0;
    } else if (start < 0) {
        start += size;
        if (start < 0) {
            n += start;
            start = 0;
        }
    }
    if (n > 0 && start < size)
        buffer_add(out, str_sub(ev->arena, subject, (size_t)start, (size_t)n));
    return EXPAND_OK;
}
