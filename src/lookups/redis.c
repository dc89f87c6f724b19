/* redis (manual, 9.22 and 9.27): a command to one of a list of Redis servers, by the hiredis library. The
 * servers are tried in order until one has answered; one that refers to another of its cluster has not. */
#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/log.h"
#include "base/strlist.h"
#include "lookups/servers.h"
#include "lookups/types.h"

enum {
    DEFAULT_PORT = 6379,
    CONNECT_TIMEOUT = 5, /* seconds */
    REPLY_TIMEOUT = 5,   /* seconds */
    WORDS_MAX = 1024,
    DEPTH_MAX = 8, /* of arrays in arrays */
};

/* The handle: what connections are open. */
struct connection {
    struct connection *next;
    struct str server; /* as the list gives it */
    redisContext *redis;
};

struct redis {
    struct arena *arena;
    struct connection *connections;
};

/* --- Connections */

static void *redis_open(struct str file, struct error *err)
{
    struct arena *arena = arena_new(ARENA_SECRET);
    struct redis *handle = ARENA_NEW(arena, struct redis);

    (void)file, (void)err;
    *handle = (struct redis){.arena = arena};
    return handle;
}

static void redis_close(void *handle)
{
    struct redis *redis = handle;

    for (struct connection *c = redis->connections; c; c = c->next)
        if (c->redis)
            redisFree(c->redis);
    arena_free(redis->arena);
}

/* What a server's parameters say: HOST[:PORT] or (SOCKET), /DATABASE, /PASSWORD. */
struct address {
    struct str host; /* of the socket, when port is 0 */
    int port;
    struct str database, password; /* STR_NULL: not given */
};

static bool parse_port(struct str text, int *port)
{
    long n = 0;

    for (size_t i = 0; i < text.n; i++) {
        if (!ascii_is_digit(text.s[i]) || n > UINT16_MAX)
            return false;
        n = n * 10 + (text.s[i] - '0');
    }
    *port = (int)n;
    return n > 0 && n <= UINT16_MAX;
}

static bool parse_host(struct arena *arena, struct str text, struct address *address)
{
    bool closed = text.n > 2 && text.s[text.n - 1] == ')';

    address->port = DEFAULT_PORT;
    if (text.n > 0 && text.s[0] == '(') {
        address->port = 0;
        address->host = str_sub(arena, text, 1, closed ? text.n - 2 : 0);
        return closed;
    }
    ptrdiff_t colon = str_rfind(text, ':'), bracket = str_rfind(text, ']');
    size_t n = colon > bracket ? (size_t)colon : text.n;
    if (n < text.n && !parse_port((struct str){text.s + n + 1, text.n - n - 1, false}, &address->port))
        return false;
    if (bracket < 0) { /* an IPv6 address needs the brackets: which of its colons was the last? */
        address->host = str_sub(arena, text, 0, n);
        return n > 0 && str_find(address->host, ':') < 0 && text.s[0] != '[';
    }
    if ((size_t)bracket + 1 != n || n <= 2 || text.s[0] != '[')
        return false;
    address->host = str_sub(arena, text, 1, n - 2);
    return true;
}

static bool parse_server(struct arena *arena, struct str server, struct address *address)
{
    size_t host = servers_host_length(server);
    struct str rest = str_sub(arena, server, host + 1, server.n);
    ptrdiff_t slash = str_find(rest, '/');

    *address = (struct address){.database = str_sub(arena, rest, 0, slash < 0 ? rest.n : (size_t)slash),
                                .password = slash < 0 ? STR_NULL
                                                      : str_sub(arena, rest, (size_t)slash + 1, rest.n)};
    return parse_host(arena, str_sub(arena, server, 0, host), address);
}

/* Closes it and takes the reason along. */
static enum lookup_status give_up(struct connection *c, const char *what, const char *why, struct error *err)
{
    error_set(err, "REDIS %s: %s", what, why);
    if (c->redis)
        redisFree(c->redis);
    c->redis = NULL;
    return LOOKUP_DEFER;
}

static const char *reason(const redisContext *redis)
{
    if (!redis)
        return "out of memory";
    return redis->err == REDIS_ERR_IO && errno == EAGAIN ? "timed out" : redis->errstr;
}

/* A server's complaint. It might repeat what was sent: of anything secret only its first word, a code, is for
 * the log. */
static const char *complaint(redisReply *reply, bool secret)
{
    if (secret)
        reply->str[strcspn(reply->str, " ")] = '\0';
    return reply->str;
}

/* AUTH or SELECT: a command with one argument, which must succeed. */
static bool prepare(struct connection *c, const char *command, struct str argument, struct error *err)
{
    const char *words[] = {command, argument.s};
    const size_t lengths[] = {strlen(command), argument.n};
    bool secret = strcmp(command, "AUTH") == 0, ok;
    redisReply *reply;

    if (str_is_empty(argument))
        return true;
    reply = redisCommandArgv(c->redis, 2, words, lengths);
    ok = reply && reply->type != REDIS_REPLY_ERROR;
    if (!ok)
        give_up(c, secret ? "authentication failed" : "selection of database failed",
                reply ? complaint(reply, secret) : reason(c->redis), err);
    if (reply)
        freeReplyObject(reply);
    return ok;
}

static bool connect_to(struct connection *c, struct arena *arena, struct error *err)
{
    const struct timeval connect_timeout = {.tv_sec = CONNECT_TIMEOUT};
    const struct timeval reply_timeout = {.tv_sec = REPLY_TIMEOUT};
    struct address address;

    if (!parse_server(arena, c->server, &address))
        return error_set(err, "malformed entry in list of Redis servers: \"%.*s\"",
                         (int)servers_host_length(c->server), c->server.s);
    c->redis = address.port == 0 ? redisConnectUnixWithTimeout(address.host.s, connect_timeout)
                                 : redisConnectWithTimeout(address.host.s, address.port, connect_timeout);
    if (!c->redis || c->redis->err || redisSetTimeout(c->redis, reply_timeout) != REDIS_OK) {
        give_up(c, "connection failed", reason(c->redis), err);
        return false;
    }
    return prepare(c, "AUTH", address.password, err) && prepare(c, "SELECT", address.database, err);
}

/* Whether the server has closed a connection meanwhile, or sent what nobody asked for. */
static bool is_stale(const redisContext *redis)
{
    char octet;
    ssize_t n = recv(redis->fd, &octet, 1, MSG_PEEK | MSG_DONTWAIT);

    return n >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

/* An open connection to the server: one that is kept, or a new one. NULL: err says why not. */
static struct connection *connection_to(struct redis *handle, struct arena *arena, struct str server,
                                        struct error *err)
{
    struct connection *c = handle->connections;

    while (c && !str_eq(c->server, server))
        c = c->next;
    if (!c) {
        c = ARENA_NEW(handle->arena, struct connection);
        *c = (struct connection){.next = handle->connections, .server = str_copy(handle->arena, server)};
        handle->connections = c;
    }
    if (c->redis && is_stale(c->redis)) {
        redisFree(c->redis);
        c->redis = NULL;
    }
    return c->redis || connect_to(c, arena, err) ? c : NULL;
}

/* --- Commands */

struct command {
    const char *words[WORDS_MAX];
    size_t lengths[WORDS_MAX];
    size_t n;
};

/* Splits the query at white space; a backslash makes the character behind it an ordinary one. */
static bool parse_command(struct arena *arena, struct str query, struct command *command, struct error *err)
{
    size_t i = 0;

    command->n = 0;
    for (;;) {
        while (i < query.n && ascii_is_space(query.s[i]))
            i++;
        if (i == query.n)
            break;
        if (command->n == WORDS_MAX)
            return error_set(err, "redis: more than %d words in the query", WORDS_MAX);
        struct buffer word = BUFFER_IN(arena);
        for (; i < query.n && !ascii_is_space(query.s[i]); i++) {
            if (query.s[i] == '\\' && i + 1 < query.n)
                i++;
            buffer_add_char(&word, query.s[i]);
        }
        command->words[command->n] = buffer_str(&word).s;
        command->lengths[command->n++] = word.n;
    }
    return command->n > 0 || error_set(err, "redis: the query is empty");
}

/* Whether the command only reads, so that its result may be kept. */
static bool only_reads(const struct command *command)
{
    static const char *const reading[] = {"exists", "get",    "hexists",   "hget",     "hgetall", "hmget",
                                          "lindex", "lrange", "mget",      "sismember", "smembers", "zscore"};

    for (size_t i = 0; i < sizeof reading / sizeof *reading; i++)
        if (strcasecmp(command->words[0], reading[i]) == 0)
            return true;
    return false;
}

/* --- Replies */

/* Adds the reply as text: elements of arrays are lines. False: there is nothing. */
static bool add_reply(struct buffer *out, const redisReply *reply, unsigned depth)
{
    bool some = false;

    switch (reply->type) {
    case REDIS_REPLY_ARRAY:
        for (size_t i = 0; i < reply->elements && depth < DEPTH_MAX; i++) {
            if (i > 0)
                buffer_add_char(out, '\n');
            add_reply(out, reply->element[i], depth + 1);
            some = true;
        }
        return some;
    case REDIS_REPLY_INTEGER:
        buffer_printf(out, "%lld", reply->integer);
        return true;
    case REDIS_REPLY_NIL:
        return false;
    default:
        buffer_add_n(out, reply->str, reply->len);
        return true;
    }
}

static enum lookup_status ask(struct redis *handle, const struct lookup_request *request, struct str server,
                              const struct command *command, struct str *result, struct error *err)
{
    struct arena *arena = request->arena;
    struct connection *c = connection_to(handle, arena, server, err);
    struct buffer out = BUFFER_IN(arena);
    enum lookup_status status;
    redisReply *reply;

    if (!c)
        return LOOKUP_DEFER;
    reply = redisCommandArgv(c->redis, (int)command->n, (const char **)(uintptr_t)command->words,
                             command->lengths);
    if (!reply)
        return give_up(c, "query failed", reason(c->redis), err);
    if (reply->type == REDIS_REPLY_ERROR) {
        error_set(err, "REDIS query failed: %s",
                  complaint(reply, request->services && request->services->secret));
        status = LOOKUP_DEFER;
    } else {
        status = add_reply(&out, reply, 0) ? LOOKUP_FOUND : LOOKUP_NOT_FOUND;
        *result = buffer_str(&out);
    }
    freeReplyObject(reply);
    return status;
}

static enum lookup_status redis_find(void *handle, const struct lookup_request *request, struct str *result,
                                     struct error *err)
{
    struct str configured = lookup_settings()->redis_servers, servers, query, item, server;
    enum lookup_status status = LOOKUP_DEFER;
    struct arena *arena = request->arena;
    struct command *command = ARENA_NEW(arena, struct command);
    struct strlist list;

    if (!servers_of_request(request, "Redis", "redis_servers", configured, &servers, &query, err) ||
        !parse_command(arena, query, command, err))
        return LOOKUP_DEFER;
    *request->changed = !only_reads(command);
    error_set(err, "no Redis servers defined");
    strlist_begin(&list, servers, ':');
    while (status == LOOKUP_DEFER && strlist_next(&list, arena, &item)) {
        if (!servers_complete(arena, item, configured, &server)) {
            error_set(err, "Redis server \"%.*s\" not found in redis_servers", STR_ARG(item));
            break;
        }
        debug(DEBUG_lookup, "redis server %.*s", (int)servers_host_length(server), server.s);
        status = ask(handle, request, server, command, result, err);
    }
    return status;
}

/* White space and backslashes get a backslash in front. */
static struct str redis_quote(struct arena *arena, struct str text, struct str option)
{
    struct buffer out = BUFFER_IN(arena);

    if (!str_is_null(option))
        return STR_NULL;
    for (size_t i = 0; i < text.n; i++) {
        if (ascii_is_space(text.s[i]) || text.s[i] == '\\')
            buffer_add_char(&out, '\\');
        buffer_add_char(&out, text.s[i]);
    }
    out.tainted = text.tainted;
    return buffer_str(&out);
}

static void redis_version_report(struct buffer *out)
{
    buffer_printf(out, "Library version: hiredis: Compile: %d.%d.%d\n", HIREDIS_MAJOR, HIREDIS_MINOR,
                  HIREDIS_PATCH);
}

const struct lookup_type lookup_redis = {
    .name = "redis",
    .keep_results = true,
    .open = redis_open,
    .find = redis_find,
    .close = redis_close,
    .quote = redis_quote,
    .quoted = LOOKUP_QUOTED_REDIS,
    .version_report = redis_version_report,
};
LOOKUP_EXPORT(&lookup_redis)
