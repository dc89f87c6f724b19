/* The cram_md5 driver (manual, chapter 35; RFC 2195): the server sends a challenge, the client answers with its
 * name and the HMAC-MD5 of the challenge under a secret that both know in clear. */
#include "auths/auth.h"

#include <inttypes.h>
#include <limits.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <time.h>

#include "base/hex.h"
#include "base/secret.h"

struct cram_md5_config {
    const struct template *server_secret;
    const struct template *client_name, *client_secret;
};

enum {
    DIGEST_OCTETS = 16,
    DIGEST_DIGITS = 2 * DIGEST_OCTETS,
    RANDOM_WORDS = 2, /* of 64 bits, in a challenge */
};

#define OPTION(name_) \
    {.name = #name_, .type = OPTION_TEMPLATE, .offset = offsetof(struct cram_md5_config, name_)}

static const struct option options[] = {
    OPTION(client_name),
    OPTION(client_secret),
    OPTION(server_secret),
};

static bool init(struct auth_instance *auth, struct error *err)
{
    const struct cram_md5_config *config = auth->instance.config;

    (void)err;
    auth->server = config->server_secret != NULL;
    auth->client = config->client_secret != NULL;
    return true;
}

/* The digest in lower-case hexadecimal. STR_NULL: the library has no MD5 for us. */
static struct str digest_of(struct auth_exchange *x, struct str secret, struct str challenge)
{
    unsigned char octets[DIGEST_OCTETS];
    char hex[DIGEST_DIGITS];
    unsigned n = 0;

    if (secret.n > INT_MAX || !HMAC(EVP_md5(), secret.s, (int)secret.n, (const unsigned char *)challenge.s,
                                    challenge.n, octets, &n)) {
        x->message = STR("no HMAC-MD5 in this system's OpenSSL");
        return STR_NULL;
    }
    hex_digits(octets, sizeof octets, hex);
    return str_copy_n(x->arena, hex, sizeof hex, false);
}

/* --- The server */

/* In the form of a message id, as the RFC has it; nobody can know it beforehand, and none comes twice. */
static struct str challenge(struct auth_exchange *x)
{
    uint64_t random[RANDOM_WORDS];
    struct auth_peer peer;

    random_octets(random, sizeof random);
    if (!x->host->peer(x, &peer) || str_is_empty(peer.host_name))
        peer.host_name = STR("localhost");
    return str_printf(x->arena, "<%020" PRIu64 "%020" PRIu64 ".%lld@%.*s>", random[0], random[1],
                      (long long)time(NULL), STR_ARG(peer.host_name));
}

/* "NAME DIGEST"; the name may have spaces in it. A name with a NUL could be another one for a backend. */
static enum auth_verdict check(struct auth_exchange *x, struct str sent)
{
    const struct cram_md5_config *config = x->auth->instance.config;
    ptrdiff_t space = str_rfind(x->in, ' ');
    struct str name = str_sub(x->arena, x->in, 0, space < 0 ? x->in.n : (size_t)space);
    struct str given = str_sub(x->arena, x->in, name.n + 1, x->in.n), secret, right;
    enum auth_expand status;

    auth_exchange_add(x, name);
    if (space < 0 || given.n != DIGEST_DIGITS || str_find(name, '\0') >= 0)
        return AUTH_FAIL;
    status = x->host->expand(x, config->server_secret, &secret);
    if (status != AUTH_EXPAND_OK)
        return auth_expand_verdict(status);
    if (str_is_empty(secret)) { /* of a lookup that found nothing, mostly: no proof of anything */
        x->host->debug(x, "server_secret is empty: nobody can have that secret\n");
        return AUTH_FAIL;
    }
    right = digest_of(x, secret, sent);
    if (str_is_null(right))
        return AUTH_DEFER;
    return secret_equal(right, given) ? AUTH_OK : AUTH_FAIL;
}

static enum auth_verdict server(struct auth_exchange *x)
{
    struct str *sent = x->state;

    if (sent)
        return check(x, *sent);
    if (!str_is_null(x->in))
        return AUTH_UNEXPECTED;
    sent = x->state = ARENA_NEW(x->arena, struct str);
    *sent = x->out = challenge(x);
    return AUTH_MORE;
}

/* --- The client */

static bool client_name(struct auth_exchange *x, struct str *name, enum auth_verdict *verdict)
{
    const struct cram_md5_config *config = x->auth->instance.config;
    struct auth_peer peer;

    if (config->client_name)
        return auth_expand_client(x, config->client_name, name, verdict);
    x->host->peer(x, &peer);
    *name = peer.host_name;
    return true;
}

static enum auth_verdict client(struct auth_exchange *x)
{
    const struct cram_md5_config *config = x->auth->instance.config;
    struct str *values = x->state, digest; /* name and secret */
    enum auth_verdict verdict;

    if (!values) { /* what is not meant for this server should not cost it a command */
        values = x->state = ARENA_ARRAY(x->arena, struct str, 2);
        return client_name(x, &values[0], &verdict) &&
                       auth_expand_client(x, config->client_secret, &values[1], &verdict)
                   ? AUTH_MORE
                   : verdict;
    }
    if (x->steps > 1)
        return AUTH_UNEXPECTED;
    if (x->in_undecodable) {
        x->message = STR("invalid base64 string in server response");
        return AUTH_CANCELLED;
    }
    digest = digest_of(x, values[1], x->in);
    if (str_is_null(digest))
        return AUTH_DEFER;
    x->out = str_join3(x->arena, values[0], STR(" "), digest);
    return AUTH_MORE;
}

extern const struct auth_driver auth_driver_cram_md5;
const struct auth_driver auth_driver_cram_md5 = {
    .info = {.name = "cram_md5",
             .options = options,
             .option_count = sizeof options / sizeof *options,
             .config_size = sizeof(struct cram_md5_config)},
    .init = init,
    .server = server,
    .client = client,
};
AUTH_DRIVER_EXPORT(auth_driver_cram_md5)
