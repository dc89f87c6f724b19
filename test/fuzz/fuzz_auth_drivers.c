/* The drivers that prove things: cram_md5, external and spa, as servers that a peer answers and as clients that a
 * server challenges, with whatever octets. A right proof that was changed never authenticates. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "auths/auth.h"
#include "auths/exchange.h"
#include "auths/ntlm.h"
#include "base/arena.h"

#include "fuzz.h"

/* What this host takes for a compiled template. */
struct template {
    const char *text;
};

static const struct template secret = {"secret"}, user = {"user"}, yes = {"yes"};

extern const struct auth_driver auth_driver_cram_md5, auth_driver_external, auth_driver_spa;

static enum auth_expand expand_double(struct auth_exchange *x, const struct template *t, struct str *value)
{
    (void)x;
    *value = t ? str_of(t->text) : STR_NULL;
    return AUTH_EXPAND_OK;
}

static bool peer_double(struct auth_exchange *x, struct auth_peer *peer)
{
    (void)x;
    *peer = (struct auth_peer){.host_name = STR("host.test")};
    return true;
}

__attribute__((format(printf, 2, 3))) static void quiet(struct auth_exchange *x, const char *format, ...)
{
    (void)x;
    (void)format;
}

static const struct auth_host host = {.expand = expand_double, .peer = peer_double, .debug = quiet, .log = quiet};

struct subject {
    const struct auth_driver *driver;
    const char *secret, *user, *client_secret; /* options */
} subjects[] = {
    {&auth_driver_cram_md5, "server_secret", "client_name", "client_secret"},
    {&auth_driver_spa, "server_password", "client_username", "client_password"},
    {&auth_driver_external, NULL, "client_send", NULL},
};

static void set_option(struct auth_instance *auth, const char *name, const void *value, size_t size)
{
    const struct driver_info *driver = auth->instance.driver;

    for (size_t i = 0; name && i < driver->option_count; i++)
        if (strcmp(driver->options[i].name, name) == 0)
            memcpy((char *)auth->instance.config + driver->options[i].offset, value, size);
}

static bool prepare(struct arena *arena, const struct subject *subject, struct auth_instance *auth)
{
    const struct template *t[] = {&secret, &user};
    struct str versions = STR("lm:ntlm:ntlm2:ntlmv2");
    struct error err = ERROR_IN(arena);

    *auth = (struct auth_instance){.instance = {.name = STR("fuzz"), .driver = &subject->driver->info},
                                   .public_name = STR("FUZZ"), .server_condition = &yes};
    auth->instance.config = arena_alloc(arena, subject->driver->info.config_size);
    set_option(auth, subject->secret, &t[0], sizeof t[0]);
    set_option(auth, subject->user, &t[1], sizeof t[1]);
    set_option(auth, subject->client_secret, &t[0], sizeof t[0]);
    set_option(auth, "server_ntlm_versions", &versions, sizeof versions);
    return auth_class.init(&auth->instance, &err);
}

/* The next piece of the input: a length and so many octets. False: there is none. */
static bool next(const uint8_t **data, size_t *size, struct str *piece)
{
    size_t n;

    if (*size < 2)
        return false;
    n = (size_t)(*data)[0] | (size_t)(*data)[1] << 8;
    *data += 2;
    *size -= 2;
    if (n > *size)
        n = *size;
    *piece = (struct str){(const char *)*data, n, true};
    *data += n;
    *size -= n;
    return true;
}

/* Nobody knows the challenge, so nobody gets in who has to prove something. */
static void serve(const struct subject *subject, const struct auth_instance *auth, const uint8_t *data, size_t size)
{
    struct auth_exchange *x = auth_exchange_begin(auth, AUTH_SERVER, &host, NULL);
    enum auth_verdict verdict = AUTH_MORE;
    struct str piece;

    if (size > 0 && *data & 1)
        verdict = auth_exchange_step(x, STR_NULL);
    while (verdict == AUTH_MORE && next(&data, &size, &piece))
        verdict = auth_exchange_step(x, piece);
    if (verdict == AUTH_OK && subject->secret)
        abort();
    auth_exchange_end(x);
}

static void use(const struct auth_instance *auth, const uint8_t *data, size_t size)
{
    struct auth_exchange *x = auth_exchange_begin(auth, AUTH_CLIENT, &host, NULL);
    enum auth_verdict verdict = auth_exchange_step(x, STR_NULL);
    struct str piece;

    while (verdict == AUTH_MORE && next(&data, &size, &piece))
        verdict = piece.n == 1 ? auth_exchange_step_undecodable(x) : auth_exchange_step(x, piece);
    auth_exchange_end(x);
}

/* The part of an answer that proves something. */
static struct str proof_of(const struct subject *subject, struct str answer)
{
    struct ntlm_authenticate parts;

    if (subject->driver != &auth_driver_spa)
        return (struct str){answer.s + answer.n - 32, 32, false};
    return ntlm_read_authenticate(answer, &parts) ? parts.nt : STR_NULL;
}

/* Client and server with each other; the input says which octets of the last answer are changed, and how. */
static void mutate(const struct subject *subject, const struct auth_instance *auth, const uint8_t *data, size_t size)
{
    struct auth_exchange *s = auth_exchange_begin(auth, AUTH_SERVER, &host, NULL);
    struct auth_exchange *c = auth_exchange_begin(auth, AUTH_CLIENT, &host, NULL);
    unsigned turns = subject->driver == &auth_driver_spa ? 2 : 1;
    struct str right = STR_NULL;

    auth_exchange_step(s, STR_NULL);
    auth_exchange_step(c, STR_NULL);
    for (unsigned i = 0; i < turns; i++) {
        auth_exchange_step(c, s->out);
        right = str_copy(c->arena, c->out);
        if (i + 1 < turns)
            auth_exchange_step(s, right);
    }
    for (; size >= 3; data += 3, size -= 3) {
        size_t at = ((size_t)data[0] | (size_t)data[1] << 8) % right.n;

        ((char *)(uintptr_t)right.s)[at] = (char)(right.s[at] ^ (char)data[2]);
    }
    if (auth_exchange_step(s, right) == AUTH_OK) {
        if (!str_eq(proof_of(subject, right), proof_of(subject, c->out)))
            abort();
    } else if (str_eq(right, c->out)) {
        abort();
    }
    auth_exchange_end(c);
    auth_exchange_end(s);
}

/* The parsers on memory that ends where the message does. */
static void parse(const uint8_t *data, size_t size)
{
    char *exact = malloc(size > 0 ? size : 1);
    const struct str message = {exact, size, true};
    struct ntlm_negotiate negotiate;
    struct ntlm_challenge challenge;
    struct ntlm_authenticate answer;
    struct str value;

    if (!exact)
        return;
    if (size > 0)
        memcpy(exact, data, size);
    ntlm_read_negotiate(message, &negotiate);
    if (ntlm_read_challenge(message, &challenge))
        ntlm_find_av(challenge.info, NTLM_AV_TIMESTAMP, &value);
    ntlm_read_authenticate(message, &answer);
    ntlm_find_av(message, NTLM_AV_TIMESTAMP, &value);
    free(exact);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct subject *subject;
    struct auth_instance auth;
    struct arena *arena;

    if (size < 2)
        return 0;
    arena = arena_new(ARENA_PLAIN);
    subject = &subjects[data[0] % 3];
    if (prepare(arena, subject, &auth)) {
        serve(subject, &auth, data + 1, size - 1);
        use(&auth, data + 1, size - 1);
        if (subject->secret)
            mutate(subject, &auth, data + 1, size - 1);
    }
    parse(data + 1, size - 1);
    arena_free(arena);
    return 0;
}
