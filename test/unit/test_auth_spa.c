/* The spa driver and NTLM: the vectors of MS-NLMP 4.2, both sides with each other, and messages that lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "auth_testing.h"
#include "auths/ntlm.h"
#include "base/buffer.h"

static int setup(void **state)
{
    return auth_setup(state, &auth_driver_spa);
}

static const struct template password = {.text = "Password"}, user = {.text = "User"}, domain = {.text = "Domain"};

static void assert_hex(struct str v, const char *hex)
{
    char text[1024] = "";

    assert_true(2 * v.n < sizeof text);
    for (size_t i = 0; i < v.n; i++)
        snprintf(text + 2 * i, 3, "%02x", (unsigned char)v.s[i]);
    assert_string_equal(text, hex);
}

/* --- MS-NLMP 4.2 */

enum { ALL_VERSIONS = NTLM_LM | NTLM_V1 | NTLM_2_SESSION | NTLM_V2 | NTLM_LM_V2 };

static const unsigned char server_challenge[] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};
static const unsigned char client_challenge[] = {0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa};

/* "Domain" and "Server" as AV pairs. */
#define INFO STR("\2\0\014\0D\0o\0m\0a\0i\0n\0\1\0\014\0S\0e\0r\0v\0e\0r\0\0\0\0\0")

static struct ntlm_account account(void)
{
    return (struct ntlm_account){.user = STR("User"), .domain = STR("Domain"), .password = STR("Password")};
}

static struct ntlm_authenticate respond(struct arena *arena, uint32_t flags, struct str info)
{
    struct ntlm_challenge challenge = {.flags = flags, .target = STR(""), .info = info};
    struct ntlm_account who = account();
    struct ntlm_authenticate answer = {.flags = flags};

    memcpy(challenge.challenge, server_challenge, sizeof server_challenge);
    ntlm_respond(arena, &challenge, &who, client_challenge, 0, &answer);
    return answer;
}

static void vectors_of_hashes(void **state)
{
    struct auth_fixture *f = *state;
    struct ntlm_account who = account();
    unsigned char hash[NTLM_HASH_OCTETS];
    const struct str made = {(const char *)hash, sizeof hash, false};

    ntlm_lm_hash(f->arena, STR("Password"), hash);
    assert_hex(made, "e52cac67419a9a224a3b108f3fa6cb6d");
    ntlm_nt_hash(f->arena, STR("Password"), hash);
    assert_hex(made, "a4f49c406510bdcab6824ee7c30fd852");
    ntlm_v2_hash(f->arena, &who, hash);
    assert_hex(made, "0c868a403bfd7a93a3001ef22ef02e3f");
}

static void vectors_of_responses(void **state)
{
    struct auth_fixture *f = *state;
    struct ntlm_authenticate answer = respond(f->arena, NTLM_UNICODE | NTLM_NTLM, STR(""));

    assert_hex(answer.lm, "98def7b87f88aa5dafe2df779688a172def11c7d5ccdef13");
    assert_hex(answer.nt, "67c43011f30298a2ad35ece64f16331c44bdbed927841f94");

    answer = respond(f->arena, NTLM_UNICODE | NTLM_NTLM | NTLM_EXTENDED_SECURITY, STR(""));
    assert_hex(answer.lm, "aaaaaaaaaaaaaaaa00000000000000000000000000000000");
    assert_hex(answer.nt, "7537f803ae367128ca458204bde7caf81e97ed2683267232");

    answer = respond(f->arena, NTLM_UNICODE | NTLM_NTLM | NTLM_TARGET_INFO, INFO);
    assert_hex(answer.lm, "86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa");
    assert_hex(answer.nt, "68cd0ab851e51c96aabc927bebef6a1c01010000000000000000000000000000aaaaaaaaaaaaaaaa00000000"
                          "02000c0044006f006d00610069006e0001000c0053006500720076006500720000000000" "00000000");
}

/* No octet of a proof can be another. */
static void assert_every_octet_counts(struct arena *arena, struct ntlm_authenticate answer, uint32_t flags)
{
    struct ntlm_account who = account();
    struct str *proof = answer.nt.n > 0 ? &answer.nt : &answer.lm;

    *proof = str_copy(arena, *proof);
    for (size_t i = 0; i < proof->n; i++) {
        char *octet = (char *)(uintptr_t)proof->s + i;

        *octet = (char)~*octet;
        assert_false(ntlm_verify(arena, &answer, &who, server_challenge, flags, ALL_VERSIONS));
        *octet = (char)~*octet;
    }
    assert_true(ntlm_verify(arena, &answer, &who, server_challenge, flags, ALL_VERSIONS));
}

static void each_version_is_let_in_where_it_is_allowed(void **state)
{
    static const struct {
        uint32_t flags;
        bool info, lm_alone;
        unsigned version;
    } cases[] = {
        {NTLM_NTLM, false, true, NTLM_LM},
        {NTLM_NTLM, false, false, NTLM_V1},
        {NTLM_NTLM | NTLM_EXTENDED_SECURITY, false, false, NTLM_2_SESSION},
        {NTLM_NTLM | NTLM_TARGET_INFO, true, false, NTLM_V2},
        {NTLM_NTLM | NTLM_TARGET_INFO, true, true, NTLM_LM_V2},
    };
    struct auth_fixture *f = *state;
    struct ntlm_account right = account(), wrong = account(), other = account();

    wrong.password = STR("passwore");
    other.user = STR("Usher");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ntlm_authenticate answer = respond(f->arena, cases[i].flags, cases[i].info ? INFO : STR(""));
        uint32_t flags = cases[i].flags;

        if (cases[i].lm_alone)
            answer.nt = STR("");
        for (unsigned versions = 0; versions <= ALL_VERSIONS; versions++)
            assert_int_equal(ntlm_verify(f->arena, &answer, &right, server_challenge, flags, versions),
                             (versions & cases[i].version) != 0);
        assert_false(ntlm_verify(f->arena, &answer, &wrong, server_challenge, flags, ALL_VERSIONS));
        assert_false(ntlm_verify(f->arena, &answer, &right, client_challenge, flags, ALL_VERSIONS));
        assert_int_equal(ntlm_verify(f->arena, &answer, &other, server_challenge, flags, ALL_VERSIONS),
                         cases[i].version < NTLM_V2);
        assert_every_octet_counts(f->arena, answer, flags);
    }
}

/* --- Text */

static void text_of_names(void **state)
{
    struct auth_fixture *f = *state;
    struct str text;

    assert_hex(ntlm_utf16(f->arena, STR("a\xc3\xa9\xf0\x9f\x98\x80")), "6100e9003dd800de");
    assert_hex(ntlm_utf16(f->arena, STR("a\xe9")), "6100e900");
    assert_hex(ntlm_utf16(f->arena, STR("\xc0\xaf")), "c000af00");
    assert_hex(ntlm_utf16_upper(f->arena, STR("a\xc3\xa9z1\xd0\xb6")), "4100c9005a0031001604");
    assert_true(ntlm_text(f->arena, STR("a\0\xe9\0\x3d\xd8\0\xde"), NTLM_UNICODE, &text));
    assert_true(str_is(text, "a\xc3\xa9\xf0\x9f\x98\x80"));
    assert_true(ntlm_text(f->arena, STR("a\xe9"), NTLM_OEM, &text));
    assert_true(str_is(text, "a\xe9"));
    assert_true(ntlm_text(f->arena, STR(""), NTLM_UNICODE, &text));
    assert_false(ntlm_text(f->arena, STR("a\0b"), NTLM_UNICODE, &text));
    assert_false(ntlm_text(f->arena, STR("a\0\0\0"), NTLM_UNICODE, &text));
    assert_false(ntlm_text(f->arena, STR("a\0\0\xdc"), NTLM_UNICODE, &text));
    assert_false(ntlm_text(f->arena, STR("\0\xd8" "a\0"), NTLM_UNICODE, &text));
    assert_false(ntlm_text(f->arena, STR("\0\xd8"), NTLM_UNICODE, &text));
    assert_false(ntlm_text(f->arena, STR("a\0"), NTLM_OEM, &text));
}

static void av_pairs(void **state)
{
    struct auth_fixture *f = *state;
    struct str value;

    (void)f;
    assert_true(ntlm_find_av(INFO, NTLM_AV_COMPUTER, &value));
    assert_hex(value, "530065007200760065007200");
    assert_true(ntlm_find_av(INFO, NTLM_AV_TIMESTAMP, &value));
    assert_true(str_is_null(value));
    for (size_t n = 0; n < INFO.n; n++)
        assert_false(ntlm_find_av((struct str){INFO.s, n, false}, NTLM_AV_COMPUTER, &value));
    assert_false(ntlm_find_av(STR("\1\0\xff\xff" "ab\0\0\0\0"), NTLM_AV_COMPUTER, &value));
    assert_false(ntlm_find_av(STR("\0\0\1\0x"), NTLM_AV_COMPUTER, &value));
}

/* --- Both sides */

static struct auth_exchange *serving(struct auth_fixture *f, const char *versions)
{
    struct str text = str_of(versions);

    auth_set_option(f, "server_ntlm_versions", &text, sizeof text);
    auth_set_template(f, "server_password", &password);
    return auth_begin_server(f);
}

/* The client's message of Type 1 and the server's of Type 2. */
static struct str challenged(struct auth_exchange *x, struct str negotiate)
{
    assert_int_equal(auth_exchange_step(x, STR_NULL), AUTH_MORE);
    assert_true(x->out_is_text);
    assert_true(str_is(x->out, "NTLM supported"));
    assert_int_equal(auth_exchange_step(x, negotiate), AUTH_MORE);
    assert_false(x->out_is_text);
    return x->out;
}

static void client_and_server(void **state)
{
    static const struct template wrong = {.text = "password"}, at = {.text = "User@Elsewhere"};
    static const char *const versions[] = {"ntlm", "ntlm2", "ntlmv2", "lm:ntlm:ntlm2:ntlmv2:lmv2"};
    struct auth_fixture *f = *state;

    for (unsigned i = 0; i < 3 * sizeof versions / sizeof *versions; i++) {
        struct auth_exchange *c, *s = serving(f, versions[i / 3]);

        auth_set_template(f, "client_username", i % 3 == 2 ? &at : &user);
        auth_set_template(f, "client_password", i % 3 == 1 ? &wrong : &password);
        auth_set_template(f, "client_domain", &domain);
        c = auth_begin_client(f);
        assert_int_equal(auth_exchange_step(c, STR_NULL), AUTH_MORE);
        assert_true(str_is_null(c->out));
        assert_int_equal(auth_exchange_step_undecodable(c), AUTH_MORE);
        assert_int_equal(auth_exchange_step(c, challenged(s, c->out)), AUTH_MORE);
        assert_int_equal(auth_exchange_step(s, c->out), i % 3 == 1 ? AUTH_FAIL : AUTH_OK);
        assert_true(str_is(s->vars[0], "User"));
        assert_true(str_is(s->vars[1], i % 3 == 2 ? "Elsewhere" : "Domain"));
        assert_true(str_is(s->numbers[0], "User"));
        assert_int_equal(auth_exchange_step(c, STR("and more")), AUTH_CANCELLED);
        auth_exchange_end(c);
        auth_exchange_end(s);
    }
}

static struct str negotiate(struct arena *arena, uint32_t flags)
{
    return ntlm_write_negotiate(arena, &(struct ntlm_negotiate){.flags = flags, .domain = STR("")});
}

/* What old clients ask for gets what Exim answers: nothing about newer responses. */
static void server_answers_in_kind(void **state)
{
    struct auth_fixture *f = *state;
    struct auth_exchange *x = serving(f, "ntlm:ntlm2:ntlmv2");
    struct ntlm_challenge got;

    assert_true(ntlm_read_challenge(challenged(x, negotiate(f->arena, 0xb207)), &got));
    assert_int_equal(got.flags, 0x8201);
    assert_int_equal(got.info.n, 0);
    auth_exchange_end(x);

    x = serving(f, "ntlm:ntlm2:ntlmv2");
    assert_true(ntlm_read_challenge(challenged(x, negotiate(f->arena, NTLM_OEM | NTLM_EXTENDED_SECURITY)), &got));
    assert_int_equal(got.flags & (NTLM_UNICODE | NTLM_OEM), NTLM_OEM);
    assert_true(got.flags & NTLM_EXTENDED_SECURITY && got.flags & NTLM_TARGET_INFO);
    auth_exchange_end(x);

    x = serving(f, "ntlm");
    assert_true(ntlm_read_challenge(challenged(x, negotiate(f->arena, UINT32_MAX)), &got));
    assert_false(got.flags & (NTLM_EXTENDED_SECURITY | NTLM_TARGET_INFO));
    auth_exchange_end(x);
}

static void server_takes_an_initial_response(void **state)
{
    struct auth_fixture *f = *state;
    struct auth_exchange *x = serving(f, "ntlm");

    assert_int_equal(auth_exchange_step(x, negotiate(f->arena, NTLM_NTLM)), AUTH_MORE);
    assert_false(x->out_is_text);
    auth_exchange_end(x);
}

static void challenges_do_not_repeat(void **state)
{
    struct auth_fixture *f = *state;
    unsigned char last[NTLM_CHALLENGE_OCTETS] = {0};
    struct ntlm_challenge got;

    for (unsigned i = 0; i < 1000; i++) {
        struct auth_exchange *x = serving(f, "ntlm");

        assert_true(ntlm_read_challenge(challenged(x, negotiate(f->arena, NTLM_NTLM)), &got));
        assert_memory_not_equal(last, got.challenge, sizeof last);
        memcpy(last, got.challenge, sizeof last);
        auth_exchange_end(x);
    }
}

static void passwords_that_are_none(void **state)
{
    static const struct template empty = {.text = ""}, forced = {.status = AUTH_EXPAND_FORCED, .text = "x"},
                                 failed = {.status = AUTH_EXPAND_FAILED, .text = "why"};
    static const struct template *const passwords[] = {&empty, &forced, &failed};
    static const enum auth_verdict verdicts[] = {AUTH_FAIL, AUTH_FAIL, AUTH_DEFER};
    struct auth_fixture *f = *state;

    for (unsigned i = 0; i < 3; i++) {
        struct auth_exchange *x = serving(f, "ntlm");
        struct ntlm_authenticate answer = {.flags = NTLM_UNICODE, .user = STR("u\0")};
        struct ntlm_account who = {.user = STR("u"), .domain = STR(""), .password = STR("")};
        struct ntlm_challenge got;

        auth_set_template(f, "server_password", passwords[i]);
        assert_true(ntlm_read_challenge(challenged(x, negotiate(f->arena, NTLM_NTLM)), &got));
        ntlm_respond(f->arena, &got, &who, client_challenge, 0, &answer);
        answer.domain = answer.workstation = STR("");
        assert_int_equal(auth_exchange_step(x, ntlm_write_authenticate(f->arena, &answer)), verdicts[i]);
        auth_exchange_end(x);
    }
}

static void versions_are_checked(void **state)
{
    struct auth_fixture *f = *state;
    static const char *const bad[] = {"", ":", "ntlm : sspi", "ntlmv3"};

    auth_set_template(f, "server_password", &password);
    for (size_t i = 0; i < 4; i++) {
        struct str text = str_of(bad[i]);
        struct error err = ERROR_IN(f->arena);

        auth_set_option(f, "server_ntlm_versions", &text, sizeof text);
        assert_false(auth_class.init(&f->auth.instance, &err));
        assert_true(str_starts(err.text, "authenticator test: server_ntlm_versions"));
    }
}

static void a_client_has_both(void **state)
{
    struct auth_fixture *f = *state;
    struct error err = ERROR_IN(f->arena);

    auth_set_template(f, "client_username", &user);
    assert_false(auth_class.init(&f->auth.instance, &err));
    assert_non_null(strstr(err.text.s, "one of client_username and client_password"));
}

/* --- Messages that lie */

enum { HEAD = 64, FIELDS = 6, FIELD = 8 };

/* Numbers for lengths and offsets: around 0, around the size of the message, and around the ends of 16 and 32 bits. */
static size_t numbers(size_t n, uint32_t *out)
{
    const uint32_t all[] = {0, 1, 2, 23, 24, 25, 63, 64, (uint32_t)n - 1, (uint32_t)n, (uint32_t)n + 1, 0x7fff, 0x8000,
                            0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffff00, 0xffffffe8, 0xffffffff};

    memcpy(out, all, sizeof all);
    return sizeof all / sizeof *all;
}

static void put(char *at, uint32_t n, unsigned octets)
{
    for (unsigned i = 0; i < octets; i++)
        at[i] = (char)(n >> 8 * i & 0xff);
}

/* The message in memory of exactly its size, so that a sanitizer sees every octet that is read too many. */
static enum auth_verdict step_exactly(struct auth_exchange *x, const char *octets, size_t n)
{
    return auth_exchange_step(x, (struct str){octets, n, true});
}

/* A right answer to the exchange's challenge. */
static struct str right_answer(struct auth_fixture *f, struct auth_exchange *x, uint32_t flags)
{
    struct ntlm_account who = account();
    struct ntlm_challenge got;
    struct ntlm_authenticate answer;

    assert_true(ntlm_read_challenge(challenged(x, negotiate(f->arena, flags)), &got));
    answer = (struct ntlm_authenticate){.flags = got.flags,
                                        .user = ntlm_encode(f->arena, who.user, got.flags),
                                        .domain = ntlm_encode(f->arena, who.domain, got.flags),
                                        .workstation = STR("")};
    ntlm_respond(f->arena, &got, &who, client_challenge, 0, &answer);
    return ntlm_write_authenticate(f->arena, &answer);
}

static void server_and_fields_outside_of_the_message(void **state)
{
    struct auth_fixture *f = *state;
    uint32_t values[32];

    for (unsigned field = 0; field < FIELDS; field++)
        for (size_t i = 0, count = numbers(0, values); i < count; i++)
            for (size_t j = 0; j < count; j++) {
                struct auth_exchange *x = serving(f, "ntlm:ntlm2:ntlmv2");
                struct str right = right_answer(f, x, NTLM_UNICODE);
                char *at = (char *)(uintptr_t)right.s + 12 + (size_t)field * FIELD;
                uint32_t length, offset;
                enum auth_verdict verdict;

                numbers(right.n, values);
                length = values[i] & 0xffff;
                offset = values[j];
                put(at, length, 2);
                put(at + 4, offset, 4);
                verdict = step_exactly(x, right.s, right.n);
                if (field == 5) /* the session key, which nobody reads */
                    assert_int_equal(verdict, AUTH_OK);
                else if (length > 0 && (uint64_t)offset + length > right.n)
                    assert_int_equal(verdict, AUTH_FAIL);
                else if (field == 1 || field == 3) /* the response moved, or the name */
                    assert_true(verdict == AUTH_FAIL || verdict == AUTH_OK);
                auth_exchange_end(x);
            }
}

static void server_and_truncated_answers(void **state)
{
    struct auth_fixture *f = *state;
    size_t n = 1;

    for (size_t i = 0; i < n; i++) {
        struct auth_exchange *x = serving(f, "lm:ntlm:ntlm2:ntlmv2:lmv2");
        struct str right = right_answer(f, x, NTLM_UNICODE | NTLM_TARGET_INFO);

        n = right.n;
        assert_int_equal(step_exactly(x, right.s, i), AUTH_FAIL);
        auth_exchange_end(x);
    }
}

static void server_and_mutated_proofs(void **state)
{
    static const uint32_t flags[] = {NTLM_UNICODE, NTLM_UNICODE | NTLM_EXTENDED_SECURITY};
    static const char *const versions[] = {"ntlm", "ntlm:ntlm2", "ntlm:ntlm2:ntlmv2"};
    struct auth_fixture *f = *state;

    for (unsigned kind = 0; kind < 3; kind++)
        for (size_t octet = 0; octet < 24; octet++)
            for (unsigned bit = 0; bit < 8; bit++) {
                struct auth_exchange *x = serving(f, versions[kind]);
                struct str right = right_answer(f, x, flags[kind > 0]);
                size_t at = (unsigned char)right.s[24] | (size_t)(unsigned char)right.s[25] << 8;
                char *octets = (char *)(uintptr_t)right.s;

                assert_true(at >= HEAD && at + 24 <= right.n);
                octets[at + octet] = (char)(octets[at + octet] ^ (1U << bit));
                assert_int_equal(step_exactly(x, octets, right.n), AUTH_FAIL);
                auth_exchange_end(x);
            }
}

/* Proofs of lengths that are none, and one that repeats the challenge. */
static void server_and_short_proofs(void **state)
{
    static const char zeros[64];
    struct auth_fixture *f = *state;

    for (size_t n = 0; n <= sizeof zeros; n++)
        for (unsigned lm = 0; lm < 2; lm++) {
            struct auth_exchange *x = serving(f, "lm:ntlm:ntlm2:ntlmv2:lmv2");
            struct ntlm_challenge got;
            struct ntlm_authenticate answer = {.flags = NTLM_UNICODE, .user = STR("U\0"), .domain = STR(""),
                                               .workstation = STR(""), .nt = {zeros, n, false},
                                               .lm = {zeros, lm ? n : 0, false}};

            assert_true(ntlm_read_challenge(challenged(x, negotiate(f->arena, UINT32_MAX)), &got));
            assert_int_equal(auth_exchange_step(x, ntlm_write_authenticate(f->arena, &answer)), AUTH_FAIL);
            auth_exchange_end(x);
        }
}

static void server_and_names_that_are_none(void **state)
{
    static const struct str names[] = {STR(""), STR("a"), STR("U\0s\0\0\0x\0"), STR("\0\0"), STR("\0\xd8")};
    struct auth_fixture *f = *state;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct auth_exchange *x = serving(f, "ntlm");
        struct ntlm_account who = account();
        struct ntlm_challenge got;
        struct ntlm_authenticate answer = {.flags = NTLM_UNICODE, .user = names[i], .domain = STR(""),
                                           .workstation = STR("")};

        assert_true(ntlm_read_challenge(challenged(x, negotiate(f->arena, NTLM_NTLM)), &got));
        ntlm_respond(f->arena, &got, &who, client_challenge, 0, &answer);
        assert_int_equal(auth_exchange_step(x, ntlm_write_authenticate(f->arena, &answer)), AUTH_FAIL);
        assert_true(str_is_null(x->vars[0]));
        auth_exchange_end(x);
    }
}

static void server_and_other_messages(void **state)
{
    static const struct str messages[] = {STR(""), STR("NTLMSSP"), STR("NTLMSSP\0"), STR("NTLMSSP\0\1\0\0\0"),
                                          STR("NTLMSSQ\0\1\0\0\0\0\0\0\0"), STR("NTLMSSP\0\2\0\0\0\0\0\0\0"),
                                          STR("NTLMSSP\0\3\0\0\0\0\0\0\0"),
                                          STR("NTLMSSP\0\1\0\0\0\0\0\0\0\1\0\1\0\377\0\0\0")};
    struct auth_fixture *f = *state;

    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
        struct auth_exchange *x = serving(f, "ntlm");

        assert_int_equal(auth_exchange_step(x, messages[i]), AUTH_FAIL);
        auth_exchange_end(x);
    }
}

static struct auth_exchange *asking(struct auth_fixture *f)
{
    struct auth_exchange *x;

    auth_set_template(f, "client_username", &user);
    auth_set_template(f, "client_password", &password);
    x = auth_begin_client(f);
    assert_int_equal(auth_exchange_step(x, STR_NULL), AUTH_MORE);
    assert_int_equal(auth_exchange_step(x, STR("NTLM supported")), AUTH_MORE);
    return x;
}

/* A hostile server's challenge gets no answer, least of all one with octets in it that the server did not send. */
static void client_and_lying_challenges(void **state)
{
    struct auth_fixture *f = *state;
    struct ntlm_challenge challenge = {.flags = NTLM_UNICODE | NTLM_TARGET_INFO, .target = STR("D\0O\0M\0"),
                                       .info = INFO};
    struct str right = ntlm_write_challenge(f->arena, &challenge);
    uint32_t values[32];

    for (size_t n = 0; n < right.n; n++) {
        struct auth_exchange *x = asking(f);

        assert_int_equal(step_exactly(x, right.s, n), AUTH_CANCELLED);
        assert_true(str_is_null(x->out));
        auth_exchange_end(x);
    }
    for (unsigned field = 0; field < 2; field++)
        for (size_t i = 0, count = numbers(right.n, values); i < count; i++)
            for (size_t j = 0; j < count; j++) {
                struct auth_exchange *x = asking(f);
                struct str copy = str_copy(f->arena, right);
                char *at = (char *)(uintptr_t)copy.s + (field ? 40 : 12);
                uint32_t length = values[i] & 0xffff;

                put(at, length, 2);
                put(at + 4, values[j], 4);
                if (step_exactly(x, copy.s, copy.n) != AUTH_CANCELLED)
                    assert_true(length == 0 || (uint64_t)values[j] + length <= copy.n);
                else
                    assert_true(str_is_null(x->out));
                auth_exchange_end(x);
            }
}

static void client_falls_back_to_what_exim_sends(void **state)
{
    struct auth_fixture *f = *state;
    struct ntlm_challenge challenge = {.flags = 0x8201, .target = STR(""), .info = STR("")};
    struct auth_exchange *x = asking(f);
    struct ntlm_authenticate sent;

    memcpy(challenge.challenge, server_challenge, sizeof server_challenge);
    assert_int_equal(auth_exchange_step(x, ntlm_write_challenge(f->arena, &challenge)), AUTH_MORE);
    assert_true(ntlm_read_authenticate(x->out, &sent));
    assert_int_equal(sent.flags, 0x8201);
    assert_hex(sent.lm, "98def7b87f88aa5dafe2df779688a172def11c7d5ccdef13");
    assert_hex(sent.nt, "67c43011f30298a2ad35ece64f16331c44bdbed927841f94");
    assert_true(str_eq(sent.user, STR("U\0s\0e\0r\0")));
    assert_int_equal(sent.domain.n, 0);
    auth_exchange_end(x);
}

static void client_expansion_failures(void **state)
{
    struct auth_fixture *f = *state;

    for (unsigned i = 0; i < 3; i++)
        for (unsigned j = 0; j < 2; j++) {
            struct template bad = {.status = j ? AUTH_EXPAND_FORCED : AUTH_EXPAND_FAILED, .text = "x"};
            struct auth_exchange *x;

            auth_set_template(f, "client_username", i == 0 ? &bad : &user);
            auth_set_template(f, "client_password", i == 1 ? &bad : &password);
            auth_set_template(f, "client_domain", i == 2 ? &bad : &domain);
            x = auth_begin_client(f);
            assert_int_equal(auth_exchange_step(x, STR_NULL), j ? AUTH_CANCELLED : AUTH_DEFER);
            auth_exchange_end(x);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, auth_teardown)
        T(vectors_of_hashes),
        T(vectors_of_responses),
        T(each_version_is_let_in_where_it_is_allowed),
        T(text_of_names),
        T(av_pairs),
        T(client_and_server),
        T(server_answers_in_kind),
        T(server_takes_an_initial_response),
        T(challenges_do_not_repeat),
        T(passwords_that_are_none),
        T(versions_are_checked),
        T(a_client_has_both),
        T(server_and_fields_outside_of_the_message),
        T(server_and_truncated_answers),
        T(server_and_mutated_proofs),
        T(server_and_short_proofs),
        T(server_and_names_that_are_none),
        T(server_and_other_messages),
        T(client_and_lying_challenges),
        T(client_falls_back_to_what_exim_sends),
        T(client_expansion_failures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
