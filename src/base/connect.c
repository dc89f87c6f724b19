/* Connections: see connect.h. */
#include "base/connect.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"

/* Connects without waiting beyond the deadline. -1: errno says why. */
static int connect_until(int family, const struct sockaddr *address, socklen_t length, int64_t deadline)
{
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), why;
    struct pollfd wanted = {fd, POLLOUT, 0};
    socklen_t size = sizeof why;

    if (fd < 0 || connect(fd, address, length) == 0)
        return fd;
    why = errno;
    if (why == EINPROGRESS && poll(&wanted, 1, deadline_left_ms(deadline)) == 1)
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &size);
    else if (why == EINPROGRESS)
        why = ETIMEDOUT;
    if (why == 0)
        return fd;
    close(fd);
    errno = why;
    return -1;
}

int connect_unix(struct str path, int64_t deadline)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (path.n >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address.sun_path, path.s, path.n);
    return connect_until(AF_UNIX, (const struct sockaddr *)&address, sizeof address, deadline);
}

int connect_inet(struct arena *arena, struct str name, int64_t deadline, struct error *err)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *found;
    ptrdiff_t colon = str_rfind(name, ':');
    struct str host = str_sub(arena, name, 0, colon < 0 ? 0 : (size_t)colon);
    int result, fd = -1, why;

    if (colon < 0 || (size_t)colon + 1 == name.n) {
        error_set(err, "missing port number in \"inet:%.*s\"", STR_ARG(name));
        return -1;
    }
    if (host.n > 1 && host.s[0] == '[' && host.s[host.n - 1] == ']')
        host = str_sub(arena, host, 1, host.n - 2);
    result = getaddrinfo(host.s, name.s + colon + 1, &hints, &found);
    if (result != 0) {
        error_set(err, "failed to find address of host %.*s: %s", STR_ARG(host), gai_strerror(result));
        return -1;
    }
    for (const struct addrinfo *a = found; a && fd < 0; a = a->ai_next)
        fd = connect_until(a->ai_family, a->ai_addr, a->ai_addrlen, deadline);
    why = errno;
    freeaddrinfo(found);
    if (fd < 0)
        error_set(err, "failed to connect to any address for %.*s: %s", STR_ARG(host), strerror(why));
    return fd;
}
