/* Fields of X.509 certificates: see certificate.h. */
#include "expand/certificate.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/buffer.h"
#include "base/strlist.h"

/* What is asked for. */
struct query {
    struct arena *arena;
    const X509 *certificate;
    struct str modifiers[4];
    unsigned modifier_count;
    char separator; /* of lists */
};

typedef enum certificate_status getter(const struct query *q, struct str *value);

bool certificate_is_pem(struct str value)
{
    return str_starts(value, "-----BEGIN ");
}

static X509 *parse(struct str pem)
{
    BIO *bio = pem.n > INT_MAX ? NULL : BIO_new_mem_buf(pem.s, (int)pem.n);
    X509 *certificate = bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, NULL, NULL);

    BIO_free(bio);
    ERR_clear_error();
    return certificate;
}

/* What was written to a memory BIO, which goes. */
static struct str take(struct arena *arena, BIO *bio)
{
    char *data = NULL;
    long n = bio == NULL ? 0 : BIO_get_mem_data(bio, &data);
    struct str value = str_copy_n(arena, n > 0 ? data : "", n > 0 ? (size_t)n : 0, 0);

    BIO_free(bio);
    return value;
}

/* --- Plain fields */

static enum certificate_status get_version(const struct query *q, struct str *value)
{
    *value = str_printf(q->arena, "%ld", X509_get_version(q->certificate) + 1);
    return CERTIFICATE_FOUND;
}

static enum certificate_status get_serial_number(const struct query *q, struct str *value)
{
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(q->certificate), NULL);
    char *digits = number == NULL ? NULL : BN_bn2hex(number);
    struct str text = str_lower(q->arena, str_of(digits == NULL ? "" : digits));
    size_t zeros = strspn(text.s, "0");

    *value = str_sub(q->arena, text, zeros < text.n ? zeros : 0, text.n);
    OPENSSL_free(digits);
    BN_free(number);
    return CERTIFICATE_FOUND;
}

static enum certificate_status get_sig_algorithm(const struct query *q, struct str *value)
{
    *value = str_copy(q->arena, str_of(OBJ_nid2sn(X509_get_signature_nid(q->certificate))));
    return CERTIFICATE_FOUND;
}

static enum certificate_status get_signature(const struct query *q, struct str *value)
{
    struct buffer hex = BUFFER_IN(q->arena);
    const ASN1_BIT_STRING *signature;

    X509_get0_signature(&signature, NULL, q->certificate);
    for (int i = 0; i < signature->length; i++)
        buffer_printf(&hex, i == 0 ? "%02x" : " %02x", signature->data[i]);
    *value = buffer_str(&hex);
    return CERTIFICATE_FOUND;
}

/* --- Times */

static enum certificate_status get_time(const struct query *q, const ASN1_TIME *at, struct str *value)
{
    struct tm tm;
    char text[64];
    time_t seconds;

    if (ASN1_TIME_to_tm(at, &tm) != 1)
        return CERTIFICATE_ABSENT;
    seconds = timegm(&tm);
    if (q->modifier_count == 1 && str_is(q->modifiers[0], "int")) {
        *value = str_printf(q->arena, "%lld", (long long)seconds);
        return CERTIFICATE_FOUND;
    }
    localtime_r(&seconds, &tm);
    strftime(text, sizeof text, "%b %e %H:%M:%S %Y %Z", &tm);
    *value = str_copy(q->arena, str_of(text));
    return CERTIFICATE_FOUND;
}

static enum certificate_status get_notbefore(const struct query *q, struct str *value)
{
    return get_time(q, X509_get0_notBefore(q->certificate), value);
}

static enum certificate_status get_notafter(const struct query *q, struct str *value)
{
    return get_time(q, X509_get0_notAfter(q->certificate), value);
}

/* --- Names (RFC 4514) */

enum { NAME_FLAGS = XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB };

/* A value of an RDN, escaped as in the whole name, except that a comma needs no escaping in a list. */
static struct str rdn_value(struct arena *arena, const X509_NAME_ENTRY *entry)
{
    BIO *bio = BIO_new(BIO_s_mem());
    struct buffer value = BUFFER_IN(arena);
    struct str text;

    if (bio != NULL)
        ASN1_STRING_print_ex(bio, X509_NAME_ENTRY_get_data(entry), ASN1_STRFLGS_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
    text = take(arena, bio);
    for (size_t i = 0; i < text.n; i++) {
        if (text.s[i] == '\\' && i + 1 < text.n) {
            i++;
            if (text.s[i] != ',')
                buffer_add_char(&value, '\\');
        }
        buffer_add_char(&value, text.s[i]);
    }
    return buffer_str(&value);
}

/* The RDNs of the type, in the order of RFC 4514: the last comes first. */
static enum certificate_status get_rdns(const struct query *q, const X509_NAME *name, struct str type,
                                        struct str *value)
{
    struct buffer list = BUFFER_IN(q->arena);
    bool found = false;

    for (int i = X509_NAME_entry_count(name) - 1; i >= 0; i--) {
        X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
        struct str label = str_of(OBJ_nid2sn(OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry))));

        if (!str_eq(label, type))
            continue;
        strlist_add(&list, rdn_value(q->arena, entry), q->separator, !found);
        found = true;
    }
    *value = buffer_str(&list);
    return found ? CERTIFICATE_FOUND : CERTIFICATE_ABSENT;
}

static enum certificate_status get_name(const struct query *q, const X509_NAME *name, struct str *value)
{
    BIO *bio;

    if (q->modifier_count > 0)
        return get_rdns(q, name, q->modifiers[0], value);
    bio = BIO_new(BIO_s_mem());
    if (bio != NULL)
        X509_NAME_print_ex(bio, name, 0, NAME_FLAGS);
    *value = take(q->arena, bio);
    return CERTIFICATE_FOUND;
}

static enum certificate_status get_subject(const struct query *q, struct str *value)
{
    return get_name(q, X509_get_subject_name(q->certificate), value);
}

static enum certificate_status get_issuer(const struct query *q, struct str *value)
{
    return get_name(q, X509_get_issuer_name(q->certificate), value);
}

/* --- Lists */

/* A list while it is made. */
struct names {
    const struct query *q;
    struct buffer list;
    bool any;
};

/* A name with a NUL in it is made to be taken for another one. */
static void add_name(struct names *names, const char *tag, const ASN1_STRING *text)
{
    const struct query *q = names->q;
    const unsigned char *p = ASN1_STRING_get0_data(text);
    size_t n = (size_t)ASN1_STRING_length(text);
    struct str item;

    if (memchr(p, 0, n) != NULL)
        return;
    item = str_copy_n(q->arena, (const char *)p, n, 0);
    if (tag != NULL)
        item = str_join3(q->arena, str_of(tag), STR("="), item);
    strlist_add(&names->list, item, q->separator, !names->any);
    names->any = true;
}

static enum certificate_status finish(struct names *names, struct str *value)
{
    *value = buffer_str(&names->list);
    return names->any ? CERTIFICATE_FOUND : CERTIFICATE_ABSENT;
}

static const struct {
    const char *modifier, *tag;
    int type;
} name_types[] = {
    {"dns", "DNS", GEN_DNS},
    {"mail", "MAIL", GEN_EMAIL},
    {"uri", "URI", GEN_URI},
};
enum { NAME_TYPES = sizeof name_types / sizeof *name_types };

/* The type that the modifiers select, or -1: the last one counts. */
static int selected_type(const struct query *q)
{
    int type = -1;

    for (unsigned i = 0; i < q->modifier_count; i++)
        for (int k = 0; k < NAME_TYPES; k++)
            if (str_is(q->modifiers[i], name_types[k].modifier))
                type = name_types[k].type;
    return type;
}

static enum certificate_status get_subj_altname(const struct query *q, struct str *value)
{
    GENERAL_NAMES *all = X509_get_ext_d2i(q->certificate, NID_subject_alt_name, NULL, NULL);
    struct names names = {.q = q, .list = BUFFER_IN(q->arena)};
    int selected = selected_type(q);

    for (int i = 0; i < sk_GENERAL_NAME_num(all); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(all, i);

        for (int k = 0; k < NAME_TYPES; k++)
            if (name->type == name_types[k].type && (selected < 0 || selected == name->type))
                add_name(&names, selected < 0 ? name_types[k].tag : NULL, name->d.ia5);
    }
    GENERAL_NAMES_free(all);
    return finish(&names, value);
}

static enum certificate_status get_ocsp_uri(const struct query *q, struct str *value)
{
    AUTHORITY_INFO_ACCESS *all = X509_get_ext_d2i(q->certificate, NID_info_access, NULL, NULL);
    struct names names = {.q = q, .list = BUFFER_IN(q->arena)};

    for (int i = 0; i < sk_ACCESS_DESCRIPTION_num(all); i++) {
        const ACCESS_DESCRIPTION *access = sk_ACCESS_DESCRIPTION_value(all, i);

        if (OBJ_obj2nid(access->method) == NID_ad_OCSP && access->location->type == GEN_URI)
            add_name(&names, NULL, access->location->d.uniformResourceIdentifier);
    }
    AUTHORITY_INFO_ACCESS_free(all);
    return finish(&names, value);
}

static void add_point(struct names *names, const DIST_POINT *point)
{
    const GENERAL_NAMES *full;

    if (point->distpoint == NULL || point->distpoint->type != 0)
        return;
    full = point->distpoint->name.fullname;
    for (int i = 0; i < sk_GENERAL_NAME_num(full); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(full, i);

        if (name->type == GEN_URI)
            add_name(names, NULL, name->d.uniformResourceIdentifier);
    }
}

static enum certificate_status get_crl_uri(const struct query *q, struct str *value)
{
    CRL_DIST_POINTS *all = X509_get_ext_d2i(q->certificate, NID_crl_distribution_points, NULL, NULL);
    struct names names = {.q = q, .list = BUFFER_IN(q->arena)};

    for (int i = 0; i < sk_DIST_POINT_num(all); i++)
        add_point(&names, sk_DIST_POINT_value(all, i));
    CRL_DIST_POINTS_free(all);
    return finish(&names, value);
}

/* --- The table */

static const struct {
    const char *name;
    getter *get;
} fields[] = {
    {"crl_uri", get_crl_uri},
    {"issuer", get_issuer},
    {"notafter", get_notafter},
    {"notbefore", get_notbefore},
    {"ocsp_uri", get_ocsp_uri},
    {"serial_number", get_serial_number},
    {"sig_algorithm", get_sig_algorithm},
    {"signature", get_signature},
    {"subj_altname", get_subj_altname},
    {"subject", get_subject},
    {"subject_altname", get_subj_altname}, /* easily written for the name above */
    {"version", get_version},
};

static getter *find(struct str name)
{
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (str_is(name, fields[i].name))
            return fields[i].get;
    return NULL;
}

/* Takes the selector apart: what begins with > is a separator, all else a modifier. */
static struct str split(struct query *q, struct str selector)
{
    struct str name = STR(""), rest = str_trim(q->arena, selector);
    bool first = true;

    for (;;) {
        ptrdiff_t comma = str_find(rest, ',');
        struct str part = comma < 0 ? rest : str_sub(q->arena, rest, 0, (size_t)comma);

        if (first)
            name = part;
        else if (str_starts(part, ">") && part.n == 2)
            q->separator = part.s[1];
        else if (q->modifier_count < sizeof q->modifiers / sizeof *q->modifiers)
            q->modifiers[q->modifier_count++] = part;
        first = false;
        if (comma < 0)
            return name;
        rest = str_sub(q->arena, rest, (size_t)comma + 1, rest.n);
    }
}

enum certificate_status certificate_field(struct arena *arena, struct str pem, struct str selector,
                                          struct str *value, struct error *err)
{
    struct query q = {.arena = arena, .separator = '\n'};
    struct str name = split(&q, selector);
    getter *get = find(name);
    X509 *certificate;
    enum certificate_status status;

    if (get == NULL) {
        error_set(err, "bad field selector \"%.*s\" for certextract", STR_ARG(name));
        return CERTIFICATE_BAD;
    }
    certificate = parse(pem);
    if (certificate == NULL) {
        error_set(err, "certextract: this is no certificate");
        return CERTIFICATE_BAD;
    }
    q.certificate = certificate;
    status = get(&q, value);
    value->tainted |= pem.tainted;
    X509_free(certificate);
    ERR_clear_error();
    return status;
}

bool certificate_fingerprint(struct str pem, const char *name, struct digest *digest)
{
    X509 *certificate = parse(pem);
    EVP_MD *md = EVP_MD_fetch(NULL, name, NULL);
    unsigned n = 0;
    bool good = certificate != NULL && md != NULL && X509_digest(certificate, md, digest->octets, &n) == 1;

    digest->n = n;
    EVP_MD_free(md);
    X509_free(certificate);
    ERR_clear_error();
    return good;
}
