/* ${prvs...} and ${prvscheck...}: signed return paths, BATV (manual, 11.5 and 43.51).
 *
 * prvs=KDDDHHHHHH=local@domain: the key number, the day it ends (modulo 1000) and the first octets of an
 * HMAC-SHA1 over these four digits and the address. */
#include <string.h>
#include <time.h>

#include "base/ascii.h"
#include "base/secret.h"
#include "expand/digest.h"
#include "expand/evaluate.h"
#include "expand/items.h"
#include "expand/parse_item.h"

enum {
    LIFETIME = 7, /* days */
    DAY_MODULUS = 1000,
    PREFIX_LENGTH = 5, /* prvs= */
    TAG_LENGTH = 10,
    HASH_OCTETS = 3,
};

static unsigned day_number(void)
{
    return (unsigned)(time(NULL) / (24 * 60 * 60) % DAY_MODULUS);
}

/* The tag: KDDDHHHHHH. */
static bool make_tag(struct evaluation *ev, char key, unsigned day, struct str address, struct str secret,
                     struct str *tag)
{
    struct digest digest;
    struct str start = str_printf(ev->arena, "%c%03u", key, day);
    if (!digest_hmac("SHA1", secret, str_join(ev->arena, start, address), &digest))
        return false;
    struct buffer text = BUFFER_IN(ev->arena);
    buffer_add(&text, start);
    digest.n = HASH_OCTETS;
    digest_add_hex(&text, &digest, false);
    *tag = buffer_str(&text);
    return true;
}

static enum expand_status apply_prvs(struct evaluation *ev, const struct str *args, unsigned n,
                                     struct buffer *out)
{
    struct str tag;
    ptrdiff_t at = str_rfind(args[0], '@');
    if (at <= 0 || (size_t)at + 1 == args[0].n)
        return evaluate_fail(ev, "prvs first argument must be a qualified email address");
    if (n > 2 && args[2].n > 0 && (args[2].n > 1 || !ascii_is_digit(args[2].s[0])))
        return evaluate_fail(ev, "prvs third argument must be a single digit");
    char key = n > 2 && args[2].n > 0 ? args[2].s[0] : '0';
    if (!make_tag(ev, key, (day_number() + LIFETIME) % DAY_MODULUS, args[0], args[1], &tag))
        return evaluate_fail(ev, "prvs hmac-sha1 conversion problem");
    buffer_add_cstr(out, "prvs=");
    buffer_add(out, tag);
    buffer_add_char(out, '=');
    buffer_add(out, args[0]);
    return EXPAND_OK;
}

/* --- prvscheck */

/* Takes a signed address apart. False: it is none. */
static bool split_signed(struct evaluation *ev, struct str text, struct str *tag, struct str *address)
{
    size_t separator = PREFIX_LENGTH + TAG_LENGTH;
    if (text.n < separator + 4 || !str_starts_nocase(text, "prvs=") || text.s[separator] != '=')
        return false;
    *tag = str_lower(ev->arena, str_sub(ev->arena, text, PREFIX_LENGTH, TAG_LENGTH));
    for (size_t i = 0; i < TAG_LENGTH; i++) {
        if (i < 4 ? !ascii_is_digit(tag->s[i]) : ascii_hex_value(tag->s[i]) < 0)
            return false;
    }
    *address = str_sub(ev->arena, text, separator + 1, text.n);
    ptrdiff_t at = str_rfind(*address, '@');
    return at > 0 && (size_t)at + 1 < address->n;
}

static bool is_valid(struct evaluation *ev, struct str tag, struct str address, struct str secret)
{
    struct str right;
    unsigned day = (unsigned)((tag.s[1] - '0') * 100 + (tag.s[2] - '0') * 10 + (tag.s[3] - '0'));
    unsigned days_left = (day + DAY_MODULUS - day_number()) % DAY_MODULUS;
    return make_tag(ev, tag.s[0], day, address, secret, &right) && secret_equal(right, tag) &&
           days_left <= LIFETIME;
}

/* The address and the key number are there while the other arguments are expanded; the result stays. */
static enum expand_status check_signed(struct evaluation *ev, const struct item_node *item, struct str tag,
                                       struct str address, struct buffer *out)
{
    struct scope *scope = ev->scope;
    struct str secret, result = STR("");
    scope->prvs_address = address;
    scope->prvs_keynum = str_sub(ev->arena, tag, 0, 1);
    scope->prvs_result = STR_NULL;
    enum expand_status status = evaluate_value(ev, item->args[1], &secret);
    if (status == EXPAND_OK)
        scope->prvs_result = is_valid(ev, tag, address, secret) ? STR("1") : STR("");
    if (status == EXPAND_OK && item->arg_count > 2)
        status = evaluate_value(ev, item->args[2], &result);
    if (status == EXPAND_OK)
        buffer_add(out, result.n > 0 ? result : address);
    scope->prvs_address = scope->prvs_keynum = STR_NULL;
    return status;
}

static enum expand_status evaluate_prvscheck(struct evaluation *ev, const struct item_node *item,
                                             struct buffer *out)
{
    struct str text, tag, address;
    enum expand_status status = evaluate_arguments(ev, item->args, item->arg_count > 0, &text);
    if (status == EXPAND_OK && item->fault != NULL)
        status = evaluate_fault(ev, item->fault);
    if (status != EXPAND_OK || !split_signed(ev, text, &tag, &address))
        return status;
    return check_signed(ev, item, tag, address, out);
}

static const struct item_row rows[] = {
    {"prvs", parse_arguments, 2, 3, apply_prvs, NULL, NULL, 0},
    {"prvscheck", parse_arguments, 2, 3, NULL, NULL, evaluate_prvscheck, 0},
};

const struct item_table item_prvs_table = ROWS(rows);
