/* Names of traffic classes: see smtp_connect.h. (A file of its own: netinet/ip.h has a struct ip, too.) */
#include <netinet/ip.h>
#include <stdlib.h>

#include "transports/smtp_connect.h"

bool smtp_tos_parse(struct str text, int *tos)
{
    static const struct {
        const char *name;
        int tos;
    } names[] = {
        {"af11", IPTOS_DSCP_AF11},    {"af12", IPTOS_DSCP_AF12},
        {"af13", IPTOS_DSCP_AF13},    {"af21", IPTOS_DSCP_AF21},
        {"af22", IPTOS_DSCP_AF22},    {"af23", IPTOS_DSCP_AF23},
        {"af31", IPTOS_DSCP_AF31},    {"af32", IPTOS_DSCP_AF32},
        {"af33", IPTOS_DSCP_AF33},    {"af41", IPTOS_DSCP_AF41},
        {"af42", IPTOS_DSCP_AF42},    {"af43", IPTOS_DSCP_AF43},
        {"ef", IPTOS_DSCP_EF},        {"lowcost", IPTOS_LOWCOST},
        {"lowdelay", IPTOS_LOWDELAY}, {"mincost", IPTOS_MINCOST},
        {"reliability", IPTOS_RELIABILITY}, {"throughput", IPTOS_THROUGHPUT},
    };
    char *end;
    long number;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_is_nocase(text, names[i].name)) {
            *tos = names[i].tos;
            return true;
        }
    if (text.n == 0 || text.n > 8)
        return false;
    number = strtol(text.s, &end, 0);
    if (*end != '\0' || number < 0 || number > 0x3f)
        return false;
    *tos = (int)number << 2; /* the upper six bits of the octet (RFC 2474) */
    return true;
}
