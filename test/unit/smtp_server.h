/* A scripted SMTP server in a process of its own, for tests of clients. */
#ifndef UNIT_SMTP_SERVER_H
#define UNIT_SMTP_SERVER_H

#include <sys/types.h>

#include "base/str.h"

/* The script is lines: "PREFIX|reply" answers the next line that begins with PREFIX; each is used once, in their
 * order, unless "PREFIX*|reply" says that it is for all of them. In a reply \n stands for CR LF; what ends in one
 * is sent as it is, else CR LF is added. The replies "CLOSE" and "SILENCE" end the connection, and say nothing.
 * "BANNER" and "." are prefixes, too. What no line answers gets what a server that has nothing special would say. */
struct smtp_server {
    pid_t pid;
    int fd, finished;         /* that it listens at */
    int port;
    int transcript; /* a file */
};

void smtp_server_start(struct smtp_server *server, const char *script);

/* Waits until its connections are closed. Returns what it was sent, with LF for CR LF; "--" ends a connection. */
struct str smtp_server_stop(struct smtp_server *server, struct arena *arena);

#endif
