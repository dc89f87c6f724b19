/* A scripted SMTP server: see smtp_server.h. */
#include "smtp_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "testing.h"

enum { LINES = 64, LONGEST = 20000, SECONDS_AT_MOST = 20 };

struct rule {
    const char *prefix, *reply;
    size_t prefix_n, reply_n;
    bool always, used;
};

struct talk {
    struct rule rules[LINES];
    size_t n;
    FILE *in;
    int out, transcript;
    bool data, lmtp;
    unsigned rcpts;
};

static void read_script(struct talk *t, const char *script)
{
    for (const char *p = script; *p && t->n < LINES;) {
        const char *end = strchrnul(p, '\n'), *bar = memchr(p, '|', (size_t)(end - p));

        if (bar) {
            struct rule *rule = &t->rules[t->n++];

            rule->always = bar > p && bar[-1] == '*' && bar - p > 1;
            *rule = (struct rule){p, bar + 1, (size_t)(bar - p) - rule->always, (size_t)(end - bar - 1), rule->always, false};
        }
        p = *end ? end + 1 : end;
    }
}

static void put(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t put_n = send(fd, p, n, MSG_NOSIGNAL);

        if (put_n < 0)
            put_n = write(fd, p, n);
        if (put_n <= 0)
            return;
        p += put_n;
        n -= (size_t)put_n;
    }
}

/* The reply with its \n. False: the connection is to end. */
static bool say(struct talk *t, const char *reply, size_t n)
{
    bool ended = false;

    if (n == 5 && memcmp(reply, "CLOSE", 5) == 0)
        return false;
    if (n == 7 && memcmp(reply, "SILENCE", 7) == 0)
        return true;
    for (size_t i = 0; i < n; i++) {
        ended = reply[i] == '\\' && i + 1 < n && reply[i + 1] == 'n';
        if (ended)
            put(t->out, "\r\n", 2);
        else
            put(t->out, reply + i, 1);
        i += ended;
    }
    if (!ended)
        put(t->out, "\r\n", 2);
    return true;
}

static const char *usual(struct talk *t, const char *line)
{
    if (strncasecmp(line, "EHLO", 4) == 0)
        return "250-fake.test Hello\\n250-SIZE 100000\\n250 PIPELINING";
    if (strncasecmp(line, "QUIT", 4) == 0)
        return "221 bye";
    if (strncasecmp(line, "DATA", 4) == 0)
        return "354 go on";
    if (strncasecmp(line, "AUTH", 4) == 0)
        return "235 ok";
    (void)t;
    return "250 ok";
}

static bool answer(struct talk *t, const char *line)
{
    for (size_t i = 0; i < t->n; i++) {
        struct rule *rule = &t->rules[i];

        if (rule->used || strncmp(line, rule->prefix, rule->prefix_n) != 0)
            continue;
        rule->used = !rule->always;
        t->data = strncmp(line, "DATA", 4) == 0 && rule->reply[0] == '3';
        return say(t, rule->reply, rule->reply_n);
    }
    const char *reply = strcmp(line, "BANNER") == 0 ? "220 fake.test ESMTP" : usual(t, line);

    t->data = strncmp(line, "DATA", 4) == 0;
    return say(t, reply, strlen(reply));
}

/* Octets of a BDAT command. */
static void take_chunk(struct talk *t, long n)
{
    for (int c; n > 0 && (c = getc(t->in)) != EOF; n--)
        if (c != '\r')
            put(t->transcript, &(char){(char)c}, 1);
}

static void talk(struct talk *t)
{
    char line[LONGEST];

    t->data = false;
    if (!answer(t, "BANNER"))
        return;
    while (fgets(line, sizeof line, t->in)) {
        size_t n = strcspn(line, "\r\n");

        line[n] = '\0';
        put(t->transcript, line, n);
        put(t->transcript, "\n", 1);
        if (strncmp(line, "BDAT ", 5) == 0)
            take_chunk(t, strtol(line + 5, NULL, 10));
        if (t->data && strcmp(line, ".") != 0)
            continue;
        if (!answer(t, line) || strcmp(line, "QUIT") == 0)
            return;
    }
}

/* The next client, whether it has gone again or not; -1: there is none left, and the test has finished. */
static int next_client(int listener, int finished)
{
    struct pollfd wanted[] = {{listener, POLLIN, 0}, {finished, POLLIN, 0}};

    poll(wanted, 2, -1);
    return wanted[0].revents ? accept(listener, NULL, NULL) : -1;
}

static _Noreturn void serve(int listener, int finished, int transcript, const char *script)
{
    struct talk t = {.transcript = transcript};
    int fd;

    alarm(SECONDS_AT_MOST);
    signal(SIGPIPE, SIG_IGN);
    read_script(&t, script);
    while ((fd = next_client(listener, finished)) >= 0) {
        t.in = fdopen(fd, "r");
        t.out = fd;
        talk(&t);
        fclose(t.in);
        put(transcript, "--\n", 3);
    }
    _exit(0);
}

void smtp_server_start(struct smtp_server *server, const char *script)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof address;
    int finished[2];

    server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    server->transcript = memfd_create("transcript", MFD_CLOEXEC);
    assert_int_equal(bind(server->fd, (struct sockaddr *)&address, n), 0);
    assert_int_equal(listen(server->fd, 5), 0);
    assert_int_equal(getsockname(server->fd, (struct sockaddr *)&address, &n), 0);
    server->port = ntohs(address.sin_port);
    assert_int_equal(pipe2(finished, O_CLOEXEC), 0);
    server->pid = fork();
    if (server->pid == 0) {
        close(finished[1]);
        serve(server->fd, finished[0], server->transcript, script);
    }
    close(finished[0]);
    server->finished = finished[1];
    assert_true(server->pid > 0);
}

struct str smtp_server_stop(struct smtp_server *server, struct arena *arena)
{
    struct buffer b = BUFFER_IN(arena);
    char block[4096];
    ssize_t n;

    close(server->finished);
    close(server->fd);
    waitpid(server->pid, NULL, 0);
    lseek(server->transcript, 0, SEEK_SET);
    while ((n = read(server->transcript, block, sizeof block)) > 0)
        buffer_add_n(&b, block, (size_t)n);
    close(server->transcript);
    return buffer_str(&b);
}
