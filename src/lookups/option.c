/* Options of search styles: see option.h. */
#include "lookups/option.h"

#include <string.h>

bool lookup_option(struct str options, const char *name, struct str *value)
{
    size_t name_n = strlen(name);
    const char *p = str_is_null(options) ? "" : options.s, *end = p + options.n;
    bool found = false;

    while (p < end) {
        const char *comma = memchr(p, ',', (size_t)(end - p));
        const char *stop = comma ? comma : end;
        if ((size_t)(stop - p) > name_n && memcmp(p, name, name_n) == 0 && p[name_n] == '=') {
            *value = (struct str){p + name_n + 1, (size_t)(stop - p) - name_n - 1, options.tainted};
            found = true;
        }
        p = comma ? comma + 1 : end;
    }
    return found;
}
