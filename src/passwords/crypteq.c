/* crypteq (manual, 11.7): compares a password with an encrypted one. {md5} and {sha1} are digests in hex or
 * base64; {crypt}, {crypt16} and whatever has no type in braces are for the system's crypt(3), which
 * knows what the first octets of the encrypted password mean. */
#include <crypt.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/base64.h"
#include "base/hex.h"
#include "base/secret.h"
#include "passwords/checkers.h"

enum {
    CRYPT16_HALF = 8,   /* octets of the password that each half of crypt16 takes */
    CRYPT16_SALT = 2,   /* octets of salt in front of what crypt() makes of the first half */
    HEX_MAX = 2 * EVP_MAX_MD_SIZE,
};

static enum password_status answer(bool right)
{
    return right ? PASSWORD_RIGHT : PASSWORD_WRONG;
}

/* --- Digests */

/* The length of the encrypted password tells hex from base64, as in Exim. */
static enum password_status check_digest(struct arena *arena, const EVP_MD *type, struct str password,
                                         struct str encrypted, struct error *err)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    char hex[HEX_MAX];
    unsigned n = 0;
    bool right = false;

    if (!EVP_Digest(password.s, password.n, digest, &n, type, NULL)) {
        error_set(err, "message digest not available");
        return PASSWORD_DEFER;
    }
    if (encrypted.n == 2 * (size_t)n) {
        hex_digits(digest, n, hex);
        right = secret_equal((struct str){hex, 2 * (size_t)n, false}, str_lower(arena, encrypted));
    } else if (encrypted.n == (n + 2) / 3 * 4) {
        struct str ours = base64_encode(arena, (struct str){(const char *)digest, n, false});
        right = secret_equal(ours, encrypted);
        secret_wipe((void *)(uintptr_t)ours.s, ours.n);
    }
    secret_wipe(digest, sizeof digest);
    secret_wipe(hex, sizeof hex);
    return answer(right);
}

static enum password_status check_md5(struct arena *arena, struct str password, struct str encrypted,
                                      struct error *err)
{
    return check_digest(arena, EVP_md5(), password, encrypted, err);
}

static enum password_status check_sha1(struct arena *arena, struct str password, struct str encrypted,
                                       struct error *err)
{
    return check_digest(arena, EVP_sha1(), password, encrypted, err);
}

/* --- crypt(3) */

/* Encrypts with the setting (or an encrypted password). NULL: the library refuses the setting, for which
 * it may also answer a text that begins with an asterisk. The result is part of *data. */
static const char *encrypt(const char *password, const char *setting, struct crypt_data *data)
{
    data->initialized = 0;
    const char *made = crypt_r(password, setting, data);
    return made && made[0] != '*' ? made : NULL;
}

/* The system's crypt() takes C strings: a NUL in either would let a beginning pass for the whole. */
static bool has_nul(struct str v)
{
    return memchr(v.s, '\0', v.n) != NULL;
}

/* Puts crypt(password, setting) without its first `skip` octets at made; returns how many that are, 0: the
 * setting is refused, or there is not that much room. */
static size_t crypt_part(const char *password, const char *setting, size_t skip, struct crypt_data *data,
                         char *made, size_t room)
{
    const char *part = encrypt(password, setting, data);
    size_t n = part ? strlen(part) : 0;

    if (n <= skip || n - skip > room)
        return 0;
    memcpy(made, part + skip, n - skip);
    return n - skip;
}

/* crypt() of the first eight octets; behind it, if there are more, crypt() of those with the first two
 * octets of the former's result as salt, without that salt. */
static size_t crypt16(struct str password, const char *setting, struct crypt_data *data, char *made,
                      size_t room)
{
    char half[CRYPT16_HALF + 1] = "", salt[CRYPT16_SALT + 1] = "";
    bool longer = password.n > CRYPT16_HALF;

    memcpy(half, password.s, longer ? CRYPT16_HALF : password.n);
    size_t n = crypt_part(half, setting, 0, data, made, room);
    secret_wipe(half, sizeof half);
    if (!longer || n < 2 * CRYPT16_SALT)
        return n;
    memcpy(salt, made + CRYPT16_SALT, CRYPT16_SALT);
    size_t more = crypt_part(password.s + CRYPT16_HALF, salt, CRYPT16_SALT, data, made + n, room - n);
    return more > 0 ? n + more : 0;
}

/* Both kinds of crypt(): what the password makes goes to `made`, and is compared. */
static enum password_status check_made(struct str password, struct str encrypted, bool twice,
                                       struct error *err)
{
    char made[2 * CRYPT_OUTPUT_SIZE];

    if (has_nul(password) || has_nul(encrypted) || encrypted.n == 0)
        return PASSWORD_WRONG;
    struct crypt_data *data = calloc(1, sizeof *data);
    if (!data) {
        error_set(err, "no memory for crypt()");
        return PASSWORD_DEFER;
    }
    size_t n = twice ? crypt16(password, encrypted.s, data, made, sizeof made)
                     : crypt_part(password.s, encrypted.s, 0, data, made, sizeof made);
    bool right = n > 0 && secret_equal((struct str){made, n, false}, encrypted);
    secret_wipe(made, sizeof made);
    secret_wipe(data, sizeof *data);
    free(data);
    return answer(right);
}

static enum password_status check_crypt(struct arena *arena, struct str password, struct str encrypted,
                                        struct error *err)
{
    (void)arena;
    return check_made(password, encrypted, false, err);
}

static enum password_status check_crypt16(struct arena *arena, struct str password, struct str encrypted,
                                          struct error *err)
{
    (void)arena;
    return check_made(password, encrypted, true, err);
}

/* --- The condition */

static const struct scheme {
    const char *name;
    enum password_status (*check)(struct arena *, struct str password, struct str encrypted, struct error *);
} schemes[] = {
    {"{md5}", check_md5},
    {"{sha1}", check_sha1},
    {"{crypt}", check_crypt},
    {"{crypt16}", check_crypt16},
};

static enum password_status crypteq(struct arena *arena, const struct str *args, unsigned nargs,
                                    struct error *err)
{
    struct str password = args[0], encrypted = args[1];

    (void)nargs;
    if (str_is_null(password) || str_is_null(encrypted))
        return PASSWORD_WRONG;
    if (!str_starts(encrypted, "{"))
        return check_crypt(arena, password, encrypted, err);
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        size_t n = strlen(schemes[i].name);
        if (str_starts_nocase(encrypted, schemes[i].name))
            return schemes[i].check(arena, password, str_sub(arena, encrypted, n, encrypted.n), err);
    }
    error_set(err, "unknown encryption mechanism in \"%.*s\"", STR_ARG(encrypted));
    return PASSWORD_DEFER;
}

const struct password_checker password_checker_crypteq = {
    .name = "crypteq",
    .min_args = 2,
    .max_args = 2,
    .check = crypteq,
};
