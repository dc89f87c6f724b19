/* IP addresses: see ip.h. Reading is inet_pton(3)'s, so leading zeros and short forms are refused. */
#include "base/ip.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/arena.h"

enum {
    V4_BITS = 32,
    V6_BITS = 128,
    V6_GROUPS = 8,
    TEXT_MAX = 64, /* more than the longest address with a zone that is worth reading */
    LENGTH_MAX = 9999,
};

bool ip_parse(struct str text, struct ip *ip)
{
    char copy[TEXT_MAX];

    *ip = (struct ip){0};
    ptrdiff_t zone = str_find(text, '%');
    size_t n = zone >= 0 ? (size_t)zone : text.n;
    if (n == 0 || n >= sizeof copy || memchr(text.s, '\0', n) != NULL)
        return false;
    memcpy(copy, text.s, n);
    copy[n] = '\0';
    if (strchr(copy, ':') != NULL) {
        if (inet_pton(AF_INET6, copy, ip->octets) == 1)
            ip->bits = V6_BITS;
    } else if (zone < 0 && inet_pton(AF_INET, copy, ip->octets) == 1) {
        ip->bits = V4_BITS;
    }
    return ip->bits != 0;
}

bool ip_parse_net(struct str text, struct ip *ip, int *length)
{
    ptrdiff_t slash = str_find(text, '/');

    *length = -1;
    if (slash < 0)
        return ip_parse(text, ip);
    *length = 0;
    for (size_t i = (size_t)slash + 1; i < text.n; i++) {
        if (text.s[i] < '0' || text.s[i] > '9') {
            *ip = (struct ip){0};
            return false;
        }
        if (*length <= LENGTH_MAX)
            *length = *length * 10 + (text.s[i] - '0');
    }
    return ip_parse((struct str){text.s, (size_t)slash, text.tainted}, ip);
}

void ip_mask(struct ip *ip, unsigned length)
{
    for (unsigned bit = length; bit < ip->bits; bit++)
        ip->octets[bit / 8] &= (unsigned char)~(0x80U >> (bit % 8));
}

bool ip_in_net(const struct ip *ip, const struct ip *net, unsigned length)
{
    if (ip->bits != net->bits || ip->bits == 0)
        return false;
    if (length > ip->bits)
        length = ip->bits;
    unsigned whole = length / 8, rest = length % 8;
    if (memcmp(ip->octets, net->octets, whole) != 0)
        return false;
    return rest == 0 || (ip->octets[whole] ^ net->octets[whole]) >> (8 - rest) == 0;
}

bool ip_equal(const struct ip *a, const struct ip *b)
{
    return ip_in_net(a, b, a->bits);
}

void ip_unmap(struct ip *ip)
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};

    if (ip->bits != V6_BITS || memcmp(ip->octets, mapped, sizeof mapped) != 0)
        return;
    struct ip v4 = {.bits = V4_BITS};
    memcpy(v4.octets, ip->octets + sizeof mapped, 4);
    *ip = v4;
}

static struct str format_v4(struct arena *arena, const struct ip *ip)
{
    return str_printf(arena, "%u.%u.%u.%u", ip->octets[0], ip->octets[1], ip->octets[2], ip->octets[3]);
}

static unsigned group(const struct ip *ip, unsigned i)
{
    return (unsigned)ip->octets[2 * i] << 8 | ip->octets[2 * i + 1];
}

/* The longest run of zero groups, the first of equal ones; its length is 0 when there is none. */
static unsigned longest_zeros(const struct ip *ip, unsigned *at)
{
    unsigned best = 0;

    for (unsigned i = 0; i < V6_GROUPS; i++) {
        unsigned n = 0;
        while (i + n < V6_GROUPS && group(ip, i + n) == 0)
            n++;
        if (n > best) {
            best = n;
            *at = i;
        }
        i += n;
    }
    return best;
}

struct str ip_format(struct arena *arena, const struct ip *ip)
{
    char text[V6_GROUPS * 5 + 2];
    size_t n = 0;
    unsigned zeros_at = 0;

    if (ip->bits != V6_BITS)
        return format_v4(arena, ip);
    unsigned zeros = longest_zeros(ip, &zeros_at);
    for (unsigned i = 0; i < V6_GROUPS; i++) {
        if (zeros > 0 && i == zeros_at) {
            n += (size_t)snprintf(text + n, sizeof text - n, "::");
            i += zeros - 1;
        } else {
            const char *colon = n == 0 || text[n - 1] == ':' ? "" : ":";
            n += (size_t)snprintf(text + n, sizeof text - n, "%s%x", colon, group(ip, i));
        }
    }
    return str_copy_n(arena, text, n, false);
}

struct str ip_format_full(struct arena *arena, const struct ip *ip, char separator)
{
    char text[V6_GROUPS * 5 + 1];
    size_t n = 0;

    if (ip->bits != V6_BITS)
        return format_v4(arena, ip);
    for (unsigned i = 0; i < V6_GROUPS; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%04x%c", group(ip, i), separator);
    return str_copy_n(arena, text, n - 1, false);
}

bool ip_of_socket(const struct sockaddr_storage *socket_address, struct ip *ip, int *port)
{
    *ip = (struct ip){.bits = 0};
    if (socket_address->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)socket_address;

        ip->bits = 32;
        memcpy(ip->octets, &in->sin_addr, 4);
        *port = ntohs(in->sin_port);
        return true;
    }
    if (socket_address->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)socket_address;

        ip->bits = 128;
        memcpy(ip->octets, &in6->sin6_addr, 16);
        *port = ntohs(in6->sin6_port);
        ip_unmap(ip);
        return true;
    }
    return false;
}
