/* DSCP values: see dscp.h. */
#include "base/dscp.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/ascii.h"
#include "base/log.h"

/* The field is the upper six bits of what IP_TOS sets. */
enum { UNUSED_BITS = 2, DSCP_MAX = 0x3f };

/* The codes of RFC 2597 and RFC 3246, and the bits of RFC 1349 that stand in the same octet. */
static const struct {
    const char *name;
    int tos;
} names[] = {
    {"af11", IPTOS_DSCP_AF11}, {"af12", IPTOS_DSCP_AF12}, {"af13", IPTOS_DSCP_AF13},
    {"af21", IPTOS_DSCP_AF21}, {"af22", IPTOS_DSCP_AF22}, {"af23", IPTOS_DSCP_AF23},
    {"af31", IPTOS_DSCP_AF31}, {"af32", IPTOS_DSCP_AF32}, {"af33", IPTOS_DSCP_AF33},
    {"af41", IPTOS_DSCP_AF41}, {"af42", IPTOS_DSCP_AF42}, {"af43", IPTOS_DSCP_AF43},
    {"ef", IPTOS_DSCP_EF},     {"lowcost", IPTOS_LOWCOST}, {"lowdelay", IPTOS_LOWDELAY},
    {"mincost", IPTOS_MINCOST}, {"reliability", IPTOS_RELIABILITY}, {"throughput", IPTOS_THROUGHPUT},
};
enum { NAMES = sizeof names / sizeof *names };

const char *dscp_name(unsigned i)
{
    return i < NAMES ? names[i].name : NULL;
}

bool dscp_parse(struct str text, int *tos)
{
    char *end;
    long number;

    for (unsigned i = 0; i < NAMES; i++)
        if (str_is_nocase(text, names[i].name)) {
            *tos = names[i].tos;
            return true;
        }
    if (text.n == 0 || !ascii_is_digit(*text.s))
        return false;
    errno = 0;
    number = strtol(text.s, &end, 0);
    if (errno != 0 || end != text.s + text.n || number > DSCP_MAX)
        return false;
    *tos = (int)number << UNUSED_BITS;
    return true;
}

void dscp_set(int fd, int tos)
{
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    socklen_t length = sizeof address;
    int failed = 0;

    if (getsockname(fd, (struct sockaddr *)&address, &length) < 0)
        return;
    if (address.ss_family == AF_INET)
        failed = setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof tos);
    else if (address.ss_family == AF_INET6)
        failed = setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof tos);
    if (failed < 0)
        debug(DEBUG_transport, "cannot set the DSCP value: %m");
}
