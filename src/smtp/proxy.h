/* The PROXY protocol (HAProxy's, versions 1 and 2; manual, 59.1): a load balancer in front says who the client is.
 * Private to src/smtp. */
#ifndef SMTP_PROXY_H
#define SMTP_PROXY_H

#include "base/ip.h"
#include "smtp/state.h"

enum {
    PROXY_V1_LONGEST = 107, /* octets of a line with its CR LF */
    PROXY_V2_FIXED = 16,    /* octets in front of the addresses */
    PROXY_V2_LONGEST = 4096 /* octets of addresses and extensions */
};

/* What a header says. */
struct proxy_header {
    bool known;            /* the addresses count; else the connection is the proxy's own, or it does not know */
    struct ip source, destination;
    int source_port, destination_port;
};

/* Reads a header of version 1, a line with its CR LF; or of version 2, whole. False: it is malformed. */
bool proxy_parse_v1(struct str line, struct proxy_header *header);
bool proxy_parse_v2(struct str octets, struct proxy_header *header);

/* For a host in hosts_proxy: reads the header, before anything else is said, and puts the client in its place. What is
 * malformed, or late, ends the session: nothing of it counts. */
void smtp_proxy(struct smtp_session *s);

#endif
