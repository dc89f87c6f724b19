/* Message digests and authentication codes, from OpenSSL. Inside src/expand only. */
#ifndef EXPAND_DIGEST_H
#define EXPAND_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

enum { DIGEST_MAX = 64 };

struct digest {
    unsigned char octets[DIGEST_MAX];
    size_t n;
};

/* name: as OpenSSL calls it: MD5, SHA1, SHA256, SHA3-256. False: there is no such digest here (a FIPS
 * configuration, for example). */
bool digest_of(const char *name, struct str data, struct digest *digest);

/* HMAC (RFC 2104) with MD5 or SHA1. */
bool digest_hmac(const char *name, struct str key, struct str data, struct digest *digest);

/* Adds the digest to out in hexadecimal. */
struct buffer;
void digest_add_hex(struct buffer *out, const struct digest *digest, bool upper);

#endif
