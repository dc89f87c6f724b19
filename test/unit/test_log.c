/* The log sink: what a line looks like, where it goes, how files are followed, and what happens when they
 * cannot be written. Standard error is a file of the test's while it runs. */
#include "testing.h"

#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

struct fixture {
    struct arena *arena;
    struct log_settings settings;
    char directory[64];
    int saved_stderr, saved_umask;
};

static struct str path_in(struct fixture *f, const char *name)
{
    return str_printf(f->arena, "%s/%s", f->directory, name);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    if (f == NULL)
        return -1;
    f->arena = arena_new(ARENA_PLAIN);
    strcpy(f->directory, "/tmp/gatepost-log-XXXXXX");
    if (mkdtemp(f->directory) == NULL)
        return -1;
    f->saved_umask = (int)umask(022);
    f->saved_stderr = dup(STDERR_FILENO);
    int fd = open(path_in(f, "stderr").s, O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(fd, STDERR_FILENO);
    close(fd);
    f->settings = (struct log_settings){
        .main_path = path_in(f, "mainlog"),
        .reject_path = path_in(f, "rejectlog"),
        .panic_path = path_in(f, "paniclog"),
        .write_rejectlog = true,
        .timezone = STR("UTC"),
    };
    log_configure(&f->settings);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    log_close();
    debug_select(STR("-all"), NULL);
    dup2(f->saved_stderr, STDERR_FILENO);
    close(f->saved_stderr);
    umask((mode_t)f->saved_umask);
    struct str command = str_printf(f->arena, "rm -rf %s", f->directory);
    int status = system(command.s);
    arena_free(f->arena);
    free(f);
    return status;
}

/* The contents of a file, or "" when there is none. */
static struct str contents(struct fixture *f, const char *name)
{
    char text[20000];
    int fd = open(path_in(f, name).s, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text);

    if (fd >= 0)
        close(fd);
    return str_copy_n(f->arena, text, n < 0 ? 0 : (size_t)n, false);
}

/* Whether the whole file matches an extended regular expression, in which ~ stands for a time stamp. */
static void expect(struct fixture *f, const char *name, const char *pattern)
{
    struct str text = contents(f, name);
    char expression[2000] = "^";
    regex_t regex;

    for (const char *p = pattern; *p != '\0'; p++)
        if (*p == '~')
            strcat(expression, "[0-9]{4}-[01][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-6][0-9]");
        else
            strncat(expression, p, 1);
    strcat(expression, "$");
    assert_int_equal(regcomp(&regex, expression, REG_EXTENDED | REG_NOSUB), 0);
    int matched = regexec(&regex, text.s, 0, NULL, 0);
    regfree(&regex);
    if (matched != 0)
        fail_msg("%s is\n%s\nexpected %s", name, text.s, pattern);
}

static void configure(struct fixture *f)
{
    log_configure(&f->settings);
}

static void test_each_log(void **state)
{
    struct fixture *f = *state;

    log_write(LOG_MAIN, "to %s", "main");
    log_write(LOG_MAIN | LOG_REJECT, "rejected RCPT <%s>", "x@y");
    log_write(LOG_REJECT, "reject only");
    expect(f, "stderr", "");
    log_write(LOG_MAIN | LOG_PANIC, "help");
    expect(f, "mainlog", "~ to main\n~ rejected RCPT <x@y>\n~ help\n");
    expect(f, "rejectlog", "~ rejected RCPT <x@y>\n~ reject only\n");
    expect(f, "paniclog", "~ help\n");
    expect(f, "stderr", "~ help\n");
}

static void test_files(void **state)
{
    struct fixture *f = *state;
    struct stat st;

    assert_int_equal(stat(path_in(f, "mainlog").s, &st), -1); /* not before there is a line */
    log_write(LOG_MAIN, "x");
    assert_int_equal(stat(path_in(f, "mainlog").s, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    assert_int_equal(stat(path_in(f, "rejectlog").s, &st), -1);
}

static void test_stamp_options(void **state)
{
    struct fixture *f = *state;

    f->settings.millisec = true;
    configure(f);
    log_write(LOG_MAIN, "a");
    expect(f, "mainlog", "~\\.[0-9]{3} a\n");
    f->settings.pid = true;
    f->settings.log_timezone = true;
    configure(f);
    unlink(path_in(f, "mainlog").s);
    log_write(LOG_MAIN, "b");
    struct str text = contents(f, "mainlog");
    expect(f, "mainlog", "~\\.[0-9]{3} \\+0000 \\[[0-9]+\\] b\n");
    long pid;
    assert_int_equal(sscanf(strchr(text.s, '['), "[%ld]", &pid), 1);
    assert_int_equal(pid, getpid());
}

static void test_timezone(void **state)
{
    struct fixture *f = *state;

    f->settings.log_timezone = true;
    f->settings.timezone = STR("TEST-5:30");
    configure(f);
    log_write(LOG_MAIN, "x");
    expect(f, "mainlog", "~ \\+0530 x\n");
    time_t now = time(NULL) + 19800;
    struct tm tm;
    char hour[sizeof "2026-11-21 00"];
    gmtime_r(&now, &tm);
    strftime(hour, sizeof hour, "%Y-%m-%d %H", &tm);
    if (tm.tm_min > 0 || tm.tm_sec > 10) /* not just behind the full hour */
        assert_true(str_starts(contents(f, "mainlog"), hour));
    f->settings.timezone = STR_NULL;
    configure(f);
    assert_string_equal(getenv("TZ"), "TEST-5:30"); /* as it was */
    f->settings.timezone = STR("");
    configure(f);
    assert_null(getenv("TZ"));
}

static void test_one_line_whatever_the_text(void **state)
{
    struct fixture *f = *state;

    log_write(LOG_MAIN, "a\nb\r\x1b[2J\t\\c\x7f\xc3\xa4");
    log_write_str(LOG_MAIN, STR("nul\0here"));
    log_write_str(LOG_MAIN, STR(""));
    log_write_str(LOG_MAIN, STR("percent %s %n"));
    expect(f, "mainlog",
           "~ a\\\\nb\\\\r\\\\033\\[2J\t\\\\c\\\\177\xc3\xa4\n~ nul\\\\000here\n~ \n~ percent %s %n\n");
}

static void test_own_newlines(void **state)
{
    struct fixture *f = *state;

    log_write_lines(LOG_MAIN,
                    STR("Exim configuration error in line 3 of /x:\n  main option \"foo\" unknown\x01"));
    expect(f, "mainlog",
           "~ Exim configuration error in line 3 of /x:\n  main option \"foo\" unknown\\\\001\n");
}

static void test_more(void **state)
{
    struct fixture *f = *state;

    log_write_more(LOG_MAIN | LOG_REJECT, STR("rejected after DATA"),
                   STR("Envelope-from: <x@y>\n  Subject: \x01\ty"));
    log_write(LOG_REJECT, "next");
    expect(f, "mainlog", "~ rejected after DATA\n");
    expect(f, "rejectlog", "~ rejected after DATA\nEnvelope-from: <x@y>\n  Subject: \\\\001\ty\n~ next\n");
}

static void test_long_line(void **state)
{
    struct fixture *f = *state;
    char *text = malloc(15001);

    memset(text, 'x', 15000);
    text[15000] = '\0';
    log_write(LOG_MAIN, "%s", text);
    struct str got = contents(f, "mainlog");
    assert_int_equal(got.n, 20 + 15000 + 1);
    assert_int_equal(strspn(got.s + 20, "x"), 15000);
    free(text);
}

static void test_no_reject_log(void **state)
{
    struct fixture *f = *state;

    f->settings.write_rejectlog = false;
    configure(f);
    log_write(LOG_MAIN | LOG_REJECT, "x");
    expect(f, "mainlog", "~ x\n");
    expect(f, "rejectlog", "");
}

static void test_rotation(void **state)
{
    struct fixture *f = *state;

    log_write(LOG_MAIN, "one");
    assert_int_equal(rename(path_in(f, "mainlog").s, path_in(f, "mainlog.1").s), 0);
    log_write(LOG_MAIN, "two");
    unlink(path_in(f, "mainlog.1").s);
    expect(f, "mainlog", "~ two\n");
    unlink(path_in(f, "mainlog").s);
    log_write(LOG_MAIN, "three");
    expect(f, "mainlog", "~ three\n");
    /* Another file of that name, as a rotation that makes the new one itself leaves it. */
    assert_int_equal(rename(path_in(f, "mainlog").s, path_in(f, "mainlog.1").s), 0);
    close(open(path_in(f, "mainlog").s, O_WRONLY | O_CREAT, 0600));
    log_write(LOG_MAIN, "four");
    expect(f, "mainlog", "~ four\n");
    expect(f, "mainlog.1", "~ three\n");
}

static void test_truncation(void **state)
{
    struct fixture *f = *state;

    log_write(LOG_MAIN, "one");
    assert_int_equal(truncate(path_in(f, "mainlog").s, 0), 0);
    log_write(LOG_MAIN, "two");
    expect(f, "mainlog", "~ two\n"); /* O_APPEND: no hole in front */
}

static void test_directory_is_made(void **state)
{
    struct fixture *f = *state;
    struct stat st;

    f->settings.main_path = path_in(f, "log/mainlog");
    configure(f);
    log_write(LOG_MAIN, "x");
    expect(f, "log/mainlog", "~ x\n");
    assert_int_equal(stat(path_in(f, "log").s, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0750);
}

static void test_owner(void **state)
{
    struct fixture *f = *state;
    const bool root = geteuid() == 0; /* who else cannot give files away, and keeps them */
    const uid_t user = root ? 4711 : geteuid();
    const gid_t group = root ? 4712 : getegid();
    struct stat st;

    f->settings.owner = 4711;
    f->settings.group = 4712;
    f->settings.main_path = path_in(f, "log/mainlog");
    configure(f);
    log_write(LOG_MAIN | LOG_REJECT, "x");
    static const char *const names[] = {"log", "log/mainlog", "rejectlog"};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(stat(path_in(f, names[i]).s, &st), 0);
        assert_int_equal(st.st_uid, user);
        assert_int_equal(st.st_gid, group);
    }
    if (!root)
        return;
    /* What is there already keeps its owner. */
    assert_int_equal(chown(path_in(f, "rejectlog").s, 1, 1), 0);
    log_close();
    configure(f);
    log_write(LOG_REJECT, "x");
    assert_int_equal(stat(path_in(f, "rejectlog").s, &st), 0);
    assert_int_equal(st.st_uid, 1);
}

static void test_dated_names(void **state)
{
    struct fixture *f = *state;
    time_t now = time(NULL);
    char day[64], month[64];
    struct tm tm;

    f->settings.main_path = path_in(f, "main-%D.log");
    f->settings.reject_path = path_in(f, "reject.%M%%");
    configure(f);
    log_write(LOG_MAIN | LOG_REJECT, "x");
    gmtime_r(&now, &tm);
    strftime(day, sizeof day, "main-%Y%m%d.log", &tm);
    strftime(month, sizeof month, "reject.%Y%m%%%%", &tm);
    expect(f, day, "~ x\n");
    expect(f, month, "~ x\n");
}

/* A line that cannot be written where it belongs is not lost, and the reason is told once. */
static void test_main_log_unwritable(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(mkdir(path_in(f, "mainlog").s, 0700), 0);
    log_write(LOG_MAIN, "one");
    log_write(LOG_MAIN, "two");
    expect(f, "paniclog",
           "~ one\n~ Cannot open main log file \"/tmp/gatepost-log-[^\"]*/mainlog\": Is a directory: "
           "euid=[0-9]+ egid=[0-9]+\n~ two\n");
    expect(f, "stderr", "~ Cannot open main log file .*\n");
    rmdir(path_in(f, "mainlog").s);
    log_write(LOG_MAIN, "three");
    expect(f, "mainlog", "~ three\n"); /* it recovers, and complains again the next time */
    unlink(path_in(f, "mainlog").s);
    assert_int_equal(mkdir(path_in(f, "mainlog").s, 0700), 0);
    log_write(LOG_MAIN, "four");
    expect(f, "paniclog", "~ one\n~ Cannot.*\n~ two\n~ four\n~ Cannot.*\n");
}

static void test_parent_is_not_made(void **state)
{
    struct fixture *f = *state;

    f->settings.main_path = path_in(f, "a/b/mainlog");
    configure(f);
    log_write(LOG_MAIN, "x");
    expect(f, "paniclog", "~ x\n~ Cannot open main log file .*: No such file or directory: euid=.*\n");
}

static void test_full_disk(void **state)
{
    struct fixture *f = *state;

    f->settings.main_path = STR("/dev/full");
    configure(f);
    log_write(LOG_MAIN, "x");
    expect(f, "paniclog",
           "~ x\n~ Cannot open main log file \"/dev/full\": No space left on device: euid=.*\n");
}

static void test_nothing_can_be_written(void **state)
{
    struct fixture *f = *state;

    f->settings.main_path = f->settings.reject_path = path_in(f, "a/b/mainlog");
    f->settings.panic_path = STR_NULL;
    configure(f);
    log_write(LOG_MAIN, "last words");
    expect(f, "stderr", "~ last words\n~ Cannot open main log file .*\n");
    f->settings.panic_path = path_in(f, "a/b/paniclog");
    configure(f);
    log_write(LOG_MAIN | LOG_REJECT | LOG_PANIC, "x"); /* to syslog, if there is one */
}

static void test_before_configuration(void **state)
{
    struct fixture *f = *state;

    log_close();
    log_write(LOG_MAIN | LOG_REJECT, "nowhere");
    log_write(LOG_MAIN | LOG_PANIC, "panic");
    expect(f, "stderr", "~ panic\n");
    expect(f, "mainlog", "");
}

static void test_to_stderr(void **state)
{
    struct fixture *f = *state;

    f->settings.to_stderr = true;
    configure(f);
    log_write(LOG_MAIN | LOG_REJECT | LOG_PANIC, "H=(x) [1.1.1.1] rejected");
    log_write_more(LOG_MAIN | LOG_REJECT, STR("after DATA"), STR("  Subject: x\n"));
    expect(f, "stderr", "LOG: H=\\(x\\) \\[1\\.1\\.1\\.1\\] rejected\nLOG: after DATA\n");
    expect(f, "mainlog", "");
    expect(f, "paniclog", "");
}

/* The first twenty octets go, whatever they are: with milliseconds, these stay. */
static void test_to_stderr_with_stamp_options(void **state)
{
    struct fixture *f = *state;

    f->settings.to_stderr = f->settings.millisec = f->settings.pid = f->settings.log_timezone = true;
    configure(f);
    log_write(LOG_MAIN, "x");
    expect(f, "stderr", "LOG: [0-9]{3} \\+0000 \\[[0-9]+\\] x\n");
}

static void test_with_debugging(void **state)
{
    struct fixture *f = *state;

    assert_true(debug_select(STR("-all+acl"), NULL));
    log_write(LOG_MAIN | LOG_REJECT | LOG_PANIC, "x");
    log_write(LOG_REJECT, "y");
    expect(f, "stderr", "LOG: MAIN PANIC REJECT\n  x\nLOG: REJECT\n  y\n");
    expect(f, "mainlog", "~ x\n");
    f->settings.to_stderr = true;
    configure(f);
    log_write(LOG_MAIN, "z");
    expect(f, "stderr", ".*LOG: MAIN\n  z\n");
    expect(f, "mainlog", "~ x\n");
}

static void test_selected(void **state)
{
    struct fixture *f = *state;

    assert_false(log_selected(LOG_SEL_pid));
    assert_false(log_selector_parse(STR("+eightbitmime"), &f->settings.selectors, NULL));
    assert_true(log_selector_parse(STR("-all +unknown_in_list +8bitmime"), &f->settings.selectors, NULL));
    configure(f);
    assert_true(log_selected(LOG_SEL_unknown_in_list));
    assert_true(log_selected(LOG_SEL_eightbitmime));
    assert_false(log_selected(LOG_SEL_pid));
    assert_false(log_selected(LOG_SEL_queue_run));
}

static void test_settings_are_copied(void **state)
{
    struct fixture *f = *state;
    char path[100];

    snprintf(path, sizeof path, "%s/other", f->directory);
    f->settings.main_path = str_of(path);
    configure(f);
    memset(path, 'x', sizeof path - 1);
    log_write(LOG_MAIN, "x");
    expect(f, "other", "~ x\n");
}

static void test_errno_is_kept(void **state)
{
    (void)state;
    errno = ENOTTY;
    log_write(LOG_MAIN | LOG_PANIC, "x");
    assert_int_equal(errno, ENOTTY);
}

static void test_descriptors_close_at_exec(void **state)
{
    struct fixture *f = *state;

    log_write(LOG_MAIN | LOG_REJECT | LOG_PANIC, "x");
    struct str command = str_printf(f->arena, "ls -l /proc/self/fd | grep -c %s.*log$ >%s", f->directory,
                                    path_in(f, "count").s);
    assert_int_equal(WEXITSTATUS(system(command.s)), 1);
    assert_str(contents(f, "count"), "0\n");
}

/* Processes writing at the same time: whole lines, none lost. */
static void test_several_writers(void **state)
{
    enum { WRITERS = 4, LINES = 100 };
    struct fixture *f = *state;
    char text[101];

    memset(text, 'w', 100);
    text[100] = '\0';
    for (int i = 0; i < WRITERS; i++)
        if (fork() == 0) {
            for (int line = 0; line < LINES; line++)
                log_write(LOG_MAIN, "%s", text);
            _exit(0);
        }
    for (int i = 0; i < WRITERS; i++)
        wait(NULL);
    FILE *file = fopen(path_in(f, "mainlog").s, "r");
    char line[200];
    int count = 0;
    assert_non_null(file);
    for (; fgets(line, sizeof line, file) != NULL; count++) {
        assert_int_equal(strlen(line), 20 + 100 + 1);
        assert_int_equal(strspn(line + 20, "w"), 100);
    }
    fclose(file);
    assert_int_equal(count, WRITERS * LINES);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_each_log),
        TEST(test_files),
        TEST(test_stamp_options),
        TEST(test_timezone),
        TEST(test_one_line_whatever_the_text),
        TEST(test_own_newlines),
        TEST(test_more),
        TEST(test_long_line),
        TEST(test_no_reject_log),
        TEST(test_rotation),
        TEST(test_truncation),
        TEST(test_directory_is_made),
        TEST(test_owner),
        TEST(test_dated_names),
        TEST(test_main_log_unwritable),
        TEST(test_parent_is_not_made),
        TEST(test_full_disk),
        TEST(test_nothing_can_be_written),
        TEST(test_before_configuration),
        TEST(test_to_stderr),
        TEST(test_to_stderr_with_stamp_options),
        TEST(test_with_debugging),
        TEST(test_selected),
        TEST(test_settings_are_copied),
        TEST(test_errno_is_kept),
        TEST(test_descriptors_close_at_exec),
        TEST(test_several_writers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
