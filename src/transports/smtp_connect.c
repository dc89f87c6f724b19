/* TCP connections: see smtp_connect.h. */
#include "transports/smtp_connect.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/ip.h"
#include "base/strlist.h"

static socklen_t make_address(const struct ip *ip, int port, struct sockaddr_storage *address)
{
    memset(address, 0, sizeof *address);
    if (ip->bits == 32) {
        struct sockaddr_in *in = (struct sockaddr_in *)address;

        in->sin_family = AF_INET;
        in->sin_port = htons((uint16_t)port);
        memcpy(&in->sin_addr, ip->octets, 4);
        return sizeof *in;
    }
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)address;

    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons((uint16_t)port);
    memcpy(&in6->sin6_addr, ip->octets, 16);
    return sizeof *in6;
}

/* Binds to the first address of the list that is of the family. False: *why, or errno. */
static bool bind_interface(int fd, struct arena *arena, struct str list, unsigned bits, struct str *why)
{
    struct sockaddr_storage address;
    struct strlist it;
    struct str item;

    strlist_begin(&it, list, ':');
    while (strlist_next(&it, arena, &item)) {
        struct ip ip;

        if (!ip_parse(item, &ip)) {
            *why = str_printf(arena, "\"%.*s\" is not a valid IP address for the \"interface\" option",
                              STR_ARG(item));
            return false;
        }
        if (ip.bits == bits)
            return bind(fd, (struct sockaddr *)&address, make_address(&ip, 0, &address)) == 0;
    }
    return true;
}

/* Waits for a connection that is being made. Returns 0 or an errno. */
static int wait_connected(int fd, int64_t deadline)
{
    struct pollfd pollfd = {.fd = fd, .events = POLLOUT};
    socklen_t n = sizeof(int);
    int error = 0;

    for (;;) {
        int left = deadline_left_ms(deadline);
        int ready = poll(&pollfd, 1, left);

        if (ready > 0)
            break;
        if (ready == 0 && left < INT_MAX)
            return ETIMEDOUT;
        if (ready < 0 && errno != EINTR)
            return errno;
    }
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) != 0)
        return errno;
    return error == ECONNRESET ? 0 : error; /* there was a connection: whoever reads finds its end */
}

/* What is asked of the socket for its own sake: none of it is worth failing for. */
static void set_options(int fd, const struct client_connect_request *request, unsigned bits)
{
    int on = 1;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (request->keepalive)
        setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    if (request->tos < 0)
        return;
    if (bits == 32)
        setsockopt(fd, IPPROTO_IP, IP_TOS, &request->tos, sizeof request->tos);
    else
        setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &request->tos, sizeof request->tos);
}

/* Begins to connect: 0, or an errno. With a cookie of the server from earlier connections it may answer to the
 * first packet; no data are sent with that, since in SMTP it is the server that speaks first. */
static int begin_connect(int fd, const struct sockaddr_storage *address, socklen_t n, bool fast_open)
{
    const struct sockaddr *to = (const struct sockaddr *)address;

    if (fast_open && (sendto(fd, "", 0, MSG_FASTOPEN | MSG_NOSIGNAL, to, n) == 0 || errno == EINPROGRESS))
        return EINPROGRESS;
    return connect(fd, to, n) == 0 ? 0 : errno;
}

int client_connect(struct arena *arena, const struct client_connect_request *request, int *error, struct str *why)
{
    struct sockaddr_storage address;
    struct ip ip;
    socklen_t n;
    int fd;

    *why = STR_NULL;
    *error = EINVAL;
    if (!ip_parse(request->address, &ip))
        return -1;
    n = make_address(&ip, request->port, &address);
    fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        *error = errno;
        return -1;
    }
    set_options(fd, request, ip.bits);
    *error = 0;
    if (!bind_interface(fd, arena, request->interface, ip.bits, why))
        *error = errno;
    else if ((*error = begin_connect(fd, &address, n, request->fast_open)) == EINPROGRESS)
        *error = wait_connected(fd, deadline_in(request->timeout));
    if (*error == 0 && str_is_null(*why))
        return fd;
    close(fd);
    return -1;
}

void client_local_address(int fd, struct arena *arena, struct str *address, int *port)
{
    struct sockaddr_storage local;
    socklen_t n = sizeof local;
    struct ip ip;

    *address = STR_NULL;
    *port = 0;
    if (getsockname(fd, (struct sockaddr *)&local, &n) == 0 && ip_of_socket(&local, &ip, port))
        *address = ip_format(arena, &ip);
}
