/* International messages and servers: see smtp_utf8.h. */
#include "transports/smtp_utf8.h"

#include "base/idna.h"
#include "base/utf8.h"

/* The option counts when it has one of the three values, whatever follows; else what controls have said. */
static enum utf8_way wanted(struct str option, const struct mail_handling *handling, bool offered)
{
    bool if_needed = handling && handling->utf8_downconvert_maybe, always = handling && handling->utf8_downconvert;

    if (str_starts(option, "-1") || str_starts(option, "0") || str_starts(option, "1")) {
        if_needed = option.s[0] == '-';
        always = option.s[0] == '1';
    }
    if (always)
        return UTF8_DOWNCONVERT;
    if (offered)
        return UTF8_ASKED_FOR;
    return if_needed ? UTF8_DOWNCONVERT : UTF8_REFUSED;
}

bool remote_utf8_way(struct remote *r, const struct mail_handling *handling, enum utf8_way *way)
{
    struct str option;

    if (!remote_expand(r, r->options->utf8_downconvert, "utf8_downconvert", &option))
        return false;
    /* That something is not offered is not taken for granted. */
    if (!smtp_offers(&r->client.offer, SMTP_SMTPUTF8) && !client_await(&r->client))
        return false;
    *way = wanted(str_is_null(option) ? STR("") : option, handling, smtp_offers(&r->client.offer, SMTP_SMTPUTF8));
    return true;
}

bool utf8_address(struct arena *arena, enum utf8_way way, struct str address, struct str *sent, struct error *err)
{
    *sent = address;
    return way != UTF8_DOWNCONVERT || idna_address_to_alabel(arena, address, sent, err);
}

struct str utf8_orcpt(struct arena *arena, enum utf8_way way, struct str orcpt)
{
    struct buffer out = BUFFER_IN(arena);
    uint32_t character;
    size_t length;

    if (way == UTF8_ASKED_FOR || utf8_is_ascii(orcpt))
        return orcpt;
    if (!str_starts_nocase(orcpt, "utf-8;"))
        return STR_NULL;
    for (size_t i = 0; i < orcpt.n; i += length) {
        if (!utf8_read(orcpt, i, &length, &character))
            return STR_NULL;
        if (character < 0x80)
            buffer_add_char(&out, (char)character);
        else
            buffer_printf(&out, "\\x{%X}", (unsigned)character);
    }
    return buffer_str(&out);
}
