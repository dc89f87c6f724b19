/* Sessions with the SMTP reader inside a unit test: see smtp_talking.h. */
#include "smtp_talking.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "auths/auth.h"
#include "base/buffer.h"
#include "base/log.h"

int smtp_bench_setup(void **state)
{
    struct smtp_bench *bench = calloc(1, sizeof *bench);
    void *files;

    if (!bench || temp_files_setup(&files) != 0)
        return -1;
    bench->files = files;
    bench->peer = (struct smtp_peer){
        .mode = SMTP_NETWORK,
        .host_address = STR("192.0.2.1"),
        .host_port = 4321,
        .interface_address = STR("192.0.2.25"),
        .interface_port = 25,
    };
    *state = bench;
    return 0;
}

int smtp_bench_teardown(void **state)
{
    struct smtp_bench *bench = *state;
    void *files = bench->files;

    log_close();
    free(bench);
    return temp_files_teardown(&files);
}

/* Everything behind a descriptor's beginning. */
static struct str contents(struct arena *arena, int fd)
{
    struct buffer b = BUFFER_IN(arena);
    char block[4096];
    ssize_t n;

    lseek(fd, 0, SEEK_SET);
    while ((n = read(fd, block, sizeof block)) > 0)
        buffer_add_n(&b, block, (size_t)n);
    return buffer_str(&b);
}

static int file_with(const char *text, size_t n)
{
    int fd = memfd_create("smtp", MFD_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, n), (ssize_t)n);
    lseek(fd, 0, SEEK_SET);
    return fd;
}

/* A log's lines without what is different every time. */
static const char *log_text(struct smtp_bench *bench, const char *name)
{
    enum { STAMP = sizeof "2026-11-21 00:10:11 " - 1 };
    struct arena *arena = bench->files->arena;
    struct buffer b = BUFFER_IN(arena);
    int fd = open(temp_path(bench->files, name).s, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return "";
    for (const char *p = contents(arena, fd).s; *p;) {
        size_t n = strcspn(p, "\n") + 1;

        if (n > STAMP && p[4] == '-' && p[13] == ':')
            buffer_add_n(&b, p + STAMP, n - STAMP);
        else
            buffer_add_n(&b, p, n);
        p += n;
    }
    close(fd);
    unlink(temp_path(bench->files, name).s);
    return buffer_str(&b).s;
}

static struct config *read_config(struct smtp_bench *bench, const char *text, struct error *err)
{
    static const struct driver_class *const classes[] = {&auth_class, NULL};
    static const char *const none[] = {NULL};
    struct arena *arena = bench->files->arena;
    struct str whole =
        str_join3(arena, STR("primary_hostname = mail.test\nsmtp_banner = ready\ntls_advertise_hosts =\n"
                             "pipelining_connect_advertise_hosts =\n"),
                  str_of(text), STR("\n"));
    const char *files[] = {temp_file(bench->files, "conf", whole.s).s, NULL};
    struct config *config = config_read(&(struct config_request){.files = files,
                                                                 .defines = none,
                                                                 .classes = classes,
                                                                 .trusted = true},
                                        err);

    if (!config)
        fail_msg("%.*s", STR_ARG(err->text));
    return config;
}

static void begin_logs(struct smtp_bench *bench, const struct config *config)
{
    log_configure(&(struct log_settings){
        .main_path = temp_path(bench->files, "main"),
        .reject_path = temp_path(bench->files, "reject"),
        .panic_path = temp_path(bench->files, "panic"),
        .owner = getuid(),
        .group = getgid(),
        .write_rejectlog = true,
        .selectors = config->log_selectors,
    });
}

const char *smtp_talk_octets(struct smtp_bench *bench, const char *text, const char *input, size_t n)
{
    struct arena *arena = bench->files->arena;
    struct error err = ERROR_IN(arena);
    struct config *config = read_config(bench, text, &err);
    struct scope_process process = {
        .primary_hostname = STR("mail.test"),
        .qualify_domain = STR("q.test"),
        .qualify_recipient = STR("r.test"),
        .version_number = STR("4.99"),
    };
    struct acl_set *acls;
    struct buffer replies = BUFFER_IN(arena);
    struct arena *settings_arena = arena_new(ARENA_PLAIN);

    if (!acl_compile(settings_arena, config->acls, config->acl_count, &acls, &err))
        fail_msg("%.*s", STR_ARG(err.text));
    begin_logs(bench, config);
    bench->peer.in_fd = file_with(input, n);
    bench->peer.out_fd = file_with("", 0);
    bench->end = smtp_session_run(smtp_settings_new(settings_arena, config, acls, &process), &bench->peer);
    for (const char *p = contents(arena, bench->peer.out_fd).s; *p; p++)
        if (p[0] != '\r' || p[1] != '\n')
            buffer_add_char(&replies, *p);
    close(bench->peer.in_fd);
    close(bench->peer.out_fd);
    arena_free(settings_arena);
    config_free(config);
    log_close();
    bench->log = log_text(bench, "main");
    bench->reject_log = log_text(bench, "reject");
    return buffer_str(&replies).s;
}

const char *smtp_talk(struct smtp_bench *bench, const char *config, const char *input)
{
    return smtp_talk_octets(bench, config, input, strlen(input));
}
