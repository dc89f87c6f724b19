/* The cyrus_sasl driver and the library's mechanisms: servers that a peer answers, clients that a server challenges,
 * and both with each other. There is one user, in a sasldb of this process. Whoever does not know the password does
 * not get in, and a right proof that was changed proves nothing. */
#include <sasl/sasl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth_fuzzing.h"

#include "fuzz.h"

extern const struct auth_driver auth_driver_cyrus_sasl;

static const struct template secret = {.text = "secret"}, user = {.text = "user"}, host = {.text = "host.test"};

static const struct mechanism {
    const char *name;
    fuzz_proof *of_client, *of_server; /* of_client NULL: whoever comes gets in */
    bool dialogue;                     /* the library has both sides of it */
} mechanisms[] = {
    {"PLAIN", fuzz_whole, NULL, true},
    {"LOGIN", fuzz_whole, NULL, true},
    {"CRAM-MD5", fuzz_last_32, NULL, true},
    {"DIGEST-MD5", fuzz_digest_md5, fuzz_digest_md5, true},
    {"SCRAM-SHA-1", fuzz_scram, fuzz_scram, true},
    {"SCRAM-SHA-256", fuzz_scram, fuzz_scram, true},
    {"NTLM", fuzz_whole, NULL, false},
    {"ANONYMOUS", NULL, NULL, false},
};

static void write_config(const char *place)
{
    char name[128];
    FILE *file;

    snprintf(name, sizeof name, "%s/exim.conf", place);
    file = fopen(name, "w");
    if (!file || fprintf(file, "pwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: %s/sasldb\n"
                                "scram_iteration_counter: 16\n", place) < 0 ||
        fclose(file) != 0)
        abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static char place[128];
    sasl_conn_t *connection;

    (void)argc;
    (void)argv;
    snprintf(place, sizeof place, "%s", fuzz_place());
    write_config(place);
    if (sasl_set_path(SASL_PATH_TYPE_CONFIG, place) != SASL_OK || sasl_server_init(NULL, "exim") != SASL_OK ||
        sasl_server_new("smtp", "host.test", "host.test", NULL, NULL, NULL, 0, &connection) != SASL_OK ||
        sasl_setpass(connection, "user", "secret", 6, NULL, 0, SASL_SET_CREATE) != SASL_OK)
        abort();
    sasl_dispose(&connection);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct fuzz_input input = {data + 1, size - 1};
    const struct mechanism *mechanism;
    struct auth_instance auth;
    struct arena *arena;

    if (size < 2)
        return 0;
    arena = arena_new(ARENA_PLAIN);
    mechanism = &mechanisms[data[0] % (sizeof mechanisms / sizeof *mechanisms)];
    fuzz_instance(arena, &auth, &auth_driver_cyrus_sasl, mechanism->name);
    fuzz_set_text(&auth, "server_service", "smtp");
    fuzz_set_text(&auth, "client_service", "smtp");
    fuzz_set_template(&auth, "server_hostname", &host);
    fuzz_set_template(&auth, "server_realm", &host);
    fuzz_set_template(&auth, "client_username", &user);
    fuzz_set_template(&auth, "client_password", &secret);
    if (!fuzz_init(arena, &auth))
        abort();
    if (fuzz_server(&auth, input, NULL) == AUTH_OK && mechanism->of_client &&
        !memmem(input.data, input.n, "secret", 6))
        abort();
    fuzz_client(&auth, input);
    if (mechanism->dialogue)
        fuzz_dialogue(&auth, mechanism->of_client, mechanism->of_server, input);
    arena_free(arena);
    return 0;
}
