/* The udpsend modifier (manual, 44.21): a datagram to whoever keeps statistics. */
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "acl/kinds.h"
#include "base/log.h"
#include "base/strlist.h"

enum { PORT_MAX = 65535 };

struct packet {
    struct str host, port;
    struct str contents; /* what is left of the list, as it stands */
};

static enum acl_check read_packet(struct acl_run *run, struct str value, struct packet *packet)
{
    struct arena *arena = run->context->arena;
    struct strlist it;
    char *end;
    long port;

    strlist_begin(&it, value, ':');
    if (!strlist_next(&it, arena, &packet->host))
        return acl_say(run, CHECK_ERROR, "missing destination host in \"udpsend\" modifier");
    if (!strlist_next(&it, arena, &packet->port))
        return acl_say(run, CHECK_ERROR, "missing destination port in \"udpsend\" modifier");
    port = strtol(packet->port.s, &end, 10);
    if (packet->port.n == 0 || end != packet->port.s + packet->port.n || port < 0 || port > PORT_MAX)
        return acl_say(run, CHECK_ERROR, "bad destination port in \"udpsend\" modifier");
    packet->contents = (struct str){it.p, (size_t)(it.end - it.p), it.tainted};
    return CHECK_TRUE;
}

/* The addresses of the host. NULL: none were found. */
static struct addrinfo *find_addresses(const struct packet *packet)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found = NULL;

    if (memchr(packet->host.s, '\0', packet->host.n) ||
        getaddrinfo(packet->host.s, packet->port.s, &hints, &found) != 0)
        return NULL;
    return found;
}

static void trace(const struct packet *packet, const struct addrinfo *address)
{
    char text[NI_MAXHOST];

    if (debug_on(DEBUG_acl) && getnameinfo(address->ai_addr, address->ai_addrlen, text, sizeof text, NULL, 0,
                                           NI_NUMERICHOST) == 0)
        debug(DEBUG_acl, "udpsend [%s]:%.*s %.*s", text, STR_ARG(packet->port), STR_ARG(packet->contents));
}

/* A socket that is connected to the first address that there is a way to. -1: errno. */
static int connect_to(const struct packet *packet, const struct addrinfo *addresses)
{
    int error = EADDRNOTAVAIL;

    for (const struct addrinfo *a = addresses; a != NULL; a = a->ai_next) {
        int fd = socket(a->ai_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        trace(packet, a);
        if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) == 0)
            return fd;
        error = errno;
        if (fd >= 0)
            close(fd);
    }
    errno = error;
    return -1;
}

static enum acl_check send_packet(struct acl_run *run, const struct packet *packet,
                                  const struct addrinfo *addresses)
{
    int fd = connect_to(packet, addresses);
    ssize_t sent;
    int error;

    if (fd < 0)
        return acl_say(run, CHECK_DEFER,
                       "\"udpsend\" failed: failed to connect to any address for %.*s: %s",
                       STR_ARG(packet->host), strerror(errno));
    sent = send(fd, packet->contents.s, packet->contents.n, MSG_NOSIGNAL);
    error = errno;
    close(fd);
    if (sent != (ssize_t)packet->contents.n)
        return acl_say(run, CHECK_DEFER, "\"udpsend\" failed: %s", strerror(error));
    debug(DEBUG_acl, "udpsend %zu bytes", packet->contents.n);
    return CHECK_TRUE;
}

enum acl_check acl_do_udpsend(struct acl_run *run, const struct acl_item *item, struct str value)
{
    struct packet packet;
    enum acl_check status = read_packet(run, value, &packet);
    struct addrinfo *addresses;

    (void)item;
    if (status != CHECK_TRUE)
        return status;
    if (run->context->scope->forbid & SCOPE_FORBID_READSOCKET)
        return acl_say(run, CHECK_ERROR, "\"udpsend\" is not permitted here");
    addresses = find_addresses(&packet);
    if (addresses == NULL) {
        match_report_no_address(run->context->scope, packet.host);
        return acl_say(run, CHECK_DEFER, "DNS lookup failed in \"udpsend\" modifier");
    }
    status = send_packet(run, &packet, addresses);
    freeaddrinfo(addresses);
    return status;
}
