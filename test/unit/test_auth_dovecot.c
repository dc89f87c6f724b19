/* The dovecot driver with services that take a connection and then take their time: a wait has an end. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "auth_testing.h"
#include "base/clock.h"
#include "temp_files.h"

extern const struct auth_driver auth_driver_dovecot;

enum { PATIENCE = 1, PIECES = 100, MICROSECONDS = 100000 };

static int listen_at(struct str path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0 && path.n < sizeof address.sun_path);
    memcpy(address.sun_path, path.s, path.n + 1);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 1), 0);
    return fd;
}

/* Says the beginning of a line, an octet now and then, for longer than anybody waits. */
static pid_t start_dripping(int listener)
{
    pid_t pid = fork();

    if (pid == 0) {
        int fd = accept(listener, NULL, NULL);

        for (int i = 0; i < PIECES && write(fd, "V", 1) == 1; i++)
            usleep(MICROSECONDS);
        _exit(0);
    }
    return pid;
}

static void assert_put_off(struct temp_files *files, bool dripping)
{
    struct str path = temp_path(files, "socket");
    int listener = listen_at(path);
    pid_t pid = dripping ? start_dripping(listener) : 0;
    struct auth_fixture *f;
    struct auth_exchange *x;

    auth_setup((void **)&f, &auth_driver_dovecot);
    auth_set_option(f, "server_socket", &path, sizeof path);
    x = auth_begin_server(f);
    x->deadline = deadline_in(PATIENCE);
    assert_int_equal(auth_exchange_step(x, STR("x")), AUTH_DEFER);
    assert_string_equal(x->message.s, "authentication socket read timed out");
    auth_exchange_end(x);
    auth_teardown((void **)&f);
    close(listener);
    if (pid > 0) {
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
}

static void silent_service(void **state)
{
    assert_put_off(*state, false);
}

static void dripping_service(void **state)
{
    assert_put_off(*state, true);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        temp_files_test(silent_service),
        temp_files_test(dripping_service),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
