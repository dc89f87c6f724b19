/* NTLM (MS-NLMP): the three messages, the text in them, and the responses. For the spa driver. */
#ifndef AUTHS_NTLM_H
#define AUTHS_NTLM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct arena;

/* Flags of messages (MS-NLMP 2.2.2.5). */
enum {
    NTLM_UNICODE = 0x00000001,
    NTLM_OEM = 0x00000002,
    NTLM_REQUEST_TARGET = 0x00000004,
    NTLM_NTLM = 0x00000200,
    NTLM_DOMAIN_SUPPLIED = 0x00001000,
    NTLM_ALWAYS_SIGN = 0x00008000,
    NTLM_TARGET_TYPE_SERVER = 0x00020000,
    NTLM_EXTENDED_SECURITY = 0x00080000, /* NTLM2 session responses */
    NTLM_TARGET_INFO = 0x00800000,       /* without it there are no NTLMv2 responses */
};

enum {
    NTLM_CHALLENGE_OCTETS = 8,
    NTLM_HASH_OCTETS = 16,
    NTLM_RESPONSE_OCTETS = 24, /* of LM, NTLM and NTLM2 session responses */
};

/* --- Messages (ntlm.c). Strings of what was read are parts of the message; nothing is read outside of it. */

/* Type 1, from the client. */
struct ntlm_negotiate {
    uint32_t flags;
    struct str domain; /* in the OEM character set */
};
bool ntlm_read_negotiate(struct str message, struct ntlm_negotiate *negotiate);
struct str ntlm_write_negotiate(struct arena *arena, const struct ntlm_negotiate *negotiate);

/* Type 2, from the server. */
struct ntlm_challenge {
    uint32_t flags;
    unsigned char challenge[NTLM_CHALLENGE_OCTETS];
    struct str target; /* encoded as the flags say */
    struct str info;   /* AV pairs; there are some when NTLM_TARGET_INFO is set */
};
bool ntlm_read_challenge(struct str message, struct ntlm_challenge *challenge);
struct str ntlm_write_challenge(struct arena *arena, const struct ntlm_challenge *challenge);

/* Type 3, from the client: names are encoded as the flags say. */
struct ntlm_authenticate {
    uint32_t flags;
    struct str lm, nt; /* responses */
    struct str domain, user, workstation;
};
bool ntlm_read_authenticate(struct str message, struct ntlm_authenticate *authenticate);
struct str ntlm_write_authenticate(struct arena *arena, const struct ntlm_authenticate *authenticate);

/* AV pairs (2.2.2.1): attributes of the target info. */
enum ntlm_av {
    NTLM_AV_END = 0,
    NTLM_AV_COMPUTER = 1,
    NTLM_AV_DOMAIN = 2,
    NTLM_AV_DNS_COMPUTER = 3,
    NTLM_AV_TIMESTAMP = 7,
};
struct buffer;
void ntlm_add_av(struct buffer *info, enum ntlm_av id, struct str value);

/* Whether the pairs end as they should, within the info; *value is that of the pair `id`, STR_NULL when there is
 * none. */
bool ntlm_find_av(struct str info, enum ntlm_av id, struct str *value);

/* --- Text (ntlm_text.c). What is no UTF-8 is taken for Latin-1. */

/* To UTF-16, the least significant octet first. */
struct str ntlm_utf16(struct arena *arena, struct str text);

/* The same in capitals, as far as the C library knows them. */
struct str ntlm_utf16_upper(struct arena *arena, struct str text);

/* A name out of a message, as UTF-8. False: an odd number of octets, half a character, or a NUL in it. */
bool ntlm_text(struct arena *arena, struct str encoded, uint32_t flags, struct str *text);

/* A name for a message. */
struct str ntlm_encode(struct arena *arena, struct str text, uint32_t flags);

/* --- Responses (ntlm_response.c) */

/* Who proves to know which password, as text. */
struct ntlm_account {
    struct str user, domain, password;
};

/* Kinds of responses: the LM response alone, the NTLM response to the server's challenge or to that and a client's
 * challenge together, NTLMv2, the LMv2 response alone. */
enum ntlm_version {
    NTLM_LM = 1 << 0,
    NTLM_V1 = 1 << 1,
    NTLM_2_SESSION = 1 << 2,
    NTLM_V2 = 1 << 3,
    NTLM_LM_V2 = 1 << 4,
};

/* Hashes of a password (3.3.1, 3.3.2). */
void ntlm_lm_hash(struct arena *arena, struct str password, unsigned char hash[NTLM_HASH_OCTETS]);
void ntlm_nt_hash(struct arena *arena, struct str password, unsigned char hash[NTLM_HASH_OCTETS]);
void ntlm_v2_hash(struct arena *arena, const struct ntlm_account *account, unsigned char hash[NTLM_HASH_OCTETS]);

/* The responses to a challenge, of the best kind that its flags allow: NTLMv2, NTLM2 session, LM and NTLM.
 * random: the client's challenge. now: a time of Windows, in tenths of microseconds, unless the server gives one. */
void ntlm_respond(struct arena *arena, const struct ntlm_challenge *challenge, const struct ntlm_account *account,
                  const unsigned char random[NTLM_CHALLENGE_OCTETS], uint64_t now, struct ntlm_authenticate *answer);

/* Whether an answer's responses prove the password. versions: those allowed; offered: the flags of the challenge. */
bool ntlm_verify(struct arena *arena, const struct ntlm_authenticate *answer, const struct ntlm_account *account,
                 const unsigned char challenge[NTLM_CHALLENGE_OCTETS], uint32_t offered, unsigned versions);

#endif
