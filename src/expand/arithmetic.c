/* Arithmetic for ${eval:...}: see arithmetic.h. */
#include "expand/arithmetic.h"

#include "base/ascii.h"

/* Parentheses deeper than this are an error instead of a stack overflow. */
enum { DEPTH_LIMIT = 100 };

struct reader {
    const char *start, *p, *end;
    bool decimal_only;
    unsigned depth;
    const char *problem; /* the first one */
};

/* Binary operators by falling priority; those of one level group from the left. */
static const char *const levels[][4] = {
    {"*", "/", "%"}, {"+", "-"}, {"<<", ">>"}, {"&"}, {"^"}, {"|"},
};
enum { LEVELS = sizeof levels / sizeof levels[0] };

static int64_t read_level(struct reader *r, unsigned level);

static int64_t fail(struct reader *r, const char *problem)
{
    if (r->problem == NULL)
        r->problem = problem;
    return 0;
}

static void skip_space(struct reader *r)
{
    while (r->p < r->end && ascii_is_space(*r->p))
        r->p++;
}

/* --- Numbers */

static unsigned number_base(struct reader *r)
{
    if (r->decimal_only || *r->p != '0')
        return 10;
    if (r->p + 1 < r->end && ascii_lower(r->p[1]) == 'x') {
        r->p += 2;
        return 16;
    }
    return 8;
}

/* Digits, saturating, and K, M or G behind them. */
static int64_t read_number(struct reader *r)
{
    unsigned base = number_base(r);
    int64_t value = 0;
    for (; r->p < r->end; r->p++) {
        int digit = ascii_hex_value(*r->p);
        if (digit < 0 || (unsigned)digit >= base)
            break;
        if (__builtin_mul_overflow(value, (int64_t)base, &value) ||
            __builtin_add_overflow(value, (int64_t)digit, &value))
            value = INT64_MAX;
    }
    char unit = r->p < r->end ? ascii_lower(*r->p) : '\0';
    int shift = unit == 'k' ? 10 : unit == 'm' ? 20 : unit == 'g' ? 30 : 0;
    if (shift > 0)
        r->p++;
    return (int64_t)((uint64_t)value << shift);
}

static int64_t read_parenthesis(struct reader *r)
{
    r->p++;
    if (++r->depth > DEPTH_LIMIT)
        return fail(r, "parentheses nested too deeply");
    int64_t value = read_level(r, LEVELS);
    r->depth--;
    if (r->problem != NULL)
        return 0;
    if (r->p == r->end || *r->p != ')')
        return fail(r, "expecting closing parenthesis");
    r->p++;
    return value;
}

/* Signs, then a number or a parenthesis. */
static int64_t read_factor(struct reader *r)
{
    const char *signs = r->p;
    for (skip_space(r); r->p < r->end && (*r->p == '-' || *r->p == '~' || *r->p == '+'); skip_space(r))
        r->p++;
    const char *behind = r->p;
    int64_t value;
    if (r->p < r->end && ascii_is_digit(*r->p))
        value = read_number(r);
    else if (r->p < r->end && *r->p == '(')
        value = read_parenthesis(r);
    else
        return fail(r, "expecting number or opening parenthesis");
    while (behind > signs) {
        char sign = *--behind;
        value = sign == '-' ? (int64_t)(0 - (uint64_t)value) : sign == '~' ? ~value : value;
    }
    skip_space(r);
    return value;
}

/* --- Operators */

/* Takes one of a level's operators when it comes next; returns its first character, or NUL. */
static char take_operator(struct reader *r, const char *const *operators)
{
    for (int i = 0; operators[i] != NULL; i++) {
        char c = operators[i][0];
        bool two = operators[i][1] != '\0';
        if (r->p < r->end && *r->p == c && (!two || (r->p + 1 < r->end && r->p[1] == c))) {
            r->p += two ? 2 : 1;
            return c;
        }
    }
    return '\0';
}

/* Overflow wraps round, except in sums; shifts count modulo 64. */
static int64_t compute(struct reader *r, char op, int64_t a, int64_t b)
{
    int64_t sum;
    switch (op) {
    case '*':
        return (int64_t)((uint64_t)a * (uint64_t)b);
    case '/':
        if (b == 0)
            return fail(r, "divide by zero");
        return b == -1 ? (int64_t)(0 - (uint64_t)a) : a / b;
    case '%':
        if (b == 0)
            return fail(r, "modulo by zero");
        return b == -1 ? 0 : a % b;
    case '+':
        return __builtin_add_overflow(a, b, &sum) ? fail(r, "overflow in sum") : sum;
    case '-':
        return (int64_t)((uint64_t)a - (uint64_t)b);
    case '<':
        return (int64_t)((uint64_t)a << ((uint64_t)b & 63));
    case '>':
        return a >> ((uint64_t)b & 63);
    case '&':
        return a & b;
    case '^':
        return a ^ b;
    default:
        return a | b;
    }
}

/* level: how many of the levels above take part. */
static int64_t read_level(struct reader *r, unsigned level)
{
    if (level == 0)
        return read_factor(r);
    int64_t value = read_level(r, level - 1);
    char op;
    while (r->problem == NULL && (op = take_operator(r, levels[level - 1])) != '\0') {
        int64_t right = read_level(r, level - 1);
        if (r->problem == NULL)
            value = compute(r, op, value, right);
    }
    return value;
}

bool arithmetic_evaluate(struct str text, bool decimal_only, int64_t *value, struct arithmetic_error *err)
{
    struct reader r = {text.s, text.s, text.s + text.n, decimal_only, 0, NULL};
    *value = read_level(&r, LEVELS);
    if (r.problem == NULL && r.p < r.end)
        fail(&r, "expecting operator");
    *err = (struct arithmetic_error){r.problem, (size_t)(r.p - r.start)};
    return r.problem == NULL;
}
