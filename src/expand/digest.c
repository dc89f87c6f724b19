/* Message digests: see digest.h. Nothing of OpenSSL is set up before the first one is asked for. */
#include "expand/digest.h"

#include <limits.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/buffer.h"

bool digest_of(const char *name, struct str data, struct digest *digest)
{
    size_t n = 0;
    bool good = EVP_Q_digest(NULL, name, NULL, data.s, data.n, digest->octets, &n) == 1;
    digest->n = n;
    return good;
}

bool digest_hmac(const char *name, struct str key, struct str data, struct digest *digest)
{
    unsigned n = 0;
    const EVP_MD *md = EVP_get_digestbyname(name);
    if (md == NULL || key.n > INT_MAX ||
        HMAC(md, key.s, (int)key.n, (const unsigned char *)data.s, data.n, digest->octets, &n) == NULL)
        return false;
    digest->n = n;
    return true;
}

void digest_add_hex(struct buffer *out, const struct digest *digest, bool upper)
{
    const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    for (size_t i = 0; i < digest->n; i++) {
        buffer_add_char(out, digits[digest->octets[i] >> 4]);
        buffer_add_char(out, digits[digest->octets[i] & 15]);
    }
}
