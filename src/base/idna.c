/* Internationalised addresses: see idna.h. Making A-labels of domains is libidn2's
 * business; taking them apart again is Punycode and nothing else. */
#include "base/idna.h"

#include "base/arena.h"
#include "base/buffer.h"
#include "base/punycode.h"
#include "base/utf8.h"
#include "build_config.h"

static const char prefix[] = "xn--";

#if SUPPORT_I18N
#include <idn2.h>

static bool convert(struct arena *arena, struct str domain, struct str *alabel, struct error *err)
{
    char *found = NULL;
    int status = idn2_to_ascii_8z(domain.s, &found, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);

    if (status != IDN2_OK)
        return error_set(err, "%s", idn2_strerror(status));
    *alabel = str_copy(arena, str_of(found));
    alabel->tainted = domain.tainted;
    idn2_free(found);
    return true;
}
#else
static bool convert(struct arena *arena, struct str domain, struct str *alabel, struct error *err)
{
    (void)arena;
    *alabel = domain;
    return error_set(err, "this build has no support for internationalised domains");
}
#endif

bool idna_is_supported(void)
{
    return SUPPORT_I18N;
}

bool idna_domain_to_alabel(struct arena *arena, struct str domain, struct str *alabel, struct error *err)
{
    *alabel = domain;
    return utf8_is_ascii(domain) || convert(arena, domain, alabel, err);
}

/* A label that does not begin with xn-- is taken as it is. */
static bool decode_label(struct arena *arena, struct str label, struct buffer *out, struct error *err)
{
    struct str decoded = label;

    if (str_starts(label, prefix) &&
        !punycode_decode(arena, str_sub(arena, label, sizeof prefix - 1, label.n), &decoded))
        return error_set(err, "Invalid input");
    buffer_add(out, decoded);
    return true;
}

bool idna_domain_from_alabel(struct arena *arena, struct str alabel, struct str *domain, struct error *err)
{
    struct buffer out = BUFFER_IN(arena);
    size_t from = 0;

    for (size_t i = 0; i <= alabel.n; i++) {
        if (i < alabel.n && alabel.s[i] != '.')
            continue;
        if (from > 0)
            buffer_add_char(&out, '.');
        if (!decode_label(arena, str_sub(arena, alabel, from, i - from), &out, err))
            return false;
        from = i + 1;
    }
    *domain = buffer_str(&out);
    return true;
}

bool idna_local_part_to_alabel(struct arena *arena, struct str local_part, struct str *alabel, struct error *err)
{
    *alabel = local_part;
    if (utf8_is_ascii(local_part))
        return true;
    if (!punycode_encode(arena, local_part, alabel))
        return error_set(err, "l_u2a: bad UTF-8 input");
    *alabel = str_join(arena, str_of(prefix), *alabel);
    return true;
}

bool idna_local_part_from_alabel(struct arena *arena, struct str alabel, struct str *local_part, struct error *err)
{
    if (!str_starts(alabel, prefix))
        return error_set(err, "bad alabel prefix");
    if (!punycode_decode(arena, str_sub(arena, alabel, sizeof prefix - 1, alabel.n), local_part))
        return error_set(err, "Invalid input");
    return true;
}

bool idna_address_to_alabel(struct arena *arena, struct str address, struct str *alabel, struct error *err)
{
    ptrdiff_t at = str_rfind(address, '@');
    struct str local_part, domain;

    *alabel = address;
    if (utf8_is_ascii(address))
        return true;
    if (at < 0)
        return idna_local_part_to_alabel(arena, address, alabel, err);
    local_part = str_sub(arena, address, 0, (size_t)at);
    domain = str_sub(arena, address, (size_t)at + 1, address.n);
    if (!utf8_is_ascii(local_part) && str_starts(local_part, "\""))
        return error_set(err, "a quoted local part has no A-label form");
    if (!idna_local_part_to_alabel(arena, local_part, &local_part, err) ||
        !idna_domain_to_alabel(arena, domain, &domain, err))
        return false;
    *alabel = str_join3(arena, local_part, STR("@"), domain);
    return true;
}
