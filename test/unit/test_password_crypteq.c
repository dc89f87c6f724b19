/* crypteq: every kind of encrypted password the manual names, and those of the system's crypt(3). */
#include "passwords/password.h"
#include "testing.h"

/* "right", "wrong", or the error's text. */
static const char *check(struct arena *arena, struct str password, struct str encrypted)
{
    const struct password_checker *checker = password_checker_find(STR("crypteq"), NULL);
    const struct str args[] = {str_taint(password), encrypted};
    struct error err = ERROR_IN(arena);

    assert_non_null(checker);
    switch (checker->check(arena, args, 2, &err)) {
    case PASSWORD_RIGHT:
        return "right";
    case PASSWORD_WRONG:
        return "wrong";
    case PASSWORD_DEFER:
        break;
    }
    return err.text.s;
}

#define assert_check(password, encrypted, expected) \
    assert_string_equal(check(*state, STR(password), STR(encrypted)), expected)

static void test_digests(void **state)
{
    assert_check("test", "{md5}CY9rzUYh03PK3k6DJie09g==", "right");
    assert_check("test", "{md5}098f6bcd4621d373cade4e832627b4f6", "right");
    assert_check("test", "{md5}098F6BCD4621D373CADE4E832627B4F6", "right");
    assert_check("test", "{MD5}098f6bcd4621d373cade4e832627b4f6", "right");
    assert_check("test", "{sha1}a94a8fe5ccb19ba61c4c0873d391e987982fbbd3", "right");
    assert_check("test", "{SHA1}qUqP5cyxm6YcTAhz05Hph5gvu9M=", "right");
    assert_check("", "{md5}d41d8cd98f00b204e9800998ecf8427e", "right");
    assert_check("tesT", "{md5}CY9rzUYh03PK3k6DJie09g==", "wrong");
    assert_check("test", "{md5}cy9rzUYh03PK3k6DJie09g==", "wrong");
    assert_check("test", "{md5}198f6bcd4621d373cade4e832627b4f6", "wrong");
    assert_check("test", "{md5}098f6bcd4621d373cade4e832627b4f", "wrong");
    assert_check("test", "{md5}", "wrong");
    assert_check("test", "{md5} 098f6bcd4621d373cade4e832627b4f6", "wrong");
    assert_check("test", "{md5}a94a8fe5ccb19ba61c4c0873d391e987982fbbd3", "wrong");
    assert_check("test", "{sha1}qUqP", "wrong");
    assert_check("test\0x", "{md5}CY9rzUYh03PK3k6DJie09g==", "wrong");
}

static void test_crypt(void **state)
{
    assert_check("test", "aaqPiZY5xR5l.", "right");
    assert_check("test", "{crypt}aaqPiZY5xR5l.", "right");
    assert_check("test", "{CRYPT}aaqPiZY5xR5l.", "right");
    assert_check("wrong", "aaqPiZY5xR5l.", "wrong");
    assert_check("test", "$1$abcdefgh$irWbblnpmw.5z7wgBnprh0", "right");
    assert_check("test", "$5$abcdefgh$qdvcTv0LZNZdlT5oJZ49o5SQ8X7bA9/X.MJjvjS5cW8", "right");
    assert_check(
        "test",
        "$6$abcdefgh$3rj1vTLX64btReFsM4MQ22otcD40l7vbtw7qCyr0dxc4kxNmgx53xVM8gWiLYbCqTHTbXFaVFU7ZT28pnvdyu0",
        "right");
    assert_check("tesx", "$5$abcdefgh$qdvcTv0LZNZdlT5oJZ49o5SQ8X7bA9/X.MJjvjS5cW8", "wrong");
    assert_check("test", "$y$j9T$abcdefgh$4aYJlpUYBQ/CwvNaNZWyJ8iEiOSOhXhXiF4pD9oU0p6", "right");
    assert_check("test", "$2b$05$abcdefghijklmnopqrstuuMceFj4VbmHOj8C7PetMxzZkwre/z.Ri", "right");
    assert_check("test", "_J9..rasm3kk6ykRwAfc", "right");
}

/* Every other kind that the library of Debian checks: scrypt, gost-yescrypt, bcrypt's and SHA-512's varieties, NT, those
 * of NetBSD and Solaris. */
static void test_crypt_rarer_kinds(void **state)
{
    static const char *const kinds[] = {
        "$7$BU..../....abcdefgh$q.F5oCo3rj4uWAD0gudZ7EoiJ7DVPgYbiHsgO7vG362",
        "$gy$j9T$abcdefgh$FlpqzL7y.1.d2Gtea8XQLMLfWz3Db8iBQJmObXu86J2",
        "$2y$05$abcdefghijklmnopqrstuuMceFj4VbmHOj8C7PetMxzZkwre/z.Ri",
        "$2a$05$abcdefghijklmnopqrstuuMceFj4VbmHOj8C7PetMxzZkwre/z.Ri",
        "$6$rounds=1000$abcdefgh$2r3bh53yLb.qDlfrFUkXNu5hu4Dxp0dhqf9TY5JZ9W6DdZWkht6EQZ7yDeZK24lyrAGTY4m16kRA04M8wzpUT/",
        "$3$$0cb6948805f797bf2a82807973b89537",
        "$sha1$100$abcdefgh$M4cLFSrKXW6fo7CGMX0/1./QSlzd",
        "$md5,rounds=10$abcdefgh$$7sbDn48IjBXJDL8e/eqE11",
    };

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        assert_string_equal(check(*state, STR("test"), str_of(kinds[i])), "right");
        assert_string_equal(check(*state, STR("tesu"), str_of(kinds[i])), "wrong");
        assert_string_equal(check(*state, STR("test"), str_join(*state, STR("{crypt}"), str_of(kinds[i]))), "right");
        assert_string_equal(check(*state, STR("test"), str_join(*state, str_of(kinds[i]), STR("x"))), "wrong");
    }
}

/* What is no encrypted password equals nothing; above all not what crypt() answers when it fails. */
static void test_crypt_nonsense(void **state)
{
    assert_check("test", "", "wrong");
    assert_check("", "", "wrong");
    assert_check("test", "a", "wrong");
    assert_check("test", "*", "wrong");
    assert_check("test", "!", "wrong");
    assert_check("test", "x", "wrong");
    assert_check("test", "*0", "wrong");
    assert_check("*0", "*0", "wrong");
    assert_check("*1", "*1", "wrong");
    assert_check("test", "$9$foo", "wrong");
    assert_check("test", "{crypt}", "wrong");
    assert_check("test", "{crypt}a", "wrong");
    assert_check("test", "aaqPiZY5xR5l.x", "wrong");
    assert_check("test\0x", "aaqPiZY5xR5l.", "wrong");
    assert_check("test", "aaqPiZY5xR5l.\0x", "wrong");
}

static void test_crypt16(void **state)
{
    assert_check("test", "{crypt16}aaqPiZY5xR5l.", "right");
    assert_check("password9012xyz7extra", "{crypt16}aajfMKNH1hTm2DgK.lDkCv5.", "right");
    assert_check("password9012xyz7", "{CRYPT16}aajfMKNH1hTm2DgK.lDkCv5.", "right");
    assert_check("password9012xyz8", "{crypt16}aajfMKNH1hTm2DgK.lDkCv5.", "wrong");
    assert_check("password", "{crypt16}aajfMKNH1hTm2", "right");
    assert_check("password9", "{crypt16}aajfMKNH1hTm2", "wrong");
    assert_check("password", "{crypt16}aajfMKNH1hTm2DgK.lDkCv5.", "wrong");
    /* Without a type this is bigcrypt() to the library: the same for up to 16 octets, no more behind. */
    assert_check("password9012xyz7", "aajfMKNH1hTm2DgK.lDkCv5.", "right");
    assert_check("password9012xyz7extra", "aajfMKNH1hTm2DgK.lDkCv5.", "wrong");
    assert_check("test", "{crypt16}", "wrong");
    assert_check("", "{crypt16}", "wrong");
    assert_check("test", "{crypt16}*0", "wrong");
}

static void test_unknown(void **state)
{
    assert_check("test", "{bogus}foo", "unknown encryption mechanism in \"{bogus}foo\"");
    assert_check("test", "{ssha}foo", "unknown encryption mechanism in \"{ssha}foo\"");
    assert_check("test", "{md5", "unknown encryption mechanism in \"{md5\"");
    assert_check("test", "{", "unknown encryption mechanism in \"{\"");
}

static void test_long(void **state)
{
    struct arena *arena = *state;
    char *text = arena_alloc(arena, 100001);
    struct str v = {text, 100000, false};

    memset(text, 'x', 100000);
    assert_string_equal(check(arena, v, STR("aaqPiZY5xR5l.")), "wrong");
    assert_string_equal(check(arena, STR("test"), v), "wrong");
    assert_string_equal(check(arena, v, v), "wrong");
    assert_string_equal(check(arena, v, STR("{crypt16}aajfMKNH1hTm2DgK.lDkCv5.")), "wrong");
    memcpy(text, "{crypt16}", 9);
    assert_string_equal(check(arena, STR("password9012xyz7"), v), "wrong");
}

static void find_it(void *ctx, const char *name, bool module)
{
    if (!module) {
        assert_non_null(password_checker_find(str_of(name), NULL));
        assert_string_equal(password_checker_find(str_of(name), NULL)->name, name);
    }
    *(bool *)ctx |= strcmp(name, "crypteq") == 0;
}

static void test_table(void **state)
{
    struct error err = ERROR_IN(*state);
    bool found = false;

    password_checker_each(find_it, &found);
    assert_true(found);
    assert_null(password_checker_find(STR("crypte"), &err));
    assert_true(str_is(err.text, "support for \"crypte\" not compiled"));
    assert_null(password_checker_find(STR(""), NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        arena_test(test_digests),        arena_test(test_crypt), arena_test(test_crypt_nonsense),
        arena_test(test_crypt_rarer_kinds), arena_test(test_crypt16),        arena_test(test_unknown), arena_test(test_long),
        arena_test(test_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
