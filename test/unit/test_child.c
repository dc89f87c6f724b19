/* Running commands: output, input, exit, limits, deadlines, and what a child does not inherit. */
#include "testing.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/clock.h"

/* What a run came to. */
struct result {
    enum child_status status;
    int code;
    struct str out;
    struct error err;
};

static struct result run_spec(struct arena *arena, struct child_spec spec)
{
    struct buffer out = BUFFER_IN(arena);
    struct result r = {.code = -1, .err = ERROR_IN(arena)};

    r.status = child_run(&spec, &out, &r.code, &r.err);
    r.out = buffer_str(&out);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child is left, dead or alive */
    assert_int_equal(errno, ECHILD);
    return r;
}

/* Runs a shell command with input, within ten seconds. */
static struct result shell(struct arena *arena, const char *command, struct str input)
{
    char *argv[] = {"/bin/sh", "-c", (char *)(uintptr_t)command, NULL};

    return run_spec(arena, (struct child_spec){
                               .argv = argv,
                               .input = input,
                               .output_limit = 1000000,
                               .deadline = deadline_in(10),
                           });
}

static void expect_shell(struct arena *arena, const char *command, struct str input, const char *output)
{
    struct result r = shell(arena, command, input);

    assert_int_equal(r.status, CHILD_EXITED);
    assert_int_equal(r.code, 0);
    assert_octets(r.out, output, strlen(output));
}

static void test_output(void **state)
{
    expect_shell(*state, "echo hello", STR_NULL, "hello\n");
    expect_shell(*state, "printf ''", STR_NULL, "");
    expect_shell(*state, "printf 'a\\000b' | od -An -c | tr -d ' \\n'", STR_NULL, "a\\0b");
}

static void test_exit_status(void **state)
{
    struct result r = shell(*state, "echo before; exit 42", STR_NULL);

    assert_int_equal(r.status, CHILD_EXITED);
    assert_int_equal(r.code, 42);
    assert_str(r.out, "before\n");
    r = shell(*state, "kill -9 $$", STR_NULL);
    assert_int_equal(r.status, CHILD_KILLED);
    assert_int_equal(r.code, SIGKILL);
}

static void test_input(void **state)
{
    expect_shell(*state, "cat", STR("some\ninput"), "some\ninput");
    expect_shell(*state, "cat", STR(""), "");
    expect_shell(*state, "cat; test -c /dev/stdin && echo device", STR_NULL, "device\n");
    expect_shell(*state, "wc -c | tr -d ' '", STR("a\0b"), "3\n");
}

static void test_much_of_both(void **state)
{
    enum { N = 700000 };
    char *data = malloc(N);

    memset(data, 'x', N);
    struct result r = shell(*state, "cat", (struct str){data, N, false}); /* far more than two pipes hold */
    assert_int_equal(r.status, CHILD_EXITED);
    assert_int_equal(r.out.n, N);
    assert_memory_equal(r.out.s, data, N);
    /* Nobody reads it. */
    expect_shell(*state, "exec 0<&-; echo done", (struct str){data, N, false}, "done\n");
    expect_shell(*state, "head -c 10; echo", (struct str){data, N, false}, "xxxxxxxxxx\n");
    free(data);
}

static void test_standard_error(void **state)
{
    char *argv[] = {"/bin/sh", "-c", "echo out; echo err >&2", NULL};
    struct child_spec spec = {.argv = argv, .output_limit = 1000, .deadline = deadline_in(10)};

    assert_str(run_spec(*state, spec).out, "out\n");
    spec.merge_stderr = true;
    assert_str(run_spec(*state, spec).out, "out\nerr\n");
}

static void test_output_limit(void **state)
{
    char *argv[] = {"/bin/sh", "-c", "i=0; while [ $i -lt 20000 ]; do echo 0123456; i=$((i+1)); done", NULL};
    const size_t limits[] = {0, 1, 8, 4095, 4096, 4097, 159999, 160000, 160001};

    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        struct result r = run_spec(
            *state,
            (struct child_spec){.argv = argv, .output_limit = limits[i], .deadline = deadline_in(20)});
        assert_int_equal(r.status, CHILD_EXITED); /* read to the end all the same */
        assert_int_equal(r.out.n, limits[i] < 160000 ? limits[i] : 160000);
    }
}

static void test_output_is_added(void **state)
{
    struct buffer out = BUFFER_IN(*state);
    struct error err = ERROR_IN(*state);
    char *argv[] = {"/bin/echo", "b", NULL};
    int code;

    buffer_add_cstr(&out, "a");
    assert_int_equal(
        child_run(&(struct child_spec){.argv = argv, .output_limit = 9, .deadline = DEADLINE_NONE}, &out,
                  &code, &err),
        CHILD_EXITED);
    assert_str(buffer_str(&out), "ab\n");
    assert_false(buffer_str(&out).tainted);
}

static void test_environment(void **state)
{
    char *argv[] = {"/usr/bin/env", NULL};
    char *envp[] = {"A=1", "B=two words", NULL};
    struct child_spec spec = {.argv = argv, .envp = envp, .output_limit = 1000, .deadline = deadline_in(10)};

    assert_str(run_spec(*state, spec).out, "A=1\nB=two words\n");
    setenv("GATEPOST_TEST", "inherited", 1);
    expect_shell(*state, "echo $GATEPOST_TEST", STR_NULL, "inherited\n");
    unsetenv("GATEPOST_TEST");
}

static void test_cannot_start(void **state)
{
    char *missing[] = {"/nonexistent/command", NULL}, *data[] = {"/etc/passwd", NULL},
         *directory[] = {"/tmp", NULL};
    struct child_spec spec = {.argv = missing, .output_limit = 1000, .deadline = deadline_in(10)};

    struct result r = run_spec(*state, spec);
    assert_int_equal(r.status, CHILD_FAILED);
    assert_str(r.err.text, "failed to execute /nonexistent/command: No such file or directory");
    assert_int_equal(r.out.n, 0);
    spec.argv = data;
    r = run_spec(*state, spec);
    assert_int_equal(r.status, CHILD_FAILED);
    assert_str(r.err.text, "failed to execute /etc/passwd: Permission denied");
    spec.argv = directory;
    spec.input = STR("with input");
    assert_int_equal(run_spec(*state, spec).status, CHILD_FAILED);
}

static void test_deadline(void **state)
{
    char *argv[] = {"/bin/sh", "-c", "echo early; sleep 30; echo late", NULL};
    int64_t before = clock_now_ms();
    struct result r = run_spec(*state, (struct child_spec){
                                           .argv = argv, .output_limit = 1000, .deadline = before + 300});

    assert_int_equal(r.status, CHILD_TIMEOUT);
    assert_str(r.out, "early\n");
    assert_true(clock_now_ms() - before >= 300);
    assert_true(clock_now_ms() - before < 8000);
}

/* That everything the command has started goes with it: `start` begins something that hangs. */
static void assert_deadline_reaches(void **state, const char *start)
{
    /* A FIFO's reader sees the end when the last of the group that had it open for writing is gone. */
    char directory[] = "/tmp/gatepost-child-XXXXXX", path[64], command[200], octet;
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/fifo", directory);
    assert_int_equal(mkfifo(path, 0600), 0);
    int reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    snprintf(command, sizeof command,
             "exec 3>%s; %s & echo started; sleep 30", path, start);
    char *argv[] = {"/bin/sh", "-c", command, NULL};
    struct result r = run_spec(
        *state, (struct child_spec){.argv = argv, .output_limit = 1000, .deadline = clock_now_ms() + 500});
    assert_int_equal(r.status, CHILD_TIMEOUT);
    assert_str(r.out, "started\n");
    assert_int_equal(fcntl(reader, F_SETFL, 0), 0);
    alarm(8); /* a survivor would keep this read waiting */
    assert_int_equal(read(reader, &octet, 1), 0);
    alarm(0);
    close(reader);
    unlink(path);
    rmdir(directory);
}

/* Even when the command itself no longer waits for it. */
static void test_deadline_reaches_the_group(void **state)
{
    assert_deadline_reaches(state, "(trap '' TERM HUP; sleep 30 >/dev/null)");
}

/* And those that have made groups or sessions of their own, like what pam_exec starts. */
static void test_deadline_reaches_other_sessions(void **state)
{
    assert_deadline_reaches(state, "setsid sh -c 'sleep 30 >/dev/null; true'");
    assert_deadline_reaches(state, "(setsid --wait setsid --wait sleep 30 >/dev/null; true)");
}

static void test_deadline_already_past(void **state)
{
    char *argv[] = {"/bin/sleep", "30", NULL};
    struct result r = run_spec(*state, (struct child_spec){.argv = argv, .deadline = clock_now_ms() - 1});

    assert_int_equal(r.status, CHILD_TIMEOUT);
}

/* A command that closes its output and goes on is waited for. */
static void test_output_closed_early(void **state)
{
    struct result r = shell(*state, "echo x; exec >&- 2>&-; sleep 0.2; exit 7", STR_NULL);

    assert_int_equal(r.status, CHILD_EXITED);
    assert_int_equal(r.code, 7);
    assert_str(r.out, "x\n");
}

static void test_descriptors_are_closed(void **state)
{
    int leaked = dup(STDERR_FILENO), high = fcntl(STDERR_FILENO, F_DUPFD, 200); /* without close-on-exec */

    assert_true(leaked >= 0 && high >= 200);
    /* Number 3 is ls reading the directory. */
    expect_shell(*state, "ls /proc/self/fd | tr '\\n' ' '", STR_NULL, "0 1 2 3 ");
    expect_shell(*state, "ls /proc/self/fd | tr '\\n' ' '", STR("input"), "0 1 2 3 ");
    close(leaked);
    close(high);
}

static size_t open_descriptors(void)
{
    size_t n = 0;

    for (int fd = 0; fd < 1000; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

static void test_no_descriptor_leaks(void **state)
{
    char *missing[] = {"/nonexistent", NULL};
    size_t before = open_descriptors();

    for (int i = 0; i < 20; i++) {
        shell(*state, "cat", STR("x"));
        run_spec(*state,
                 (struct child_spec){.argv = missing, .input = STR("x"), .deadline = deadline_in(10)});
    }
    assert_int_equal(open_descriptors(), before);
}

/* Started by a process that has no standard descriptors, as a daemon may. */
static void test_without_standard_descriptors(void **state)
{
    pid_t pid = fork();

    if (pid == 0) {
        struct buffer out = BUFFER_IN(*state);
        char *argv[] = {"/bin/sh", "-c", "cat; echo err >&2", NULL};
        struct child_spec spec = {.argv = argv,
                                  .input = STR("in "),
                                  .output_limit = 100,
                                  .merge_stderr = true,
                                  .deadline = deadline_in(10)};
        int code;
        close(0);
        close(1);
        close(2);
        bool ok = child_run(&spec, &out, &code, NULL) == CHILD_EXITED && str_is(buffer_str(&out), "in err\n");
        spec.merge_stderr = false;
        spec.input = STR_NULL;
        buffer_cut(&out, 0);
        ok = ok && child_run(&spec, &out, &code, NULL) == CHILD_EXITED && code == 0;
        ok = ok && buffer_str(&out).n == 0;
        _exit(ok ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void test_signals_are_reset(void **state)
{
    sigset_t set, old;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, &old);
    signal(SIGUSR2, SIG_IGN);
    struct result r = shell(*state, "grep -E '^Sig(Blk|Ign)' /proc/self/status | tr -d '\\t\\n'", STR_NULL);
    unsigned long blocked, ignored;
    assert_int_equal(sscanf(r.out.s, "SigBlk:%lxSigIgn:%lx", &blocked, &ignored), 2);
    assert_int_equal(blocked, 0);
    /* The C library keeps two signals to itself: nobody can reset these. */
    assert_int_equal(ignored & ~0x180000000UL, 0);
    signal(SIGUSR2, SIG_DFL);
    sigprocmask(SIG_SETMASK, &old, NULL);
}

static void test_own_session(void **state)
{
    struct result r =
        shell(*state, "echo $$ $(ps -o sid= -p $$ 2>/dev/null || cut -d' ' -f6 /proc/$$/stat)", STR_NULL);
    long pid = 0, session = 0;
    assert_int_equal(sscanf(r.out.s, "%ld %ld", &pid, &session), 2);
    assert_int_equal(pid, session);
    assert_int_not_equal(session, getsid(0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        arena_test(test_output),
        arena_test(test_exit_status),
        arena_test(test_input),
        arena_test(test_much_of_both),
        arena_test(test_standard_error),
        arena_test(test_output_limit),
        arena_test(test_output_is_added),
        arena_test(test_environment),
        arena_test(test_cannot_start),
        arena_test(test_deadline),
        arena_test(test_deadline_reaches_the_group), arena_test(test_deadline_reaches_other_sessions),
        arena_test(test_deadline_already_past),
        arena_test(test_output_closed_early),
        arena_test(test_descriptors_are_closed),
        arena_test(test_no_descriptor_leaks),
        arena_test(test_without_standard_descriptors),
        arena_test(test_signals_are_reset),
        arena_test(test_own_session),
    };

    signal(SIGPIPE, SIG_IGN); /* as the program does */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
