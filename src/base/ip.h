/* IP addresses and networks: parsing, masking, comparing, and the forms Exim writes them in. */
#ifndef BASE_IP_H
#define BASE_IP_H

#include <stdbool.h>

#include "base/str.h"

struct ip {
    unsigned bits;            /* 32 (IPv4) or 128 (IPv6); 0: no address */
    unsigned char octets[16]; /* network order; IPv4 uses the first four */
};

/* Reads an address: dotted quad, or IPv6 with or without a zone (`%eth0`, which is dropped).
 * False: it is none; *ip is then unset. */
bool ip_parse(struct str text, struct ip *ip);

/* Reads an address with an optional `/length`. *length is the number of digits' value, or -1
 * when there is no slash; an empty number counts as 0, as in Exim. A length that is greater than
 * the address has bits is returned as it is: ip_in_net() and ip_mask() take it for the whole address. */
bool ip_parse_net(struct str text, struct ip *ip, int *length);

/* Keeps the first `length` bits, clears the others. */
void ip_mask(struct ip *ip, unsigned length);

/* Whether the first `length` bits agree; never for addresses of different families. */
bool ip_in_net(const struct ip *ip, const struct ip *net, unsigned length);
bool ip_equal(const struct ip *a, const struct ip *b);

/* An IPv4-mapped IPv6 address (::ffff:1.2.3.4) becomes the IPv4 address; others stay. */
void ip_unmap(struct ip *ip);

/* Address and port of a socket address; an IPv4-mapped one as IPv4. False: neither IPv4 nor IPv6. */
struct sockaddr_storage;
bool ip_of_socket(const struct sockaddr_storage *socket_address, struct ip *ip, int *port);

/* The address as text, untainted. Dotted quad for IPv4; for IPv6:
 * ip_format: lower case, the longest run of zeros as `::` (a run of one, too: as ${ipv6norm:});
 * ip_format_full: eight groups of four digits with `separator` between them. */
struct str ip_format(struct arena *arena, const struct ip *ip);
struct str ip_format_full(struct arena *arena, const struct ip *ip, char separator);

#endif
