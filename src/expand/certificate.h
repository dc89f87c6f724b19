/* Fields of X.509 certificates (manual, 11.5: certextract; RFC 5280). Inside src/expand only. */
#ifndef EXPAND_CERTIFICATE_H
#define EXPAND_CERTIFICATE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "expand/digest.h"

enum certificate_status {
    CERTIFICATE_FOUND,
    CERTIFICATE_ABSENT, /* it has no such field */
    CERTIFICATE_BAD,    /* no such field exists, or this is no certificate: err has Exim's text */
};

/* Whether a value is a certificate in PEM form, or begins as one. */
bool certificate_is_pem(struct str value);

/* The value of a field of the certificate in PEM form. selector: the field's name, modifiers behind commas. The
 * value lives in the arena and has the taint of the certificate. */
enum certificate_status certificate_field(struct arena *arena, struct str pem, struct str selector,
                                          struct str *value, struct error *err);

/* Its fingerprint. digest: as OpenSSL calls it. False: this is no certificate, or there is no such digest. */
bool certificate_fingerprint(struct str pem, const char *name, struct digest *digest);

#endif
