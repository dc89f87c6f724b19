/* Responses of NTLM (MS-NLMP 3.3), with Nettle's MD4 and DES: OpenSSL has them in a provider that not every system
 * has. See ntlm.h. The arena has to be one that is wiped. */
#include <nettle/des.h>
#include <nettle/hmac.h>
#include <nettle/md4.h>
#include <nettle/md5.h>
#include <string.h>

#include "auths/ntlm.h"
#include "base/arena.h"
#include "base/buffer.h"
#include "base/secret.h"

enum {
    KEY_OCTETS = 7, /* of DES: 56 bits */
    LM_PASSWORD = 2 * KEY_OCTETS,
    DESL_KEY = 3 * KEY_OCTETS,
    V2_HEAD = 28, /* octets of an NTLMv2 blob in front of the AV pairs */
    V2_LEAST = NTLM_HASH_OCTETS + V2_HEAD,
    STAMP_OCTETS = 8,
};

/* --- Primitives */

/* Each seven bits of the key get an eighth, for parity. */
static void des(const unsigned char key[KEY_OCTETS], const unsigned char in[DES_BLOCK_SIZE],
                unsigned char out[DES_BLOCK_SIZE])
{
    unsigned char whole[DES_KEY_SIZE];
    struct des_ctx ctx;
    uint64_t bits = 0;

    for (unsigned i = 0; i < KEY_OCTETS; i++)
        bits = bits << 8 | key[i];
    for (unsigned i = 0; i < DES_KEY_SIZE; i++)
        whole[i] = (unsigned char)((bits >> (49 - 7 * i) & 0x7f) << 1);
    des_fix_parity(DES_KEY_SIZE, whole, whole);
    des_set_key(&ctx, whole); /* a weak key is no reason to do something else */
    des_encrypt(&ctx, DES_BLOCK_SIZE, out, in);
    secret_wipe(&ctx, sizeof ctx);
    secret_wipe(whole, sizeof whole);
    secret_wipe(&bits, sizeof bits);
}

/* DESL of MS-NLMP: the challenge encrypted with each third of the hash, which gets zeros at the end. */
static void desl(const unsigned char hash[NTLM_HASH_OCTETS], const unsigned char challenge[NTLM_CHALLENGE_OCTETS],
                 unsigned char response[NTLM_RESPONSE_OCTETS])
{
    unsigned char key[DESL_KEY] = {0};

    memcpy(key, hash, NTLM_HASH_OCTETS);
    for (unsigned i = 0; i < 3; i++)
        des(key + (size_t)i * KEY_OCTETS, challenge, response + (size_t)i * DES_BLOCK_SIZE);
    secret_wipe(key, sizeof key);
}

static void hmac(const unsigned char key[NTLM_HASH_OCTETS], struct str first, struct str second,
                 unsigned char digest[NTLM_HASH_OCTETS])
{
    struct hmac_md5_ctx ctx;

    hmac_md5_set_key(&ctx, NTLM_HASH_OCTETS, key);
    hmac_md5_update(&ctx, first.n, (const uint8_t *)first.s);
    hmac_md5_update(&ctx, second.n, (const uint8_t *)second.s);
    hmac_md5_digest(&ctx, NTLM_HASH_OCTETS, digest);
    secret_wipe(&ctx, sizeof ctx);
}

/* What NTLM2 session responses encrypt: the beginning of the MD5 of both challenges. */
static void session_challenge(const unsigned char server[NTLM_CHALLENGE_OCTETS], const void *client,
                              unsigned char challenge[NTLM_CHALLENGE_OCTETS])
{
    struct md5_ctx ctx;

    md5_init(&ctx);
    md5_update(&ctx, NTLM_CHALLENGE_OCTETS, server);
    md5_update(&ctx, NTLM_CHALLENGE_OCTETS, client);
    md5_digest(&ctx, NTLM_CHALLENGE_OCTETS, challenge);
}

/* --- Hashes */

void ntlm_nt_hash(struct arena *arena, struct str password, unsigned char hash[NTLM_HASH_OCTETS])
{
    struct str text = ntlm_utf16(arena, password);
    struct md4_ctx ctx;

    md4_init(&ctx);
    md4_update(&ctx, text.n, (const uint8_t *)text.s);
    md4_digest(&ctx, NTLM_HASH_OCTETS, hash);
    secret_wipe(&ctx, sizeof ctx);
}

/* The first fourteen octets of the password in capitals are two keys. */
void ntlm_lm_hash(struct arena *arena, struct str password, unsigned char hash[NTLM_HASH_OCTETS])
{
    static const unsigned char constant[DES_BLOCK_SIZE] = {'K', 'G', 'S', '!', '@', '#', '$', '%'};
    struct str upper = str_upper(arena, password);
    unsigned char key[LM_PASSWORD] = {0};

    memcpy(key, upper.s, upper.n < sizeof key ? upper.n : sizeof key);
    des(key, constant, hash);
    des(key + KEY_OCTETS, constant, hash + DES_BLOCK_SIZE);
    secret_wipe(key, sizeof key);
}

void ntlm_v2_hash(struct arena *arena, const struct ntlm_account *account, unsigned char hash[NTLM_HASH_OCTETS])
{
    unsigned char key[NTLM_HASH_OCTETS];

    ntlm_nt_hash(arena, account->password, key);
    hmac(key, ntlm_utf16_upper(arena, account->user), ntlm_utf16(arena, account->domain), hash);
    secret_wipe(key, sizeof key);
}

/* --- The client */

static struct str octets(struct arena *arena, const void *p, size_t n)
{
    return str_copy_n(arena, p, n, false);
}

static void add_zeros(struct buffer *out, size_t n)
{
    memset(buffer_room(out, n), 0, n);
    buffer_added(out, n);
}

/* What the client adds to an NTLMv2 response (2.2.2.7): a time, its challenge, the server's AV pairs. */
static struct str v2_blob(struct arena *arena, const struct ntlm_challenge *challenge, struct str random,
                          struct str stamp, uint64_t now)
{
    struct buffer blob = BUFFER_IN(arena);

    buffer_add_n(&blob, "\1\1\0\0\0\0\0", 8);
    if (stamp.n == STAMP_OCTETS)
        buffer_add(&blob, stamp);
    else
        for (unsigned i = 0; i < STAMP_OCTETS; i++)
            buffer_add_char(&blob, (char)(now >> 8 * i & 0xff));
    buffer_add(&blob, random);
    add_zeros(&blob, 4);
    buffer_add(&blob, challenge->info);
    add_zeros(&blob, 4);
    return buffer_str(&blob);
}

/* With a time from the server, an LMv2 response is not wanted (3.1.5.1.2). */
static void respond_v2(struct arena *arena, const struct ntlm_challenge *challenge, const struct ntlm_account *account,
                       struct str random, uint64_t now, struct ntlm_authenticate *answer)
{
    struct str server = octets(arena, challenge->challenge, NTLM_CHALLENGE_OCTETS), stamp;
    unsigned char key[NTLM_HASH_OCTETS], proof[NTLM_HASH_OCTETS];
    struct buffer lm = BUFFER_IN(arena);

    ntlm_find_av(challenge->info, NTLM_AV_TIMESTAMP, &stamp);
    ntlm_v2_hash(arena, account, key);
    if (str_is_null(stamp)) {
        hmac(key, server, random, proof);
        buffer_add_n(&lm, (const char *)proof, sizeof proof);
        buffer_add(&lm, random);
    } else {
        add_zeros(&lm, NTLM_RESPONSE_OCTETS);
    }
    answer->lm = buffer_str(&lm);
    answer->nt = v2_blob(arena, challenge, random, stamp, now);
    hmac(key, server, answer->nt, proof);
    answer->nt = str_join(arena, octets(arena, proof, sizeof proof), answer->nt);
    secret_wipe(key, sizeof key);
}

void ntlm_respond(struct arena *arena, const struct ntlm_challenge *challenge, const struct ntlm_account *account,
                  const unsigned char random[NTLM_CHALLENGE_OCTETS], uint64_t now, struct ntlm_authenticate *answer)
{
    unsigned char hash[NTLM_HASH_OCTETS], both[NTLM_CHALLENGE_OCTETS], response[NTLM_RESPONSE_OCTETS] = {0};

    if (challenge->info.n > 0) {
        respond_v2(arena, challenge, account, octets(arena, random, NTLM_CHALLENGE_OCTETS), now, answer);
        return;
    }
    if (challenge->flags & NTLM_EXTENDED_SECURITY) {
        memcpy(response, random, NTLM_CHALLENGE_OCTETS);
        answer->lm = octets(arena, response, sizeof response);
        session_challenge(challenge->challenge, random, both);
    } else {
        ntlm_lm_hash(arena, account->password, hash);
        desl(hash, challenge->challenge, response);
        answer->lm = octets(arena, response, sizeof response);
        memcpy(both, challenge->challenge, sizeof both);
    }
    ntlm_nt_hash(arena, account->password, hash);
    desl(hash, both, response);
    answer->nt = octets(arena, response, sizeof response);
    secret_wipe(hash, sizeof hash);
}

/* --- The server */

static bool verify_desl(struct str given, const unsigned char hash[NTLM_HASH_OCTETS],
                        const unsigned char challenge[NTLM_CHALLENGE_OCTETS])
{
    unsigned char response[NTLM_RESPONSE_OCTETS];

    desl(hash, challenge, response);
    bool right = secret_equal((struct str){(const char *)response, sizeof response, false}, given);
    secret_wipe(response, sizeof response);
    return right;
}

/* Whether the proof is the account's for the server's challenge and what the client says besides. */
static bool is_v2_proof(struct arena *arena, struct str proof, struct str besides, const struct ntlm_account *account,
                        const unsigned char challenge[NTLM_CHALLENGE_OCTETS])
{
    unsigned char key[NTLM_HASH_OCTETS], right[NTLM_HASH_OCTETS];

    ntlm_v2_hash(arena, account, key);
    hmac(key, octets(arena, challenge, NTLM_CHALLENGE_OCTETS), besides, right);
    bool equal = secret_equal((struct str){(const char *)right, sizeof right, false}, proof);
    secret_wipe(key, sizeof key);
    secret_wipe(right, sizeof right);
    return equal;
}

/* The proof, then the blob that it is for. */
static bool verify_v2(struct arena *arena, struct str given, const struct ntlm_account *account,
                      const unsigned char challenge[NTLM_CHALLENGE_OCTETS])
{
    struct str proof = {given.s, NTLM_HASH_OCTETS, false};
    struct str blob = {given.s + NTLM_HASH_OCTETS, given.n - NTLM_HASH_OCTETS, false};

    return is_v2_proof(arena, proof, blob, account, challenge) && blob.s[0] == 1 && blob.s[1] == 1;
}

/* The proof, then the client's challenge that it is for (2.2.2.4). */
static bool verify_lm_v2(struct arena *arena, struct str given, const struct ntlm_account *account,
                         const unsigned char challenge[NTLM_CHALLENGE_OCTETS])
{
    struct str proof = {given.s, NTLM_HASH_OCTETS, false};
    struct str random = {given.s + NTLM_HASH_OCTETS, NTLM_CHALLENGE_OCTETS, false};

    return is_v2_proof(arena, proof, random, account, challenge);
}

/* Of a client that sends nothing else: LM or LMv2, which look the same. */
static bool verify_lm_alone(struct arena *arena, struct str given, const struct ntlm_account *account,
                            const unsigned char challenge[NTLM_CHALLENGE_OCTETS], unsigned versions)
{
    unsigned char hash[NTLM_HASH_OCTETS];
    bool right = false;

    if (versions & NTLM_LM) {
        ntlm_lm_hash(arena, account->password, hash);
        right = verify_desl(given, hash, challenge);
        secret_wipe(hash, sizeof hash);
    }
    return right || ((versions & NTLM_LM_V2) && verify_lm_v2(arena, given, account, challenge));
}

/* Whether an LM response is the client's challenge of an NTLM2 session response. */
static bool is_client_challenge(struct str lm)
{
    for (size_t i = NTLM_CHALLENGE_OCTETS; i < lm.n; i++)
        if (lm.s[i] != 0)
            return false;
    return lm.n == NTLM_RESPONSE_OCTETS;
}

bool ntlm_verify(struct arena *arena, const struct ntlm_authenticate *answer, const struct ntlm_account *account,
                 const unsigned char challenge[NTLM_CHALLENGE_OCTETS], uint32_t offered, unsigned versions)
{
    unsigned char hash[NTLM_HASH_OCTETS], both[NTLM_CHALLENGE_OCTETS];
    bool right = false;

    if (answer->nt.n >= V2_LEAST)
        return (versions & NTLM_V2) && verify_v2(arena, answer->nt, account, challenge);
    if (answer->nt.n == NTLM_RESPONSE_OCTETS) {
        bool session = (offered & NTLM_EXTENDED_SECURITY) && is_client_challenge(answer->lm);

        if (!(versions & (session ? NTLM_2_SESSION : NTLM_V1)))
            return false;
        memcpy(both, challenge, sizeof both);
        if (session)
            session_challenge(challenge, answer->lm.s, both);
        ntlm_nt_hash(arena, account->password, hash);
        right = verify_desl(answer->nt, hash, both);
        secret_wipe(hash, sizeof hash);
    } else if (answer->nt.n == 0 && answer->lm.n == NTLM_RESPONSE_OCTETS) {
        right = verify_lm_alone(arena, answer->lm, account, challenge, versions);
    }
    return right;
}
