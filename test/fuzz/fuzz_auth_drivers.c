/* The drivers that need no library of mechanisms: cram_md5, external, spa and tls, as servers that a peer answers
 * and as clients that a server challenges, with whatever octets. A right proof that was changed never
 * authenticates. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "auth_fuzzing.h"
#include "auths/ntlm.h"

#include "fuzz.h"

extern const struct auth_driver auth_driver_cram_md5, auth_driver_external, auth_driver_spa, auth_driver_tls;

static const struct template secret = {.text = "secret"}, user = {.text = "user"}, yes = {.text = "yes"};
static const struct template forced = {.status = AUTH_EXPAND_FORCED, .text = ""};

/* A client's proof in NTLM is the response to the challenge; nothing else of the message is. */
static struct str ntlm_proof(struct str message)
{
    struct ntlm_authenticate parts;

    return ntlm_read_authenticate(message, &parts) ? parts.nt : STR_NULL;
}

static const struct subject {
    const struct auth_driver *driver;
    fuzz_proof *proof;                         /* NULL: it has none */
    const char *secret, *user, *client_secret; /* options; NULL: there is none */
} subjects[] = {
    {&auth_driver_cram_md5, fuzz_last_32, "server_secret", "client_name", "client_secret"},
    {&auth_driver_spa, ntlm_proof, "server_password", "client_username", "client_password"},
    {&auth_driver_external, NULL, NULL, "client_send", NULL},
    {&auth_driver_tls, NULL, "server_param1", NULL, NULL},
};

static bool prepare(struct arena *arena, const struct subject *subject, struct auth_instance *auth)
{
    fuzz_instance(arena, auth, subject->driver, "FUZZ");
    auth->server_condition = &yes;
    if (subject->secret)
        fuzz_set_template(auth, subject->secret, &secret);
    if (subject->user)
        fuzz_set_template(auth, subject->user, &user);
    if (subject->client_secret)
        fuzz_set_template(auth, subject->client_secret, &secret);
    if (subject->driver == &auth_driver_spa)
        fuzz_set_text(auth, "server_ntlm_versions", "lm:ntlm:ntlm2:ntlmv2");
    if (subject->driver == &auth_driver_tls)
        fuzz_set_template(auth, "server_param3", &forced);
    return fuzz_init(arena, auth);
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
    const struct fuzz_input input = {data + 1, size - 1};
    const struct subject *subject;
    struct auth_instance auth;
    struct arena *arena;

    if (size < 2)
        return 0;
    arena = arena_new(ARENA_PLAIN);
    subject = &subjects[data[0] % (sizeof subjects / sizeof *subjects)];
    if (!prepare(arena, subject, &auth))
        abort();
    /* Nobody knows the challenge, so nobody gets in who has to prove something. */
    if (fuzz_server(&auth, input, NULL) == AUTH_OK && subject->secret)
        abort();
    if (auth.client)
        fuzz_client(&auth, input);
    if (subject->proof)
        fuzz_dialogue(&auth, subject->proof, NULL, input);
    parse(input.data, input.n);
    arena_free(arena);
    return 0;
}
