/* LDAP queries: parameters and what is left for the library's URL parser, which is part of the path that outsiders'
 * names take. What is quoted comes out of a query as it went in. */
#include <ldap.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/arena.h"
#include "lookups/ldap_query.h"

#include "fuzz.h"

/* A quoted name may not end the parameter it is in. */
static void quote(struct arena *arena, struct str text)
{
    struct str quoted = ldap_quote(arena, text, STR("dn")), query;
    struct ldap_query read;
    struct error err = ERROR_IN(arena);

    query = str_join3(arena, STR("user=cn="), quoted, STR(" pass=x ldap:///o=base"));
    if (str_find(text, '\0') >= 0)
        return;
    if (!ldap_query_read(arena, query, &read, &err) || !str_is(read.url, "ldap:///o=base") || read.user.n < text.n + 3)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct str text = str_copy_n(arena, (const char *)data, size, true);
    struct error err = ERROR_IN(arena);
    struct ldap_query query;
    LDAPURLDesc *url;

    if (ldap_query_read(arena, text, &query, &err)) {
        if (query.size < 0 || query.time < 0 || query.nettime < 0 || query.url.n > size)
            abort();
        if (ldap_url_parse(query.url.s, &url) == LDAP_URL_SUCCESS)
            ldap_free_urldesc(url);
    } else if (str_is_empty(err.text)) {
        abort();
    }
    quote(arena, text);
    arena_free(arena);
    return 0;
}
