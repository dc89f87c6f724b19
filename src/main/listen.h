/* The sockets that the daemon listens on (manual, chapter 13): local_interfaces, daemon_smtp_ports, -oX. */
#ifndef MAIN_LISTEN_H
#define MAIN_LISTEN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/ip.h"
#include "base/str.h"

struct listener {
    struct ip ip;   /* all zero octets: every address of the family */
    int port;
    int fd;         /* -1 until listen_open() */
    bool tls;       /* TLS begins as soon as a client has connected */
};

struct listeners {
    struct listener *v;
    size_t n;
};

struct listen_request {
    struct str interfaces; /* local_interfaces */
    struct str ports;      /* daemon_smtp_ports */
    struct str override;   /* -oX, or STR_NULL: addresses where it has a dot or colon besides separators, else ports */
    bool disable_ipv6;
    struct str tls_on_connect_ports; /* the option */
    bool tls_on_connect;   /* -tls-on-connect: all of them */
};

/* Is the port one of tls_on_connect_ports? An item that is no port is none. */
bool listen_port_has_tls(struct arena *arena, struct str ports, int port);

/* Works out what to listen on. False: err holds Exim's text (an unknown port, a bad address). */
bool listen_plan(struct arena *arena, const struct listen_request *request, struct listeners *plan,
                 struct error *err);

/* Opens one socket, non-blocking and close-on-exec, listening with the given backlog. False: err says
 * what failed; *transient: the address may become available later. An IPv6 wildcard socket takes IPv6 only. */
bool listen_open(struct listener *listener, int backlog, bool *transient, struct error *err);

/* "for SMTP on [127.0.0.1]:2525 [::1]:{25,587} port 25 (IPv6 and IPv4) and for SMTPS on [127.0.0.1]:465": as the
 * daemon logs it. */
struct str listen_describe(struct arena *arena, const struct listeners *listeners);

#endif
