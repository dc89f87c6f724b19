/* The gsasl driver and the library's mechanisms: servers that a peer answers, clients that a server challenges, and
 * both with each other. There is one user. Whoever does not know the password does not get in, and a right proof
 * that was changed proves nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "auth_fuzzing.h"

#include "fuzz.h"

extern const struct auth_driver auth_driver_gsasl;

/* What the library has no opinion of is judged by server_condition: the password of PLAIN and LOGIN; whoever is
 * somebody else is welcome. */
static struct str judge(struct auth_exchange *x)
{
    bool simple = str_is_nocase(x->auth->public_name, "PLAIN") || str_is_nocase(x->auth->public_name, "LOGIN");

    return !simple || (str_is(x->vars[0], "user") && str_is(x->vars[2], "secret")) ? STR("yes") : STR("no");
}

/* Only one user has a password. */
static struct str look_up(struct auth_exchange *x)
{
    return str_is(x->vars[0], "user") ? STR("secret") : STR("");
}

static const struct template condition = {.value = judge}, password = {.value = look_up};
static const struct template secret = {.text = "secret"}, user = {.text = "user"}, host = {.text = "host.test"};
static const struct template iterations = {.text = "4096"}, salt = {.text = "QUJDREVGR0hJSktMTU5PUA=="};

static const struct mechanism {
    const char *name;
    fuzz_proof *of_client, *of_server; /* of_client NULL: whoever comes gets in */
    bool dialogue;                     /* the client needs no more than a user and a password */
} mechanisms[] = {
    {"PLAIN", fuzz_whole, NULL, true},
    {"LOGIN", fuzz_whole, NULL, true},
    {"CRAM-MD5", fuzz_last_32, NULL, true},
    {"DIGEST-MD5", fuzz_digest_md5, fuzz_digest_md5, true},
    {"SCRAM-SHA-1", fuzz_scram, fuzz_scram, true},
    {"SCRAM-SHA-1-PLUS", fuzz_scram, fuzz_scram, true},
    {"SCRAM-SHA-256", fuzz_scram, fuzz_scram, true},
    {"SCRAM-SHA-256-PLUS", fuzz_scram, fuzz_scram, true},
    {"EXTERNAL", NULL, NULL, false},
    {"ANONYMOUS", NULL, NULL, false},
    {"GSSAPI", fuzz_whole, NULL, false},
    {"GS2-KRB5", fuzz_whole, NULL, false},
};

/* Kerberos without a realm, a key, a ticket, and without questions to the DNS. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static const char config[] = "[libdefaults]\ndefault_realm = TEST\ndns_lookup_kdc = false\ndns_lookup_realm = false\n"
                                 "dns_canonicalize_hostname = false\nrdns = false\n";
    static char name[32];
    int fd = memfd_create("krb5.conf", 0);

    (void)argc;
    (void)argv;
    if (fd < 0 || write(fd, config, sizeof config - 1) != (ssize_t)sizeof config - 1)
        abort();
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    setenv("KRB5_CONFIG", name, 1);
    setenv("KRB5CCNAME", "MEMORY:none", 1);
    setenv("KRB5_KTNAME", "MEMORY:none", 1);
    setenv("KRB5_CLIENT_KTNAME", "MEMORY:none", 1);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct fuzz_input input = {data + 1, size - 1};
    const bool binding = true;
    const struct mechanism *mechanism;
    struct auth_instance auth;
    struct arena *arena;

    if (size < 2)
        return 0;
    arena = arena_new(ARENA_PLAIN);
    mechanism = &mechanisms[data[0] % (sizeof mechanisms / sizeof *mechanisms)];
    fuzz_instance(arena, &auth, &auth_driver_gsasl, mechanism->name);
    auth.server_condition = &condition;
    fuzz_set_text(&auth, "server_service", "smtp");
    fuzz_set_template(&auth, "server_hostname", &host);
    fuzz_set_template(&auth, "server_realm", &host);
    fuzz_set_template(&auth, "server_password", &password);
    fuzz_set_template(&auth, "server_scram_iter", &iterations);
    fuzz_set_template(&auth, "server_scram_salt", &salt);
    fuzz_set_template(&auth, "client_username", &user);
    fuzz_set_template(&auth, "client_password", &secret);
    fuzz_set_option(&auth, "server_channelbinding", &binding, sizeof binding);
    fuzz_set_option(&auth, "client_channelbinding", &binding, sizeof binding);
    if (fuzz_init(arena, &auth)) { /* not every library has every mechanism */
        if (fuzz_server(&auth, input, NULL) == AUTH_OK && mechanism->of_client &&
            !memmem(input.data, input.n, "secret", 6))
            abort();
        fuzz_client(&auth, input);
        if (mechanism->dialogue)
            fuzz_dialogue(&auth, mechanism->of_client, mechanism->of_server, input);
    }
    arena_free(arena);
    return 0;
}
