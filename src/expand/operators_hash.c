/* Operators that digest or cut: md5, sha1, sha2, sha3, hash, length, nhash, substr (manual, 11.6). */
#include <string.h>

#include "base/ascii.h"
#include "expand/apply.h"
#include "expand/certificate.h"
#include "expand/digest.h"
#include "expand/hashes.h"
#include "expand/operators.h"

/* --- Message digests */

/* The operand is a single variable that holds a certificate: what is asked for is its fingerprint. */
static bool is_certificate(const struct operation *op)
{
    const struct template *t = op->operand_template;
    return t != NULL && t->node_count == 1 && t->nodes[0].kind == NODE_VARIABLE &&
           t->nodes[0].variable.row->type == AS_CERTIFICATE && op->operand.n > 0;
}

static enum expand_status add_fingerprint(struct evaluation *ev, const char *name,
                                          const struct operation *op, struct buffer *out)
{
    struct digest digest;
    if (!certificate_fingerprint(op->operand, name, &digest))
        return evaluate_fail(ev, "there is no %s of this certificate", name);
    digest_add_hex(out, &digest, true);
    return EXPAND_OK;
}

static enum expand_status add_digest(struct evaluation *ev, const char *name, struct str data, bool upper,
                                     struct buffer *out)
{
    struct digest digest;
    if (!digest_of(name, data, &digest))
        return evaluate_fail(ev, "there is no %s on this system", name);
    digest_add_hex(out, &digest, upper);
    return EXPAND_OK;
}

APPLY_OPERATOR(apply_md5)
{
    return is_certificate(op) ? add_fingerprint(ev, "MD5", op, out)
                              : add_digest(ev, "MD5", op->operand, false, out);
}

APPLY_OPERATOR(apply_sha1)
{
    return is_certificate(op) ? add_fingerprint(ev, "SHA1", op, out)
                              : add_digest(ev, "SHA1", op->operand, true, out);
}

/* One of a family by its length in bits; `first` is what no suffix stands for. */
static enum expand_status add_sized_digest(struct evaluation *ev, const struct operation *op,
                                           const char *family, const char *first, const char *sizes,
                                           struct buffer *out)
{
    struct str size = str_is_null(op->suffix) ? str_of(first) : op->suffix;
    struct str wanted = str_printf(ev->arena, " %.*s ", STR_ARG(size));
    if (size.n != 3 || strstr(sizes, wanted.s) == NULL)
        return evaluate_fail(ev, "unrecognised %s variant", family);
    const char *prefix = strcmp(family, "sha3") == 0 ? "SHA3-" : "SHA";
    struct str name = str_printf(ev->arena, "%s%.*s", prefix, STR_ARG(size));
    return is_certificate(op) ? add_fingerprint(ev, name.s, op, out)
                              : add_digest(ev, name.s, op->operand, true, out);
}

APPLY_OPERATOR(apply_sha2)
{
    return add_sized_digest(ev, op, "sha2", "256", " 256 384 512 ", out);
}

APPLY_OPERATOR(apply_sha3)
{
    return add_sized_digest(ev, op, "sha3", "256", " 224 256 384 512 ", out);
}

/* --- hash_<n>_<m> and its kin: numbers behind underscores instead of arguments */

/* Splits `3_62`. A sign is for substr only. False: it is not written so. */
static bool split_numbers(struct arena *arena, struct str suffix, bool sign, struct str *first,
                          struct str *second)
{
    size_t i = sign && suffix.n > 0 && suffix.s[0] == '-';
    while (i < suffix.n && ascii_is_digit(suffix.s[i]))
        i++;
    *first = str_sub(arena, suffix, 0, i);
    *second = STR_NULL;
    if (i == suffix.n)
        return true;
    *second = str_sub(arena, suffix, i + 1, suffix.n);
    for (size_t k = 0; k < second->n; k++) {
        if (!ascii_is_digit(second->s[k]))
            return false;
    }
    return i > 0 && suffix.s[i] == '_' && second->n > 0;
}

typedef enum expand_status cutter(struct evaluation *ev, struct str first, struct str second,
                                  struct str subject, struct buffer *out);

static enum expand_status with_numbers(struct evaluation *ev, const struct operation *op, bool sign, bool two,
                                       cutter *function, struct buffer *out)
{
    struct str first, second;
    if (str_is_null(op->suffix))
        return evaluate_fail(ev, "missing values after %.*s", STR_ARG(op->name));
    if (!split_numbers(ev->arena, op->suffix, sign, &first, &second) || (!two && !str_is_null(second)))
        return evaluate_fail(ev, "non-digit after underscore in \"%.*s\"", STR_ARG(op->name));
    return function(ev, first, second, op->operand, out);
}

APPLY_OPERATOR(apply_hash)
{
    return with_numbers(ev, op, false, true, hash_to_text, out);
}

APPLY_OPERATOR(apply_length)
{
    return with_numbers(ev, op, false, false, cut_to_length, out);
}

APPLY_OPERATOR(apply_nhash)
{
    return with_numbers(ev, op, false, true, hash_to_numbers, out);
}

APPLY_OPERATOR(apply_substr)
{
    return with_numbers(ev, op, true, true, cut_from_offset, out);
}

static const struct operator_row rows[] = {
    {"h", apply_hash},        {"hash", apply_hash}, {"l", apply_length},    {"length", apply_length},
    {"md5", apply_md5},       {"nh", apply_nhash},  {"nhash", apply_nhash}, {"s", apply_substr},
    {"sha1", apply_sha1},     {"sha2", apply_sha2}, {"sha256", apply_sha2}, {"sha3", apply_sha3},
    {"substr", apply_substr},
};

const struct operator_table operator_hash_table = ROWS(rows);
