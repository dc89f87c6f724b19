/* OpenSSL's errors as texts. */
#include <openssl/err.h>

#include "tls/private.h"

struct str tls_newest_error(struct arena *arena)
{
    unsigned long code = ERR_peek_last_error();
    char text[256];

    ERR_clear_error();
    if (code == 0)
        return STR_NULL;
    ERR_error_string_n(code, text, sizeof text);
    return str_copy(arena, str_of(text));
}

bool tls_error(struct error *err, const char *what)
{
    struct str text = tls_newest_error(err->arena);

    if (str_is_null(text))
        return error_set(err, "(%s)", what);
    return error_set(err, "(%s): %.*s", what, STR_ARG(text));
}

bool tls_error_file(struct error *err, const char *what, struct str file)
{
    return tls_error(err, str_printf(err->arena, "%s file=%.*s", what, STR_ARG(file)).s);
}
