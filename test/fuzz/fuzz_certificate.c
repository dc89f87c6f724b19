/* Fuzz target: certificates that clients show, as certextract takes them apart. The input is a certificate in DER
 * form; every field is asked for, and what comes out must be a value. */
#include <stdlib.h>

#include "base/arena.h"
#include "base/base64.h"
#include "base/buffer.h"
#include "expand/certificate.h"
#include "fuzz.h"

static struct str as_pem(struct arena *arena, const uint8_t *data, size_t n)
{
    struct buffer pem = BUFFER_IN(arena);
    struct str text = base64_encode(arena, str_copy_n(arena, (const char *)data, n, 1));
    enum { LINE = 64 };

    buffer_add_cstr(&pem, "-----BEGIN CERTIFICATE-----\n");
    for (size_t i = 0; i < text.n; i += LINE) {
        buffer_add(&pem, str_sub(arena, text, i, LINE));
        buffer_add_char(&pem, '\n');
    }
    buffer_add_cstr(&pem, "-----END CERTIFICATE-----\n");
    return buffer_str(&pem);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const selectors[] = {
        "version", "serial_number", "subject", "subject,CN", "issuer,O,>;", "notbefore", "notafter,int",
        "sig_algorithm", "signature", "subj_altname,>:", "subj_altname,mail", "ocsp_uri", "crl_uri,>,", "none",
    };
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct str pem = as_pem(arena, data, n);
    struct digest digest;

    for (size_t i = 0; i < sizeof selectors / sizeof *selectors; i++) {
        struct error err = ERROR_IN(arena);
        struct str value = STR_NULL;
        enum certificate_status status = certificate_field(arena, pem, str_of(selectors[i]), &value, &err);

        if ((status == CERTIFICATE_FOUND && (value.s == NULL || value.s[value.n] != '\0' || !value.tainted)) ||
            (status == CERTIFICATE_BAD && err.text.n == 0))
            abort();
    }
    certificate_fingerprint(pem, "SHA256", &digest);
    arena_free(arena);
    return 0;
}
