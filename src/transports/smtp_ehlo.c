/* What a server offers: see smtp_ehlo.h. */
#include "transports/smtp_ehlo.h"

#include "base/ascii.h"

static const struct {
    const char *keyword;
    enum smtp_feature feature;
} keywords[] = {
    {"8BITMIME", SMTP_8BITMIME},     {"AUTH", SMTP_AUTH},           {"CHUNKING", SMTP_CHUNKING},
    {"DSN", SMTP_DSN},               {"IGNOREQUOTA", SMTP_IGNOREQUOTA},
    {"LIMITS", SMTP_LIMITS},         {"PIPECONNECT", SMTP_PIPECONNECT}, {"PIPELINING", SMTP_PIPELINING},
    {"PRDR", SMTP_PRDR},             {"SIZE", SMTP_SIZE},           {"SMTPUTF8", SMTP_SMTPUTF8},
    {"STARTTLS", SMTP_STARTTLS},
};

/* The word at *at, which moves behind it; empty at the end. It borrows from text. */
static struct str next_word(struct str text, size_t *at)
{
    size_t from;

    while (*at < text.n && (text.s[*at] == ' ' || text.s[*at] == '\t'))
        ++*at;
    from = *at;
    while (*at < text.n && text.s[*at] != ' ' && text.s[*at] != '\t')
        ++*at;
    return (struct str){text.s + from, *at - from, text.tainted};
}

/* A decimal number that is all of the text, up to some limit that nobody minds. */
static unsigned number_of(struct str text)
{
    unsigned number = 0;

    for (size_t i = 0; i < text.n; i++) {
        if (!ascii_is_digit(text.s[i]) || number > 100000000)
            return 0;
        number = 10 * number + (unsigned)(text.s[i] - '0');
    }
    return number;
}

/* Limits that cannot be read, or are not known, are none (RFC 9422 section 4). */
static void read_limits(struct str line, size_t at, struct smtp_offer *offer)
{
    struct str word;

    while ((word = next_word(line, &at)).n > 0) {
        ptrdiff_t equals = str_find(word, '=');
        struct str name, value;

        if (equals < 0)
            continue;
        name = (struct str){word.s, (size_t)equals, word.tainted};
        value = (struct str){word.s + equals + 1, word.n - (size_t)equals - 1, word.tainted};
        if (str_is_nocase(name, "MAILMAX"))
            offer->mail_max = number_of(value);
        else if (str_is_nocase(name, "RCPTMAX"))
            offer->rcpt_max = number_of(value);
        else if (str_is_nocase(name, "RCPTDOMAINMAX"))
            offer->rcpt_domain_max = number_of(value);
    }
}

/* A line without its code. */
static void read_line(struct str line, struct smtp_offer *offer)
{
    size_t at = 0;
    struct str keyword = next_word(line, &at);

    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++) {
        if (!str_is_nocase(keyword, keywords[i].keyword))
            continue;
        offer->features |= keywords[i].feature;
        if (keywords[i].feature == SMTP_AUTH)
            offer->mechanisms = (struct str){line.s + at, line.n - at, line.tainted};
        else if (keywords[i].feature == SMTP_LIMITS)
            read_limits(line, at, offer);
    }
}

void smtp_offer_parse(struct str response, struct smtp_offer *offer)
{
    const char *p = response.s, *end = str_end(response);
    bool first = true; /* the first line has the host's name */

    *offer = (struct smtp_offer){.mechanisms = STR("")};
    while (p < end) {
        const char *stop = p;

        while (stop < end && *stop != '\n')
            stop++;
        if (!first && stop - p > 4)
            read_line((struct str){p + 4, (size_t)(stop - p - 4), response.tainted}, offer);
        first = false;
        p = stop < end ? stop + 1 : end;
    }
}

bool smtp_offers_same(const struct smtp_offer *a, const struct smtp_offer *b)
{
    return a->features == b->features && str_eq_nocase(a->mechanisms, b->mechanisms) && a->mail_max == b->mail_max &&
           a->rcpt_max == b->rcpt_max && a->rcpt_domain_max == b->rcpt_domain_max;
}

bool smtp_offers_mechanism(const struct smtp_offer *offer, struct str mechanism)
{
    size_t at = 0;
    struct str word;

    while ((word = next_word(offer->mechanisms, &at)).n > 0)
        if (str_eq_nocase(word, mechanism))
            return true;
    return false;
}
