/* The heimdal_gssapi driver: servers that a peer answers, clients that a server challenges, and both with each
 * other. There is no KDC: the service's key is in a keytab in memory, and the client's ticket for it is made here.
 * Whoever has no ticket does not get in, and a right proof that was changed proves nothing. */
#include <errno.h>
#include <krb5.h>
#include <krb5_asn1.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "auth_fuzzing.h"

#include "fuzz.h"

extern const struct auth_driver auth_driver_heimdal_gssapi;

enum { KEY_VERSION = 1, TICKET_LIFE = 86400, CIPHER_TAIL = 48, FIRST_TOKEN = 0x60, ROTATION_END = 8, CIPHER = KRB5_ENCTYPE_AES256_CTS_HMAC_SHA1_96 };

#define KEYTAB "MEMORY:service"
#define CACHE "MEMORY:ticket"

static const struct template keytab = {.text = KEYTAB}, host = {.text = "host.test"}, service = {.text = "smtp"};

/* Kept for the life of the process, and with them what is in memory only. */
static struct realm {
    krb5_context context;
    krb5_keytab keytab;
    krb5_ccache cache;
    krb5_principal client, server;
    krb5_keyblock *key, *session;
} realm;

static void need(bool good)
{
    if (!good)
        abort();
}

static void configure(void)
{
    static const char config[] = "[libdefaults]\ndefault_realm = TEST\ndns_lookup_kdc = false\ndns_lookup_realm = false\n"
                                 "dns_canonicalize_hostname = false\nrdns = false\n[domain_realm]\nhost.test = TEST\n";
    static char name[32];
    int fd = memfd_create("krb5.conf", 0);

    need(fd >= 0 && write(fd, config, sizeof config - 1) == (ssize_t)sizeof config - 1);
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    setenv("KRB5_CONFIG", name, 1);
    setenv("KRB5CCNAME", CACHE, 1);
}

/* What a KDC would give the client for the service (RFC 4120, section 5.3). */
static void make_ticket(krb5_data *encoded)
{
    struct realm *r = &realm;
    EncTicketPart part = {.authtime = time(NULL), .endtime = time(NULL) + TICKET_LIFE};
    Ticket ticket = {.tkt_vno = 5, .realm = r->server->realm, .sname = r->server->name};
    krb5_crypto crypto = NULL;
    unsigned char *octets;
    size_t room, n = 0;
    int status;

    part.key = *r->session;
    part.crealm = r->client->realm;
    part.cname = r->client->name;
    ASN1_MALLOC_ENCODE(EncTicketPart, octets, room, &part, &n, status);
    need(status == 0 && krb5_crypto_init(r->context, r->key, 0, &crypto) == 0);
    need(krb5_encrypt_EncryptedData(r->context, crypto, KRB5_KU_TICKET, octets, n, KEY_VERSION, &ticket.enc_part) == 0);
    free(octets);
    krb5_crypto_destroy(r->context, crypto);
    ASN1_MALLOC_ENCODE(Ticket, encoded->data, encoded->length, &ticket, &n, status);
    need(status == 0 && n == encoded->length);
    krb5_data_free(&ticket.enc_part.cipher);
    free(ticket.enc_part.kvno);
}

static void fill_keytab(void)
{
    struct realm *r = &realm;
    krb5_keytab_entry entry = {.principal = r->server, .vno = KEY_VERSION, .keyblock = *r->key};

    need(krb5_kt_resolve(r->context, KEYTAB, &r->keytab) == 0);
    need(krb5_kt_add_entry(r->context, r->keytab, &entry) == 0);
}

static void fill_cache(void)
{
    struct realm *r = &realm;
    krb5_creds credential = {.client = r->client, .server = r->server};

    make_ticket(&credential.ticket);
    credential.session = *r->session;
    credential.times.authtime = time(NULL);
    credential.times.endtime = time(NULL) + TICKET_LIFE;
    need(krb5_cc_resolve(r->context, CACHE, &r->cache) == 0);
    need(krb5_cc_initialize(r->context, r->cache, r->client) == 0);
    need(krb5_cc_store_cred(r->context, r->cache, &credential) == 0);
    krb5_data_free(&credential.ticket);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    struct realm *r = &realm;

    (void)argc;
    (void)argv;
    configure();
    need(krb5_init_context(&r->context) == 0);
    need(krb5_parse_name(r->context, "user@TEST", &r->client) == 0);
    need(krb5_parse_name(r->context, "smtp/host.test@TEST", &r->server) == 0);
    r->key = calloc(1, sizeof *r->key);
    r->session = calloc(1, sizeof *r->session);
    need(r->key && r->session && krb5_generate_random_keyblock(r->context, CIPHER, r->key) == 0 &&
         krb5_generate_random_keyblock(r->context, CIPHER, r->session) == 0);
    fill_keytab();
    fill_cache();
    return 0;
}

/* Of a request for a context, and of its answer, the end is encrypted and proves that the key is known; what is
 * around it is not all protected. Of a token behind it that is all from where the header says no more how far the
 * rest is rotated (RFC 4121, section 4.2.6.2). */
static struct str proof(struct str message)
{
    size_t n = message.n;

    if (n == 0)
        return message;
    if (message.s[0] == FIRST_TOKEN)
        n = n < CIPHER_TAIL ? n : CIPHER_TAIL;
    else
        n = n < ROTATION_END ? 0 : n - ROTATION_END;
    return (struct str){message.s + message.n - n, n, false};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct fuzz_input input = {data, size};
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct auth_instance auth;

    fuzz_instance(arena, &auth, &auth_driver_heimdal_gssapi, "GSSAPI");
    fuzz_set_template(&auth, "server_service", &service);
    fuzz_set_template(&auth, "server_hostname", &host);
    fuzz_set_template(&auth, "server_keytab", &keytab);
    fuzz_set_template(&auth, "client_service", &service);
    fuzz_set_template(&auth, "client_hostname", &host);
    need(fuzz_init(arena, &auth));
    need(fuzz_server(&auth, input, NULL) != AUTH_OK);
    fuzz_client(&auth, input);
    fuzz_dialogue(&auth, proof, proof, input);
    arena_free(arena);
    return 0;
}
