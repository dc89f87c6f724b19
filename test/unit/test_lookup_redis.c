/* redis: the lists of servers, commands, replies, what goes wrong. Servers here are children that say what a
 * test wants; the system tests have a real one. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lookup_testing.h"
#include "lookups/types.h"
#include "testing.h"

/* A server on a socket in the test's directory: answers each thing it reads with the next reply, "" being
 * the end of the connection. What it has read goes to a file. */
struct server {
    struct str socket, heard;
    pid_t pid;
};

static void converse(int peer, FILE *heard, const char *const **replies)
{
    char octets[4096];
    ssize_t n;

    while ((n = read(peer, octets, sizeof octets)) > 0) {
        const char *reply = **replies ? *(*replies)++ : "-ERR nothing to say\r\n";
        fwrite(octets, 1, (size_t)n, heard);
        fflush(heard);
        if (!*reply || write(peer, reply, strlen(reply)) < 0)
            return;
    }
}

static struct server serve(struct temp_files *files, const char *name, const char *const *replies)
{
    struct server server = {.socket = temp_path(files, name),
                            .heard = temp_path(files, str_printf(files->arena, "%s.heard", name).s)};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    memcpy(address.sun_path, server.socket.s, server.socket.n);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 5), 0);
    server.pid = fork();
    if (server.pid == 0) {
        FILE *heard = fopen(server.heard.s, "w");
        int peer;
        alarm(30);
        while (heard && (peer = accept(fd, NULL, NULL)) >= 0) {
            converse(peer, heard, &replies);
            close(peer);
        }
        _exit(0);
    }
    close(fd);
    return server;
}

static void stop(const struct server *server)
{
    kill(server->pid, SIGTERM);
    waitpid(server->pid, NULL, 0);
}

static struct str heard(struct temp_files *files, const struct server *server)
{
    FILE *file = fopen(server->heard.s, "r");
    char *text = arena_alloc(files->arena, 4096);
    size_t n = fread(text, 1, 4095, file);

    fclose(file);
    return str_copy_n(files->arena, text, n, false);
}

static const char *ask(struct temp_files *files, const char *options, const char *query)
{
    return look_up_type(files, &lookup_redis, options, STR_NULL, str_of(query));
}

static void configure(struct temp_files *files, const char *format, const struct server *server)
{
    struct str servers = STR_NULL;

    if (server)
        servers = str_join3(files->arena, STR("("), server->socket, str_of(format));
    else if (format)
        servers = str_of(format);
    lookup_configure(&(struct lookup_settings){.redis_servers = servers});
}

static void test_replies(void **state)
{
    static const char *const replies[] = {
        "$5\r\nhello\r\n", "$-1\r\n", "+OK\r\n", ":42\r\n", "*3\r\n$1\r\na\r\n$-1\r\n$1\r\nc\r\n", "*0\r\n",
        "*2\r\n*2\r\n:1\r\n:2\r\n$1\r\nx\r\n", "$0\r\n\r\n", "-ERR unknown command\r\n", NULL,
    };
    struct server server = serve(*state, "s", replies);

    configure(*state, ")", &server);
    assert_string_equal(ask(*state, NULL, "get 1"), "=hello");
    assert_string_equal(ask(*state, NULL, "get 2"), "no");
    assert_string_equal(ask(*state, NULL, "set 3 x"), "=OK");
    assert_string_equal(ask(*state, NULL, "incr 4"), "=42");
    assert_string_equal(ask(*state, NULL, "lrange 5 0 -1"), "=a\n\nc");
    assert_string_equal(ask(*state, NULL, "keys 6"), "no");
    assert_string_equal(ask(*state, NULL, "eval 7"), "=1\n2\nx");
    assert_string_equal(ask(*state, NULL, "get 8"), "=");
    assert_string_equal(ask(*state, NULL, "bogus"), "defer REDIS query failed: ERR unknown command");
    search_close();
    stop(&server);
}

static void test_commands(void **state)
{
    static const char *const replies[] = {"+OK\r\n", "+OK\r\n", "+OK\r\n", "+OK\r\n", NULL};
    struct server server = serve(*state, "s", replies);

    configure(*state, ")/3/pass word", &server);
    assert_string_equal(ask(*state, NULL, "  set\ta\\ b\\\\ \\c\n x\\"), "=OK");
    assert_str(heard(*state, &server), "*2\r\n$4\r\nAUTH\r\n$9\r\npass word\r\n"
                                       "*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n"
                                       "*4\r\n$3\r\nset\r\n$4\r\na b\\\r\n$1\r\nc\r\n$2\r\nx\\\r\n");
    assert_string_equal(ask(*state, NULL, "  "), "defer redis: the query is empty");
    search_close();
    stop(&server);
}

static void test_kept_results(void **state)
{
    static const char *const replies[] = {
        "$1\r\n1\r\n", "+OK\r\n", "$1\r\n2\r\n", "$1\r\n3\r\n", "$1\r\n4\r\n", NULL,
    };
    struct server server = serve(*state, "s", replies);

    configure(*state, ")", &server);
    assert_string_equal(ask(*state, NULL, "get k"), "=1");
    assert_string_equal(ask(*state, NULL, "get k"), "=1");
    assert_string_equal(ask(*state, NULL, "set k 2"), "=OK");
    assert_string_equal(ask(*state, NULL, "GET k"), "=2");
    assert_string_equal(ask(*state, NULL, "lpop k"), "=3");
    assert_string_equal(ask(*state, NULL, "lpop k"), "=4");
    search_close();
    stop(&server);
}

/* Each server that has not answered leads to the next: one that is not there, one of a cluster that says
 * MOVED, one that wants a password, one that goes away. */
static void test_next_server(void **state)
{
    static const char *const moved[] = {"-MOVED 3999 127.0.0.1:6381\r\n", NULL};
    static const char *const refuses[] = {"-ERR no AUTH `secret`\r\n", "-ERR `secret`\r\n", NULL};
    static const char *const leaves[] = {"", NULL};
    static const char *const answers[] = {"$5\r\nfound\r\n", NULL};
    struct temp_files *files = *state;
    struct server a = serve(files, "a", moved), b = serve(files, "b", refuses);
    struct server c = serve(files, "c", leaves), d = serve(files, "d", answers);
    struct arena *arena = files->arena;
    struct str list = str_printf(arena, "(%s/none) : (%s) : (%s)/0/secret : (%s)", files->directory,
                                 a.socket.s, b.socket.s, c.socket.s);

    configure(files, str_printf(arena, "%s : (%s)", list.s, d.socket.s).s, NULL);
    assert_string_equal(ask(files, NULL, "get k"), "=found");
    search_close();
    configure(files, str_printf(arena, "(%s/none)", files->directory).s, NULL);
    assert_string_equal(ask(files, NULL, "get k"),
                        "defer REDIS connection failed: No such file or directory");
    configure(files, str_printf(arena, "(%s)/0/secret", b.socket.s).s, NULL);
    assert_string_equal(ask(files, NULL, "get k"), "defer REDIS authentication failed: ERR");
    search_close();
    stop(&a), stop(&b), stop(&c), stop(&d);
}

static void test_lists(void **state)
{
    static const char *const first[] = {"$1\r\n1\r\n", "+OK\r\n", "$1\r\n2\r\n", "$1\r\n3\r\n", NULL};
    struct temp_files *files = *state;
    struct server server = serve(files, "s", first);
    struct arena *arena = files->arena;
    struct str host = str_printf(arena, "(%s)", server.socket.s);
    struct str option = str_printf(arena, "servers=%s/", host.s);
    struct str named = str_printf(arena, "servers=%s", host.s);

    configure(files, NULL, NULL);
    assert_string_equal(ask(files, NULL, "get k"), "defer no Redis servers defined (redis_servers option)");
    assert_string_equal(ask(files, "servers=127.0.0.1", "get k"),
                        "defer Redis server \"127.0.0.1\" not found in redis_servers");
    assert_string_equal(ask(files, option.s, "get 1"), "=1");
    search_close();
    assert_string_equal(ask(files, NULL, str_printf(arena, "servers=%s/0; get k", host.s).s), "=2");
    search_close();
    assert_string_equal(ask(files, NULL, "servers=x/ get k"),
                        "defer missing ; after \"servers=\" in Redis lookup");
    configure(files, str_printf(arena, "127.0.0.1::1/0/x : %s", host.s).s, NULL);
    assert_string_equal(ask(files, named.s, "get 3"), "=3");
    struct str query = str_taint(str_of("servers=evil/0; get k"));
    assert_string_equal(look_up_type(files, &lookup_redis, NULL, STR_NULL, query),
                        "defer Redis servers \"evil/0\" are tainted");
    const char *const malformed[] = {"127.0.0.1::0", "127.0.0.1::x", "127.0.0.1::99999", "(/x", "/0/x",
                                     "[::::1",       "x]",           "::::1",            "[]"};
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
        configure(files, malformed[i], NULL);
        assert_int_equal(strncmp(ask(files, NULL, "get k"), "defer malformed entry", 21), 0);
    }
    search_close();
    stop(&server);
}

static void test_quoting(void **state)
{
    struct arena *arena = ((struct temp_files *)*state)->arena;
    struct str quoted = lookup_redis.quote(arena, str_taint(STR("a b\tc\\d\n\r'\"")), STR_NULL);

    assert_str(quoted, "a\\ b\\\tc\\\\d\\\n\\\r'\"");
    assert_true(quoted.tainted);
    assert_true(str_is_null(lookup_redis.quote(arena, STR("x"), STR("option"))));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        temp_files_test(test_replies),      temp_files_test(test_commands),
        temp_files_test(test_kept_results), temp_files_test(test_next_server),
        temp_files_test(test_lists),        temp_files_test(test_quoting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
