/* Items that make one string of another: sg, tr, hash, nhash, hmac, length, substr, listquote. */
#include <string.h>

#include "base/ascii.h"
#include "expand/digest.h"
#include "expand/evaluate.h"
#include "expand/hashes.h"
#include "expand/items.h"
#include "expand/parse_item.h"
#include "expand/regex.h"

#define APPLY(name) \
    static enum expand_status name(struct evaluation *ev, const struct str *args, unsigned n, \
                                   struct buffer *out)

/* --- hash, length, nhash, substr: the last argument is the subject */

static enum expand_status apply_to_last(struct evaluation *ev, const struct str *args, unsigned n,
                                        enum expand_status (*function)(struct evaluation *, struct str,
                                                                       struct str, struct str,
                                                                       struct buffer *),
                                        struct buffer *out)
{
    return function(ev, args[0], n == 3 ? args[1] : STR_NULL, args[n - 1], out);
}

APPLY(apply_hash)
{
    return apply_to_last(ev, args, n, hash_to_text, out);
}

APPLY(apply_length)
{
    return apply_to_last(ev, args, n, cut_to_length, out);
}

APPLY(apply_nhash)
{
    return apply_to_last(ev, args, n, hash_to_numbers, out);
}

APPLY(apply_substr)
{
    return apply_to_last(ev, args, n, cut_from_offset, out);
}

/* --- hmac */

APPLY(apply_hmac)
{
    struct digest digest;
    (void)n;
    const char *name = str_is(args[0], "md5") ? "MD5" : str_is(args[0], "sha1") ? "SHA1" : NULL;
    if (name == NULL || !digest_hmac(name, args[1], args[2], &digest))
        return evaluate_fail(ev, "hmac algorithm \"%.*s\" is not recognised", STR_ARG(args[0]));
    digest_add_hex(out, &digest, false);
    return EXPAND_OK;
}

/* --- sg */

/* What a match is replaced by: expanded (again) for each, with $1 and so on set. */
struct replacement {
    struct str text;
    const struct template *template; /* NULL: the text as it is */
};

/* A tainted text can only be one in which there is nothing to expand; else it is an error to use it. */
static enum expand_status add_replacement(struct evaluation *ev, struct str subject,
                                          const struct regex_match *match,
                                          const struct replacement *replacement, struct buffer *out)
{
    if (replacement->template == NULL) {
        if (str_find(replacement->text, '$') >= 0 || str_find(replacement->text, '\\') >= 0)
            return evaluate_tainted(ev, replacement->text);
        buffer_add(out, replacement->text);
        return EXPAND_OK;
    }
    regex_set_captures(ev->scope, ev->arena, subject, match);
    return evaluate_into(ev, replacement->template, out);
}

/* Copies what lies between two matches. Nothing copied is no taint. */
static void add_unmatched(struct buffer *out, struct str subject, size_t from, size_t to)
{
    buffer_add_n(out, subject.s + from, to - from);
    if (to > from)
        out->tainted |= subject.tainted;
}

/* A match of nothing moves on by one octet, unless something can be matched at the same place. */
static enum expand_status substitute(struct evaluation *ev, struct str pattern, struct str subject,
                                     const struct replacement *replacement, struct buffer *out)
{
    enum expand_status status = EXPAND_OK;
    size_t at = 0, copied = 0;
    bool not_empty = false;
    while (at <= subject.n && status == EXPAND_OK) {
        struct regex_match match;
        /* Looked up anew: the replacement may have pushed it out of the cache. */
        const struct regex *regex = regex_cached(pattern, ev->err);
        if (regex == NULL)
            return EXPAND_FAILED;
        if (regex_match(regex, subject, at, not_empty, &match)) {
            add_unmatched(out, subject, copied, match.at[0].from);
            status = add_replacement(ev, subject, &match, replacement, out);
            at = copied = match.at[0].to;
            not_empty = match.at[0].from == match.at[0].to;
        } else if (not_empty) {
            not_empty = false;
            at++;
        } else {
            break;
        }
    }
    add_unmatched(out, subject, copied, subject.n);
    return status;
}

APPLY(apply_sg)
{
    struct scope *scope = ev->scope;
    struct str saved[SCOPE_CAPTURES];
    unsigned count = scope->capture_count;
    struct replacement replacement = {args[2], NULL};
    (void)n;
    if (!args[2].tainted)
        replacement.template = template_compile(ev->arena, args[2], (struct source_pos){NULL, 0});
    memcpy(saved, scope->captures, sizeof saved);
    enum expand_status status = substitute(ev, args[1], args[0], &replacement, out);
    memcpy(scope->captures, saved, sizeof saved);
    scope->capture_count = count;
    return status;
}

/* --- tr */

APPLY(apply_tr)
{
    (void)n, (void)ev;
    struct str from = args[1], to = args[2];
    for (size_t i = 0; i < args[0].n; i++) {
        char c = args[0].s[i];
        const char *found = to.n == 0 || from.n == 0 ? NULL : memrchr(from.s, c, from.n);
        if (found != NULL) {
            size_t at = (size_t)(found - from.s);
            c = to.s[at < to.n ? at : to.n - 1];
        }
        buffer_add_char(out, c);
    }
    out->tainted |= args[0].tainted | to.tainted;
    return EXPAND_OK;
}

/* --- listquote */

APPLY(apply_listquote)
{
    (void)n, (void)ev;
    for (size_t i = 0; i < args[1].n; i++) {
        if (args[0].n > 0 && args[1].s[i] == args[0].s[0])
            buffer_add_char(out, args[1].s[i]);
        buffer_add_char(out, args[1].s[i]);
    }
    if (args[1].n == 0)
        buffer_add_char(out, ' ');
    out->tainted |= args[1].tainted;
    return EXPAND_OK;
}

static const struct item_row rows[] = {
    {"hash", parse_arguments, 2, 3, apply_hash, NULL, NULL, 0},
    {"hmac", parse_arguments, 3, 3, apply_hmac, NULL, NULL, 0},
    {"length", parse_arguments, 2, 2, apply_length, NULL, NULL, 0},
    {"listquote", parse_arguments, 2, 2, apply_listquote, NULL, NULL, 0},
    {"nhash", parse_arguments, 2, 3, apply_nhash, NULL, NULL, 0},
    {"sg", parse_arguments, 3, 3, apply_sg, NULL, NULL, 0},
    {"substr", parse_arguments, 2, 3, apply_substr, NULL, NULL, 0},
    {"tr", parse_arguments, 3, 3, apply_tr, NULL, NULL, 0},
};

const struct item_table item_string_table = ROWS(rows);
