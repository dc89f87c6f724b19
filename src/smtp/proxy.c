/* The PROXY protocol: see proxy.h. */
#include "smtp/proxy.h"

#include <string.h>

#include "base/ascii.h"
#include "base/clock.h"
#include "smtp/log_lines.h"

static const char signature[] = "\r\n\r\n\0\r\nQUIT\n";

enum { SIGNATURE = sizeof signature - 1 };

/* --- Version 1: "PROXY TCP4 192.0.2.1 192.0.2.25 4321 25" CR LF */

/* The word that begins at *at and ends at a single space, or with the text. It borrows from the text. */
static struct str next_word(struct str text, size_t *at)
{
    size_t from = *at;

    while (*at < text.n && text.s[*at] != ' ')
        ++*at;
    struct str word = {text.s + from, *at - from, text.tainted};
    if (*at < text.n)
        ++*at;
    return word;
}

static bool read_address(struct str word, unsigned bits, struct ip *ip)
{
    char text[64];

    if (word.n == 0 || word.n >= sizeof text || memchr(word.s, '%', word.n))
        return false;
    memcpy(text, word.s, word.n);
    text[word.n] = '\0';
    return ip_parse((struct str){text, word.n, true}, ip) && ip->bits == bits;
}

static bool read_port(struct str word, int *port)
{
    *port = 0;
    if (word.n == 0 || word.n > 5 || (word.n > 1 && word.s[0] == '0'))
        return false;
    for (size_t i = 0; i < word.n; i++) {
        if (!ascii_is_digit(word.s[i]))
            return false;
        *port = 10 * *port + word.s[i] - '0';
    }
    return *port <= 65535;
}

bool proxy_parse_v1(struct str line, struct proxy_header *header)
{
    size_t at = 0;
    struct str protocol;
    unsigned bits;

    *header = (struct proxy_header){.known = false};
    if (line.n < 2 || line.n > PROXY_V1_LONGEST || memcmp(line.s + line.n - 2, "\r\n", 2) != 0)
        return false;
    line.n -= 2;
    if (!str_is(next_word(line, &at), "PROXY"))
        return false;
    protocol = next_word(line, &at);
    if (str_is(protocol, "UNKNOWN")) /* whatever stands behind it */
        return true;
    bits = str_is(protocol, "TCP4") ? 32 : str_is(protocol, "TCP6") ? 128 : 0;
    if (bits == 0 || !read_address(next_word(line, &at), bits, &header->source) ||
        !read_address(next_word(line, &at), bits, &header->destination) ||
        !read_port(next_word(line, &at), &header->source_port) ||
        !read_port(next_word(line, &at), &header->destination_port) || at != line.n || line.s[line.n - 1] == ' ')
        return false;
    header->known = true;
    return true;
}

/* --- Version 2: binary */

static unsigned two_octets(const unsigned char *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

/* The addresses of TCP over IPv4 or IPv6; extensions may follow. */
static bool read_addresses(const unsigned char *p, size_t n, unsigned bits, struct proxy_header *header)
{
    size_t size = bits / 8;

    if (n < 2 * size + 4)
        return false;
    header->source.bits = header->destination.bits = bits;
    memcpy(header->source.octets, p, size);
    memcpy(header->destination.octets, p + size, size);
    header->source_port = (int)two_octets(p + 2 * size);
    header->destination_port = (int)two_octets(p + 2 * size + 2);
    header->known = true;
    return true;
}

bool proxy_parse_v2(struct str octets, struct proxy_header *header)
{
    enum { LOCAL = 0x20, PROXY = 0x21, UNSPECIFIED = 0x00, TCP4 = 0x11, TCP6 = 0x21 };
    const unsigned char *p = (const unsigned char *)octets.s;

    *header = (struct proxy_header){.known = false};
    if (octets.n < PROXY_V2_FIXED || memcmp(p, signature, SIGNATURE) != 0 ||
        octets.n != PROXY_V2_FIXED + two_octets(p + 14))
        return false;
    if (p[12] == LOCAL)
        return true;
    if (p[12] != PROXY)
        return false;
    switch (p[13]) {
    case UNSPECIFIED:
        return true;
    case TCP4:
        return read_addresses(p + PROXY_V2_FIXED, octets.n - PROXY_V2_FIXED, 32, header);
    case TCP6:
        return read_addresses(p + PROXY_V2_FIXED, octets.n - PROXY_V2_FIXED, 128, header);
    default:
        return false;
    }
}

/* --- From the connection */

/* Exactly n octets more: what follows the header is for TLS, or for the command reader. */
static bool read_more(struct smtp_session *s, struct buffer *b, size_t n, int64_t deadline)
{
    char *place = buffer_room(b, n);
    size_t got = 0;

    while (got < n) {
        ssize_t octets = s->channel.channel.read(&s->channel.channel, place + got, n - got, deadline);

        if (octets <= 0)
            return false;
        got += (size_t)octets;
    }
    buffer_added(b, n);
    b->tainted = true;
    return true;
}

static bool read_line(struct smtp_session *s, struct buffer *b, int64_t deadline)
{
    while (b->n < PROXY_V1_LONGEST && b->s[b->n - 1] != '\n')
        if (!read_more(s, b, 1, deadline))
            return false;
    return true;
}

/* No header is shorter than the signature. */
static bool read_header(struct smtp_session *s, struct proxy_header *header)
{
    struct buffer b = BUFFER_IN(s->scratch);
    int64_t deadline = deadline_in(s->options->proxy_protocol_timeout);
    size_t rest;

    if (!read_more(s, &b, SIGNATURE, deadline))
        return false;
    if (memcmp(b.s, "PROXY ", 6) == 0)
        return read_line(s, &b, deadline) && proxy_parse_v1(buffer_str(&b), header);
    if (memcmp(b.s, signature, SIGNATURE) != 0 || !read_more(s, &b, PROXY_V2_FIXED - SIGNATURE, deadline))
        return false;
    rest = two_octets((const unsigned char *)b.s + PROXY_V2_FIXED - 2);
    return rest <= PROXY_V2_LONGEST && (rest == 0 || read_more(s, &b, rest, deadline)) &&
           proxy_parse_v2(buffer_str(&b), header);
}

static void use(struct smtp_session *s, const struct proxy_header *header)
{
    struct scope_connection *c = &s->connection;

    c->proxy_session = true;
    if (!header->known)
        return;
    c->proxy_local_address = c->host_address;
    c->proxy_local_port = c->host_port;
    c->proxy_external_address = str_taint(ip_format(s->arena, &header->destination));
    c->proxy_external_port = header->destination_port;
    c->host_address = ip_format(s->arena, &header->source);
    c->host_port = header->source_port;
}

void smtp_proxy(struct smtp_session *s)
{
    struct proxy_header header;

    if (s->peer->mode != SMTP_NETWORK || !smtp_host_in(s, s->options->hosts_proxy, "hosts_proxy"))
        return;
    if (read_header(s, &header)) {
        use(s, &header);
        return;
    }
    if (log_selected(LOG_SEL_connection_reject))
        log_write(LOG_MAIN, "Connection from [%.*s] dropped: no valid PROXY protocol header",
                  STR_ARG(s->connection.host_address));
    s->done = true;
    s->end = SMTP_END_REFUSED;
}
