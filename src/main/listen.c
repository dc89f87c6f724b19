/* The sockets that the daemon listens on (manual, chapter 13). */
#include "main/listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/strlist.h"

static bool all_digits(struct str text)
{
    for (size_t i = 0; i < text.n; i++)
        if (text.s[i] < '0' || text.s[i] > '9')
            return false;
    return text.n > 0;
}

/* A port by number or by its name in the services database. */
static bool parse_port(struct str text, int *port, struct error *err)
{
    if (all_digits(text)) {
        long value = text.n < 9 ? strtol(text.s, NULL, 10) : 65536;

        if (value > 65535)
            return error_set(err, "TCP port \"%.*s\" is out of range", STR_ARG(text));
        *port = (int)value;
        return true;
    } else {
        struct servent result, *found = NULL;
        char scratch[1024];

        if (getservbyname_r(text.s, "tcp", &result, scratch, sizeof scratch, &found) != 0 || !found)
            return error_set(err, "TCP port \"%.*s\" not found", STR_ARG(text));
        *port = ntohs((uint16_t)found->s_port);
        return true;
    }
}

/* Splits address and port: "[address]:port", "address.port" for IPv4, or an address alone. */
static bool parse_interface(struct arena *arena, struct str item, struct ip *ip, int *port, struct error *err)
{
    struct str address = item, digits = STR_NULL;
    ptrdiff_t close = str_rfind(item, ']'), dot = str_rfind(item, '.');

    if (str_starts(item, "[") && close > 0) {
        address = str_sub(arena, item, 1, (size_t)close - 1);
        if ((size_t)close + 1 < item.n && item.s[close + 1] == ':')
            digits = str_sub(arena, item, (size_t)close + 2, item.n);
        else if ((size_t)close + 1 < item.n)
            return error_set(err, "invalid IP address or port \"%.*s\" in interface list", STR_ARG(item));
    } else if (!ip_parse(item, ip) && dot > 0) {
        address = str_sub(arena, item, 0, (size_t)dot);
        digits = str_sub(arena, item, (size_t)dot + 1, item.n);
    }
    *port = 0;
    if (!ip_parse(address, ip))
        return error_set(err, "invalid IP address \"%.*s\" in interface list", STR_ARG(item));
    return str_is_null(digits) || parse_port(digits, port, err);
}

bool listen_port_has_tls(struct arena *arena, struct str ports, int port)
{
    struct strlist it;
    struct str item;
    int one = 0;

    strlist_begin(&it, ports, ':');
    while (strlist_next(&it, arena, &item))
        if (parse_port(item, &one, NULL) && one == port)
            return true;
    return false;
}

static void add(struct arena *arena, struct listeners *plan, const struct ip *ip, int port)
{
    for (size_t i = 0; i < plan->n; i++)
        if (ip_equal(&plan->v[i].ip, ip) && plan->v[i].port == port)
            return;
    plan->v = arena_grow(arena, plan->v, plan->n * sizeof *plan->v, (plan->n + 1) * sizeof *plan->v);
    plan->v[plan->n++] = (struct listener){.ip = *ip, .port = port, .fd = -1};
}

/* -oX is a list of ports when no item looks like an address. */
static bool is_port_list(struct arena *arena, struct str list)
{
    struct strlist it;
    struct str item;

    strlist_begin(&it, list, ':');
    while (strlist_next(&it, arena, &item))
        if (str_find(item, '.') >= 0 || str_find(item, ':') >= 0)
            return false;
    return true;
}

/* One interface gets its own port, or every port of the list. */
static bool add_interface(struct arena *arena, struct str item, struct str ports, struct listeners *plan,
                          struct error *err)
{
    struct strlist it;
    struct str port_text;
    struct ip ip;
    int port = 0;

    if (!parse_interface(arena, item, &ip, &port, err))
        return false;
    if (port > 0) {
        add(arena, plan, &ip, port);
        return true;
    }
    strlist_begin(&it, ports, ':');
    while (strlist_next(&it, arena, &port_text)) {
        if (!parse_port(port_text, &port, err))
            return false;
        add(arena, plan, &ip, port);
    }
    return true;
}

bool listen_plan(struct arena *arena, const struct listen_request *request, struct listeners *plan, struct error *err)
{
    struct str interfaces = request->interfaces, ports = request->ports, item;
    struct strlist it;

    *plan = (struct listeners){NULL, 0};
    if (!str_is_empty(request->override)) {
        if (is_port_list(arena, request->override))
            ports = request->override;
        else
            interfaces = request->override;
    }
    strlist_begin(&it, interfaces, ':');
    while (strlist_next(&it, arena, &item)) {
        if (request->disable_ipv6 && str_find(item, ':') >= 0 && !str_starts(item, "["))
            continue;
        if (!add_interface(arena, item, ports, plan, err))
            return false;
    }
    for (size_t i = 0; i < plan->n; i++)
        plan->v[i].tls = request->tls_on_connect ||
                         listen_port_has_tls(arena, request->tls_on_connect_ports, plan->v[i].port);
    return plan->n > 0 || error_set(err, "no IP addresses found to listen on");
}

static socklen_t socket_address(const struct listener *listener, struct sockaddr_storage *storage)
{
    memset(storage, 0, sizeof *storage);
    if (listener->ip.bits == 32) {
        struct sockaddr_in *in = (struct sockaddr_in *)storage;

        in->sin_family = AF_INET;
        in->sin_port = htons((uint16_t)listener->port);
        memcpy(&in->sin_addr, listener->ip.octets, 4);
        return sizeof *in;
    } else {
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)storage;

        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons((uint16_t)listener->port);
        memcpy(&in6->sin6_addr, listener->ip.octets, 16);
        return sizeof *in6;
    }
}

bool listen_open(struct listener *listener, int backlog, bool *transient, struct error *err)
{
    struct sockaddr_storage storage;
    socklen_t length = socket_address(listener, &storage);
    int family = storage.ss_family, on = 1;
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    char text[64];
    struct arena *arena = err->arena;

    snprintf(text, sizeof text, "%.*s", STR_ARG(ip_format(arena, &listener->ip)));
    *transient = false;
    if (fd < 0) {
        *transient = errno == EAFNOSUPPORT;
        return error_set(err, "IPv%c socket creation failed: %s", family == AF_INET ? '4' : '6', strerror(errno));
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&storage, length) < 0 || listen(fd, backlog) < 0) {
        int error = errno;

        close(fd);
        *transient = error == EADDRINUSE || error == EADDRNOTAVAIL;
        return error_set(err, "socket bind() to port %d for address %s failed: %s", listener->port, text,
                         strerror(error));
    }
    listener->fd = fd;
    return true;
}

static bool is_wildcard(const struct ip *ip)
{
    static const struct ip zero;

    return memcmp(ip->octets, zero.octets, ip->bits / 8) == 0;
}

/* Whether an earlier listener, with TLS as this one or without, has the same address or is a wildcard of the same
 * port. */
static bool described_before(const struct listeners *l, size_t i)
{
    for (size_t j = 0; j < i; j++) {
        bool both_wild = is_wildcard(&l->v[i].ip) && is_wildcard(&l->v[j].ip);

        if (l->v[i].tls != l->v[j].tls)
            continue;
        if (both_wild ? l->v[i].port == l->v[j].port
                      : !is_wildcard(&l->v[i].ip) && ip_equal(&l->v[i].ip, &l->v[j].ip))
            return true;
    }
    return false;
}

static void describe_wildcard(struct buffer *out, const struct listeners *l, size_t i)
{
    bool four = false, six = false;

    for (size_t j = 0; j < l->n; j++)
        if (is_wildcard(&l->v[j].ip) && l->v[j].port == l->v[i].port) {
            four = four || l->v[j].ip.bits == 32;
            six = six || l->v[j].ip.bits == 128;
        }
    buffer_printf(out, "port %d (%s)", l->v[i].port, four && six ? "IPv6 and IPv4" : six ? "IPv6" : "IPv4");
}

static bool same_address(const struct listener *a, const struct listener *b)
{
    return a->tls == b->tls && ip_equal(&a->ip, &b->ip);
}

static void describe_address(struct arena *arena, struct buffer *out, const struct listeners *l, size_t i)
{
    size_t ports = 0;

    for (size_t j = i; j < l->n; j++)
        ports += same_address(&l->v[j], &l->v[i]);
    buffer_printf(out, "[%.*s]:%s", STR_ARG(ip_format(arena, &l->v[i].ip)), ports > 1 ? "{" : "");
    for (size_t j = i; j < l->n; j++)
        if (same_address(&l->v[j], &l->v[i]))
            buffer_printf(out, "%s%d", j == i ? "" : ",", l->v[j].port);
    if (ports > 1)
        buffer_add_char(out, '}');
}

/* The listeners with TLS, or those without. */
static void describe_kind(struct arena *arena, struct buffer *out, const struct listeners *listeners, bool tls)
{
    bool first = true;

    for (size_t i = 0; i < listeners->n; i++) {
        if (listeners->v[i].tls != tls || described_before(listeners, i))
            continue;
        if (!first)
            buffer_add_char(out, ' ');
        else if (tls)
            buffer_add_cstr(out, out->n > 0 ? " and for SMTPS on " : "for SMTPS on ");
        else
            buffer_add_cstr(out, "for SMTP on ");
        first = false;
        if (is_wildcard(&listeners->v[i].ip))
            describe_wildcard(out, listeners, i);
        else
            describe_address(arena, out, listeners, i);
    }
}

struct str listen_describe(struct arena *arena, const struct listeners *listeners)
{
    struct buffer out = BUFFER_IN(arena);

    describe_kind(arena, &out, listeners, false);
    describe_kind(arena, &out, listeners, true);
    return buffer_str(&out);
}
