/* Lines from a stream: endings, limits exact to the octet, deadlines; writing to slow and vanished peers. */
#include "testing.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/stream.h"

/* A stream at one end of a socket pair; the test is the peer at the other. */
struct fixture {
    struct arena *arena;
    struct fd_channel channel;
    struct stream stream;
    int ours, peer;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    int fds[2];

    if (f == NULL || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
        return -1;
    f->arena = arena_new(ARENA_PLAIN);
    f->ours = fds[0];
    f->peer = fds[1];
    fd_channel_init(&f->channel, f->ours, f->ours);
    stream_init(&f->stream, &f->channel.channel);
    *state = f;
    return 0;
}

static void hang_up(struct fixture *f)
{
    if (f->peer >= 0)
        close(f->peer);
    f->peer = -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    stream_free(&f->stream);
    hang_up(f);
    close(f->ours);
    arena_free(f->arena);
    free(f);
    return 0;
}

static int64_t soon(void)
{
    return clock_now_ms() + 50;
}

static void say(struct fixture *f, const char *text, size_t n)
{
    assert_int_equal(write(f->peer, text, n), n);
}

#define SAY(text) say(f, text, sizeof(text) - 1)

static enum line_status next(struct fixture *f, size_t limit, enum line_ending ending, struct str *line)
{
    enum line_status status = stream_read_line(&f->stream, f->arena, limit, ending, deadline_in(5), line);

    assert_non_null(line->s);
    assert_int_equal(line->s[line->n], '\0');
    assert_true(line->tainted);
    assert_true(line->n <= limit);
    return status;
}

#define EXPECT(status, limit, ending, literal) \
    do { \
        struct str line_; \
        assert_int_equal(next(f, limit, ending, &line_), status); \
        assert_str(line_, literal); \
    } while (0)

static void test_lf(void **state)
{
    struct fixture *f = *state;

    SAY("one\r\ntwo\n\n\r\nthree\r\r\nfo\rur\n\rx\n\0\n");
    EXPECT(LINE_OK, 100, LINE_LF, "one");
    assert_false(f->stream.bare_lf);
    EXPECT(LINE_OK, 100, LINE_LF, "two");
    assert_true(f->stream.bare_lf);
    EXPECT(LINE_OK, 100, LINE_LF, "");
    assert_true(f->stream.bare_lf);
    EXPECT(LINE_OK, 100, LINE_LF, "");
    assert_false(f->stream.bare_lf);
    EXPECT(LINE_OK, 100, LINE_LF, "three\r"); /* one CR, no more */
    EXPECT(LINE_OK, 100, LINE_LF, "fo\rur");
    EXPECT(LINE_OK, 100, LINE_LF, "\rx");
    EXPECT(LINE_OK, 100, LINE_LF, "\0");
    hang_up(f);
    EXPECT(LINE_END, 100, LINE_LF, "");
    EXPECT(LINE_END, 100, LINE_LF, "");
}

static void test_crlf(void **state)
{
    struct fixture *f = *state;

    SAY("one\r\ntwo\nthree\r\n\n\r\r\n\r\r\n\n\r\nx\ry\r\n\r");
    EXPECT(LINE_OK, 100, LINE_CRLF, "one");
    EXPECT(LINE_OK, 100, LINE_CRLF, "two\nthree");
    EXPECT(LINE_OK, 100, LINE_CRLF, "\n\r");
    EXPECT(LINE_OK, 100, LINE_CRLF, "\r");
    EXPECT(LINE_OK, 100, LINE_CRLF, "\n");
    EXPECT(LINE_OK, 100, LINE_CRLF, "x\ry");
    assert_false(f->stream.bare_lf);
    hang_up(f);
    EXPECT(LINE_END, 100, LINE_CRLF, "\r");
}

static void test_unfinished(void **state)
{
    struct fixture *f = *state;

    SAY("done\r\nnot done");
    hang_up(f);
    EXPECT(LINE_OK, 100, LINE_CRLF, "done");
    EXPECT(LINE_END, 100, LINE_CRLF, "not done");
    EXPECT(LINE_END, 100, LINE_CRLF, "");
}

/* What the peer does in the child process that speaks slowly. */
static pid_t fork_peer(struct fixture *f, void (*speak)(int fd, const void *what), const void *what)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        close(f->ours);
        speak(f->peer, what);
        _exit(0);
    }
    hang_up(f);
    return pid;
}

static void join_peer(pid_t pid)
{
    int status;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void octet_by_octet(int fd, const void *what)
{
    for (const char *p = what; *p != '\0'; p++)
        if (write(fd, p, 1) != 1)
            _exit(1);
}

static void test_octet_by_octet(void **state)
{
    struct fixture *f = *state;
    pid_t pid =
        fork_peer(f, octet_by_octet, "EHLO x\r\nbare\nlf\r\n\r\r\nlonger than twelve\r\n123456789012\r\n");

    EXPECT(LINE_OK, 12, LINE_CRLF, "EHLO x");
    EXPECT(LINE_OK, 12, LINE_CRLF, "bare\nlf");
    EXPECT(LINE_OK, 12, LINE_CRLF, "\r");
    EXPECT(LINE_TOO_LONG, 12, LINE_CRLF, "longer than ");
    EXPECT(LINE_OK, 12, LINE_CRLF, "123456789012");
    EXPECT(LINE_END, 12, LINE_CRLF, "");
    join_peer(pid);
}

static void two_octets(int fd, const void *what)
{
    const char *p = what;

    for (size_t n = strlen(p); n > 0; n -= 2, p += 2)
        if (write(fd, p, 2) != 2 || usleep(1000) != 0)
            _exit(1);
}

/* A CR and its LF in different reads, and a CR at the very end of one. */
static void test_split_ending(void **state)
{
    struct fixture *f = *state;
    pid_t pid = fork_peer(f, two_octets, "abc\r\nde\r\rf\r\n\n\n");

    EXPECT(LINE_OK, 3, LINE_CRLF, "abc");
    EXPECT(LINE_TOO_LONG, 4, LINE_CRLF, "de\r\r");
    EXPECT(LINE_END, 4, LINE_CRLF, "\n\n");
    join_peer(pid);
}

/* A line of n octets, then a short one, at every length about the limit and the stream's buffer. */
static void check_limit(size_t n, size_t limit, enum line_ending ending, const char *end)
{
    struct fixture *f;
    void *state;
    static char text[20000];
    struct str line;

    assert_int_equal(setup(&state), 0);
    f = state;
    memset(text, 'x', n);
    memcpy(text + n, end, strlen(end) + 1);
    strcat(text, "QUIT\r\n");
    say(f, text, strlen(text));
    enum line_status status = next(f, limit, ending, &line);
    assert_int_equal(status, n <= limit ? LINE_OK : LINE_TOO_LONG);
    assert_int_equal(line.n, n <= limit ? n : limit);
    assert_int_equal(strspn(line.s, "x"), line.n);
    assert_int_equal(next(f, limit, ending, &line), LINE_OK);
    assert_str(line, "QUIT"); /* the tail of a long line is never the next one */
    teardown(&state);
}

static void test_limits(void **state)
{
    (void)state;
    for (size_t n = 4; n < 20; n++)
        for (size_t limit = 4; limit < 20; limit++) {
            check_limit(n, limit, LINE_CRLF, "\r\n");
            check_limit(n, limit, LINE_LF, "\r\n");
            check_limit(n, limit, LINE_LF, "\n");
        }
    for (size_t n = 4085; n < 4105; n++) { /* the ending at each place about the end of a buffer */
        check_limit(n, n, LINE_CRLF, "\r\n");
        check_limit(n, n - 1, LINE_CRLF, "\r\n");
        check_limit(n, n - 1, LINE_LF, "\n");
    }
    for (size_t n = 12286; n < 12292; n++)
        check_limit(n, 12288, LINE_CRLF, "\r\n");
}

static void test_limit_zero(void **state)
{
    struct fixture *f = *state;

    SAY("\r\na\r\n\r\n");
    EXPECT(LINE_OK, 0, LINE_CRLF, "");
    EXPECT(LINE_TOO_LONG, 0, LINE_CRLF, "");
    EXPECT(LINE_OK, 0, LINE_CRLF, "");
}

static void flood(int fd, const void *what)
{
    char piece[1000];

    (void)what;
    memset(piece, 'y', sizeof piece);
    for (int i = 0; i < 2000; i++)
        for (size_t at = 0; at < sizeof piece;) {
            ssize_t put = write(fd, piece + at, sizeof piece - at);
            if (put <= 0)
                _exit(1);
            at += (size_t)put;
        }
    if (write(fd, "\r\nNOOP\r\n", 8) != 8)
        _exit(1);
}

/* Two megaoctets in one line are drained without being kept. */
static void test_flood(void **state)
{
    struct fixture *f = *state;
    pid_t pid = fork_peer(f, flood, NULL);
    struct str line;

    assert_int_equal(next(f, 512, LINE_CRLF, &line), LINE_TOO_LONG);
    assert_int_equal(line.n, 512);
    assert_true(arena_size(f->arena) < 20000);
    EXPECT(LINE_OK, 512, LINE_CRLF, "NOOP");
    join_peer(pid);
}

static void test_deadline(void **state)
{
    struct fixture *f = *state;
    struct str line;
    char octet;

    int64_t before = clock_now_ms(), deadline = soon();
    assert_int_equal(stream_read_line(&f->stream, f->arena, 100, LINE_CRLF, deadline, &line), LINE_TIMEOUT);
    assert_true(clock_now_ms() >= deadline);
    assert_true(clock_now_ms() < before + 4000);
    SAY("partial");
    assert_int_equal(stream_read_line(&f->stream, f->arena, 100, LINE_CRLF, soon(), &line), LINE_TIMEOUT);
    assert_str(line, "partial");
    assert_int_equal(stream_read(&f->stream, &octet, 1, soon()), -2);
    /* Input that is there already is read whatever the deadline; waiting is what it limits. */
    SAY("a\r\nb\r\n");
    EXPECT(LINE_OK, 100, LINE_CRLF, "a");
    assert_int_equal(stream_read_line(&f->stream, f->arena, 100, LINE_CRLF, 0, &line), LINE_OK);
    assert_str(line, "b");
}

/* A peer that sends an octet now and then does not put the deadline off. */
static void drip(int fd, const void *what)
{
    (void)what;
    signal(SIGPIPE, SIG_IGN);
    for (int i = 0; i < 200; i++)
        if (write(fd, "z", 1) != 1 || usleep(5000) != 0)
            _exit(0);
}

static void test_deadline_is_for_the_line(void **state)
{
    struct fixture *f = *state;
    pid_t pid = fork_peer(f, drip, NULL);
    struct str line;

    assert_int_equal(stream_read_line(&f->stream, f->arena, 1000, LINE_CRLF, clock_now_ms() + 100, &line),
                     LINE_TIMEOUT);
    assert_true(line.n >= 1 && line.n < 150);
    shutdown(f->ours, SHUT_RDWR);
    join_peer(pid);
}

static void on_signal(int number)
{
    (void)number;
}

static void poke(int fd, const void *what)
{
    usleep(20000);
    kill(getppid(), SIGUSR1);
    usleep(20000);
    if (write(fd, what, strlen(what)) < 0)
        _exit(1);
}

static void test_signals_do_not_disturb(void **state)
{
    struct fixture *f = *state;
    struct sigaction action = {.sa_handler = on_signal}; /* no SA_RESTART */

    sigaction(SIGUSR1, &action, NULL);
    pid_t pid = fork_peer(f, poke, "ok\r\n");
    EXPECT(LINE_OK, 100, LINE_CRLF, "ok");
    join_peer(pid);
}

static void test_read_error(void **state)
{
    struct fixture *f = *state;
    struct str line;

    fd_channel_init(&f->channel, open("/", O_RDONLY | O_CLOEXEC), -1);
    errno = 0;
    assert_int_equal(stream_read_line(&f->stream, f->arena, 100, LINE_CRLF, soon(), &line), LINE_ERROR);
    assert_int_equal(errno, EISDIR);
    assert_str(line, "");
    close(f->channel.in);
}

static void test_raw_reads(void **state)
{
    struct fixture *f = *state;
    char data[10];

    SAY("BDAT\r\n0123456789ab");
    EXPECT(LINE_OK, 100, LINE_CRLF, "BDAT");
    assert_int_equal(stream_read(&f->stream, data, 0, soon()), 0);
    assert_int_equal(stream_read(&f->stream, data, 10, soon()), 10);
    assert_memory_equal(data, "0123456789", 10);
    assert_int_equal(stream_read(&f->stream, data, 10, soon()), 2);
    assert_memory_equal(data, "ab", 2);
    SAY("direct");
    assert_int_equal(stream_read(&f->stream, data, 3, soon()), 3);
    assert_int_equal(stream_read(&f->stream, data, 10, soon()), 3);
    hang_up(f);
    assert_int_equal(stream_read(&f->stream, data, 10, soon()), 0);
}

static void test_peeks(void **state)
{
    struct fixture *f = *state;
    struct str there;

    SAY("abcdef\r\n");
    assert_int_equal(stream_peek(&f->stream, soon(), &there), LINE_OK);
    assert_true(there.n == 8 && memcmp(there.s, "abcdef\r\n", 8) == 0 && there.tainted);
    stream_skip(&f->stream, 4);
    assert_int_equal(stream_peek(&f->stream, soon(), &there), LINE_OK);
    assert_true(there.n == 4 && memcmp(there.s, "ef\r\n", 4) == 0);
    EXPECT(LINE_OK, 100, LINE_CRLF, "ef");
    assert_int_equal(stream_peek(&f->stream, clock_now_ms() + 1, &there), LINE_TIMEOUT);
    SAY("g");
    assert_int_equal(stream_peek(&f->stream, soon(), &there), LINE_OK);
    stream_skip(&f->stream, there.n);
    hang_up(f);
    assert_int_equal(stream_peek(&f->stream, soon(), &there), LINE_END);
}

static void test_input_ready(void **state)
{
    struct fixture *f = *state;

    assert_false(stream_has_input(&f->stream));
    assert_false(stream_input_ready(&f->stream));
    SAY("a\r\nb");
    assert_false(stream_has_input(&f->stream));
    assert_true(stream_input_ready(&f->stream));
    assert_false(stream_has_input(&f->stream));
    EXPECT(LINE_OK, 100, LINE_CRLF, "a");
    assert_true(stream_has_input(&f->stream));
    assert_true(stream_has_input(&f->stream));
    hang_up(f);
    EXPECT(LINE_END, 100, LINE_CRLF, "b");
    assert_false(stream_input_ready(&f->stream)); /* the end is no input */
}

/* STARTTLS with a command behind it in the same packet (CVE-2011-0411). */
static void test_switch_drops_input(void **state)
{
    struct fixture *f = *state;
    int fds[2];
    struct fd_channel other;

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    fd_channel_init(&other, fds[0], fds[0]);
    assert_int_equal(stream_switch(&f->stream, &f->channel.channel), 0);
    SAY("STARTTLS\r\nAUTH PLAIN x\r\n");
    EXPECT(LINE_OK, 100, LINE_CRLF, "STARTTLS");
    assert_int_equal(stream_switch(&f->stream, &other.channel), 14);
    assert_false(stream_has_input(&f->stream));
    assert_int_equal(write(fds[1], "EHLO y\r\n", 8), 8);
    EXPECT(LINE_OK, 100, LINE_CRLF, "EHLO y");
    stream_write(&f->stream, STR("250 y\r\n"), soon());
    assert_true(stream_flush(&f->stream, soon()));
    char reply[8] = "";
    assert_int_equal(read(fds[1], reply, 7), 7);
    assert_string_equal(reply, "250 y\r\n");
    close(fds[0]);
    close(fds[1]);
}

static void expect_sent(struct fixture *f, const char *text)
{
    char got[100] = "";

    assert_int_equal(recv(f->peer, got, strlen(text), MSG_WAITALL), strlen(text));
    assert_string_equal(got, text);
}

static void test_write_is_buffered(void **state)
{
    struct fixture *f = *state;
    char octet;

    stream_write(&f->stream, STR("250-a\r\n"), soon());
    stream_write(&f->stream, STR_NULL, soon());
    stream_write(&f->stream, STR("250 b\r\n"), soon());
    assert_int_equal(recv(f->peer, &octet, 1, MSG_DONTWAIT), -1);
    assert_true(stream_flush(&f->stream, soon()));
    expect_sent(f, "250-a\r\n250 b\r\n");
    assert_true(stream_flush(&f->stream, soon())); /* nothing to do */
    assert_int_equal(recv(f->peer, &octet, 1, MSG_DONTWAIT), -1);
}

static void swallow(int fd, const void *what)
{
    const size_t *expected = what;
    char piece[4096];
    size_t n = 0;
    ssize_t got;

    while ((got = read(fd, piece, sizeof piece)) > 0)
        for (ssize_t i = 0; i < got; i++)
            if (piece[i] != (char)('a' + n++ % 26))
                _exit(1);
    _exit(n == *expected ? 0 : 1);
}

/* Pieces of all sizes, through a socket whose other end reads at its leisure, arrive whole and in order. */
static void test_write_much(void **state)
{
    enum { TOTAL = 3000000 };
    struct fixture *f = *state;
    static char data[20000 + 26];
    size_t total = TOTAL;
    pid_t pid = fork_peer(f, swallow, &total);

    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (char)('a' + i % 26);
    size_t n = 1;
    for (size_t at = 0; at < total; at += n) {
        n = (n * 7 + 3) % 20000 + 1;
        if (n > total - at)
            n = total - at;
        stream_write(&f->stream, (struct str){data + at % 26, n, false}, deadline_in(20));
        assert_false(f->stream.failed);
    }
    assert_true(stream_flush(&f->stream, deadline_in(20)));
    shutdown(f->ours, SHUT_WR);
    join_peer(pid);
}

static void test_write_deadline(void **state)
{
    struct fixture *f = *state;
    static char data[10000];
    int64_t before = clock_now_ms(), deadline = before + 100;

    memset(data, 'x', sizeof data);
    while (!f->stream.failed && clock_now_ms() < before + 5000) /* the peer reads nothing */
        stream_write(&f->stream, (struct str){data, sizeof data, false}, deadline);
    assert_true(f->stream.failed);
    assert_true(clock_now_ms() >= deadline);
    assert_true(clock_now_ms() < before + 4000);
    assert_false(stream_flush(&f->stream, deadline_in(5)));
}

static void test_write_to_nobody(void **state)
{
    struct fixture *f = *state;
    struct sigaction fatal = {.sa_handler = SIG_DFL};

    sigaction(SIGPIPE, &fatal, NULL); /* would end this process */
    hang_up(f);
    stream_write(&f->stream, STR("421 x\r\n"), soon());
    assert_false(f->stream.failed); /* nothing was sent yet */
    assert_false(stream_flush(&f->stream, soon()));
    assert_true(f->stream.failed);
    stream_write(&f->stream, STR("more"), soon());
    assert_int_equal(f->stream.out_n, 0);
    assert_false(stream_flush(&f->stream, soon()));
}

static void test_pipes(void **state)
{
    struct fixture *f = *state;
    int in[2], out[2];
    char got[12] = "";

    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    fd_channel_init(&f->channel, in[0], out[1]);
    assert_int_equal(write(in[1], "line\nrest", 9), 9);
    EXPECT(LINE_OK, 100, LINE_LF, "line");
    assert_true(stream_input_ready(&f->stream));
    close(in[1]);
    EXPECT(LINE_END, 100, LINE_LF, "rest");
    assert_false(stream_input_ready(&f->stream));
    stream_write(&f->stream, STR("hello world"), soon());
    assert_true(stream_flush(&f->stream, soon()));
    assert_int_equal(read(out[0], got, sizeof got), 11);
    assert_string_equal(got, "hello world");
    /* A pipe that is full blocks for no longer than the deadline says. */
    static char data[50000];
    int64_t before = clock_now_ms();
    while (!f->stream.failed)
        stream_write(&f->stream, (struct str){data, sizeof data, false}, before + 100);
    assert_true(clock_now_ms() < before + 4000);
    close(in[0]);
    close(out[0]);
    close(out[1]);
}

static void test_buffers_are_wiped(void **state)
{
    struct fixture *f = *state;

    SAY("AUTH PLAIN secret\r\nAUTH secret");
    EXPECT(LINE_OK, 100, LINE_CRLF, "AUTH PLAIN secret");
    stream_switch(&f->stream, &f->channel.channel);
    for (size_t i = 0; i < f->stream.in_capacity; i++)
        assert_int_equal(f->stream.in[i], 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_lf),
        TEST(test_crlf),
        TEST(test_unfinished),
        TEST(test_octet_by_octet),
        TEST(test_split_ending),
        cmocka_unit_test(test_limits),
        TEST(test_limit_zero),
        TEST(test_flood),
        TEST(test_deadline),
        TEST(test_deadline_is_for_the_line),
        TEST(test_signals_do_not_disturb),
        TEST(test_read_error),
        TEST(test_raw_reads),
        TEST(test_peeks),
        TEST(test_input_ready),
        TEST(test_switch_drops_input),
        TEST(test_write_is_buffered),
        TEST(test_write_much),
        TEST(test_write_deadline),
        TEST(test_write_to_nobody),
        TEST(test_pipes),
        TEST(test_buffers_are_wiped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
