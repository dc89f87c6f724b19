/* The messages of NTLM (MS-NLMP 2.2.1): see ntlm.h. Numbers have their least significant octet first. Every string
 * is described by a length, a maximum that nobody needs, and an offset from the start of the message, and all three
 * may be anything. */
#include "auths/ntlm.h"

#include <string.h>

#include "base/buffer.h"

enum {
    NEGOTIATE = 1,
    CHALLENGE = 2,
    AUTHENTICATE = 3,
    SIGNATURE_OCTETS = 8,
    BEFORE_FIELDS = 12, /* octets of signature and type */
    WORD = 4,
    FIELD = 8, /* octets of a description */
    /* Heads of the messages that we write: up to what clients and servers of all ages expect. */
    NEGOTIATE_HEAD = 32,
    CHALLENGE_HEAD = 48,
    AUTHENTICATE_HEAD = 64,
    /* What may be missing in messages that we read. */
    NEGOTIATE_LEAST = 16,
    CHALLENGE_LEAST = 32,
    AUTHENTICATE_LEAST = 52,
    AV_HEAD = 4,
};

static const char signature[SIGNATURE_OCTETS] = "NTLMSSP";

/* --- Reading */

static uint32_t number(const char *at, unsigned octets)
{
    uint32_t n = 0;

    for (unsigned i = octets; i-- > 0;)
        n = n << 8 | (unsigned char)at[i];
    return n;
}

static bool is_message(struct str message, uint32_t type, size_t least)
{
    return message.n >= least && memcmp(message.s, signature, sizeof signature) == 0 &&
           number(message.s + SIGNATURE_OCTETS, WORD) == type;
}

/* The string that is described at `at`; the empty string when the message ends before the description does. False: it
 * would not lie within the message. */
static bool field(struct str message, size_t at, struct str *value)
{
    uint32_t n, offset;

    *value = (struct str){"", 0, message.tainted};
    if (message.n < at + FIELD)
        return true;
    n = number(message.s + at, 2);
    offset = number(message.s + at + WORD, WORD);
    if (n == 0)
        return true;
    if (offset > message.n || n > message.n - offset)
        return false;
    *value = (struct str){message.s + offset, n, message.tainted};
    return true;
}

bool ntlm_read_negotiate(struct str message, struct ntlm_negotiate *negotiate)
{
    if (!is_message(message, NEGOTIATE, NEGOTIATE_LEAST))
        return false;
    negotiate->flags = number(message.s + BEFORE_FIELDS, WORD);
    return field(message, BEFORE_FIELDS + WORD, &negotiate->domain);
}

bool ntlm_read_challenge(struct str message, struct ntlm_challenge *challenge)
{
    const size_t flags = BEFORE_FIELDS + FIELD, octets = flags + WORD, info = 40;

    if (!is_message(message, CHALLENGE, CHALLENGE_LEAST))
        return false;
    challenge->flags = number(message.s + flags, WORD);
    memcpy(challenge->challenge, message.s + octets, NTLM_CHALLENGE_OCTETS);
    challenge->info = STR("");
    if (!field(message, BEFORE_FIELDS, &challenge->target))
        return false;
    return !(challenge->flags & NTLM_TARGET_INFO) || field(message, info, &challenge->info);
}

bool ntlm_read_authenticate(struct str message, struct ntlm_authenticate *answer)
{
    const size_t fields = BEFORE_FIELDS, flags = 60;

    if (!is_message(message, AUTHENTICATE, AUTHENTICATE_LEAST))
        return false;
    answer->flags = message.n >= flags + WORD ? number(message.s + flags, WORD) : NTLM_UNICODE;
    return field(message, fields, &answer->lm) && field(message, fields + FIELD, &answer->nt) &&
           field(message, fields + 2 * FIELD, &answer->domain) && field(message, fields + 3 * FIELD, &answer->user) &&
           field(message, fields + 4 * FIELD, &answer->workstation);
}

bool ntlm_find_av(struct str info, enum ntlm_av id, struct str *value)
{
    size_t at = 0;

    *value = STR_NULL;
    while (info.n - at >= AV_HEAD) {
        uint32_t this = number(info.s + at, 2), n = number(info.s + at + 2, 2);

        at += AV_HEAD;
        if (n > info.n - at)
            return false;
        if (this == NTLM_AV_END)
            return n == 0;
        if (this == id)
            *value = (struct str){info.s + at, n, info.tainted};
        at += n;
    }
    return false;
}

/* --- Writing */

static void add_number(struct buffer *out, uint32_t n, unsigned octets)
{
    for (unsigned i = 0; i < octets; i++)
        buffer_add_char(out, (char)(n >> 8 * i & 0xff));
}

/* A message being written: descriptions of strings go in front, the strings behind. */
struct writing {
    struct buffer head, payload;
    uint32_t head_octets;
};

static struct writing begin(struct arena *arena, uint32_t type, uint32_t head_octets)
{
    struct writing w = {.head = BUFFER_IN(arena), .payload = BUFFER_IN(arena), .head_octets = head_octets};

    buffer_add_n(&w.head, signature, sizeof signature);
    add_number(&w.head, type, WORD);
    return w;
}

static void add_field(struct writing *w, struct str value)
{
    size_t n = value.n > UINT16_MAX ? 0 : value.n;

    add_number(&w->head, (uint32_t)n, 2);
    add_number(&w->head, (uint32_t)n, 2);
    add_number(&w->head, w->head_octets + (uint32_t)w->payload.n, WORD);
    if (n > 0)
        buffer_add(&w->payload, value);
}

static struct str finish(struct writing *w)
{
    buffer_add(&w->head, buffer_str(&w->payload));
    return buffer_str(&w->head);
}

struct str ntlm_write_negotiate(struct arena *arena, const struct ntlm_negotiate *negotiate)
{
    struct writing w = begin(arena, NEGOTIATE, NEGOTIATE_HEAD);

    add_number(&w.head, negotiate->flags, WORD);
    add_field(&w, negotiate->domain);
    add_field(&w, STR(""));
    return finish(&w);
}

struct str ntlm_write_challenge(struct arena *arena, const struct ntlm_challenge *challenge)
{
    struct writing w = begin(arena, CHALLENGE, CHALLENGE_HEAD);

    add_field(&w, challenge->target);
    add_number(&w.head, challenge->flags, WORD);
    buffer_add_n(&w.head, (const char *)challenge->challenge, NTLM_CHALLENGE_OCTETS);
    add_number(&w.head, 0, WORD);
    add_number(&w.head, 0, WORD);
    add_field(&w, challenge->info);
    return finish(&w);
}

struct str ntlm_write_authenticate(struct arena *arena, const struct ntlm_authenticate *answer)
{
    struct writing w = begin(arena, AUTHENTICATE, AUTHENTICATE_HEAD);

    add_field(&w, answer->lm);
    add_field(&w, answer->nt);
    add_field(&w, answer->domain);
    add_field(&w, answer->user);
    add_field(&w, answer->workstation);
    add_field(&w, STR("")); /* a session key */
    add_number(&w.head, answer->flags, WORD);
    return finish(&w);
}

void ntlm_add_av(struct buffer *info, enum ntlm_av id, struct str value)
{
    add_number(info, id, 2);
    add_number(info, (uint32_t)value.n, 2);
    buffer_add(info, value);
}
