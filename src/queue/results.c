/* Results of deliveries as octets: see results.h. */
#include "queue/results.h"

#include "hints/fields.h"

enum { LAYOUT = 1 };

/* Every text may be none. */
static void add_text(struct buffer *b, struct str text)
{
    fields_add_int(b, !str_is_null(text));
    fields_add_str(b, text);
}

static struct str read_text(struct arena *arena, struct fields *f)
{
    bool present = fields_int(f) != 0;
    struct str text = fields_str(f);

    return present ? str_copy_n(arena, text.s, text.n, text.tainted) : STR_NULL;
}

/* The texts of a recipient in their order. */
#define TEXTS(X) \
    X(message) X(user_message) X(sent_address) X(interface_address) X(tls.cipher) X(tls.cipher_std) X(tls.ver) X(tls.peerdn) \
    X(tls.sni) X(tls.ocsp) X(tls.resumption) X(authenticator) X(authenticated_id) X(authenticated_sender) \
    X(confirmation) X(protocol_start) X(transport_return_message) X(shadow_message) X(return_path) \
    X(submission)

#define FLAGS(X) \
    X(special) X(retry_address) X(retry_sender) X(timed_out) X(tls.active) X(tls.certificate_verified) \
    X(tls.verify_tried) X(chunking) X(pipelining) X(early_pipelining) X(prdr) X(tls_on_connect) X(dsn_aware) X(second_on_connection)

static void write_host(struct buffer *b, const struct mail_host *host)
{
    fields_add_int(b, host != NULL);
    if (!host)
        return;
    add_text(b, host->name);
    add_text(b, host->address);
    fields_add_int(b, host->port);
    fields_add_int(b, host->mx);
    fields_add_int(b, host->dnssec);
}

static const struct mail_host *read_host(struct arena *arena, struct fields *f)
{
    struct mail_host *host;

    if (!fields_int(f))
        return NULL;
    host = ARENA_NEW(arena, struct mail_host);
    host->name = read_text(arena, f);
    host->address = read_text(arena, f);
    host->certname = STR_NULL;
    host->port = (int)fields_int(f);
    host->mx = (int)fields_int(f);
    host->dnssec = fields_int(f) != 0;
    return host;
}

static void write_one(struct buffer *b, const struct mail_recipient *r)
{
    fields_add_int(b, r->result);
    fields_add_int(b, r->error);
    fields_add_int(b, r->more_error);
    fields_add_int(b, r->interface_port);
    fields_add_int(b, r->tls.bits);
    fields_add_int(b, r->octets);
    fields_add_int(b, r->delivery_time.tv_sec);
    fields_add_int(b, r->delivery_time.tv_usec);
#define X(field) add_text(b, r->field);
    TEXTS(X)
#undef X
#define X(field) fields_add_int(b, r->field);
    FLAGS(X)
#undef X
    write_host(b, r->host_used);
}

static void read_one(struct arena *arena, struct fields *f, struct mail_recipient *r)
{
    r->result = (enum mail_result)fields_int(f);
    r->error = (int)fields_int(f);
    r->more_error = (int)fields_int(f);
    r->interface_port = (int)fields_int(f);
    r->tls.bits = (int)fields_int(f);
    r->octets = fields_int(f);
    r->delivery_time.tv_sec = (time_t)fields_int(f);
    r->delivery_time.tv_usec = (suseconds_t)fields_int(f);
#define X(field) r->field = read_text(arena, f);
    TEXTS(X)
#undef X
#define X(field) r->field = fields_int(f) != 0;
    FLAGS(X)
#undef X
    r->host_used = read_host(arena, f);
}

struct str results_write(struct arena *arena, const struct mail_recipient *first)
{
    struct buffer b = BUFFER_IN(arena);

    fields_add_int(&b, LAYOUT);
    for (const struct mail_recipient *r = first; r; r = r->next)
        write_one(&b, r);
    return buffer_str(&b);
}

bool results_read(struct arena *arena, struct mail_recipient *first, struct str octets)
{
    struct fields f;
    struct mail_recipient *r;

    if (!fields_begin(&f, octets, LAYOUT))
        return false;
    for (r = first; r && !f.bad; r = r->next) {
        struct mail_recipient before = *r;

        read_one(arena, &f, r);
        if (f.bad)
            *r = before;
    }
    return !r && fields_end(&f);
}
