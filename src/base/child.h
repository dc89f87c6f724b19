/* Running a command, or a function, as a child process with its input, output and time under control. */
#ifndef BASE_CHILD_H
#define BASE_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/str.h"

struct child_spec {
    char *const *argv;       /* argv[0] is the absolute path; NULL-terminated; NULL: there is a function instead */
    int (*run)(void *ctx);   /* what is run in a child of this process; its value becomes the exit status */
    void *ctx;
    char *const *envp;       /* NULL: the caller's environment */
    struct str input;        /* fed to the standard input; STR_NULL: /dev/null */
    size_t output_limit;     /* octets kept of standard output and error; the rest is discarded */
    bool merge_stderr;       /* standard error goes where standard output goes, else to /dev/null */
    int64_t deadline;        /* the child, its group and its descendants are killed when it passes */
    const char *directory;   /* where it runs; NULL: where the caller does */
    bool change_user;        /* it runs as this user, of this group and no other: needs root */
    uid_t uid;
    gid_t gid;
};

enum child_status {
    CHILD_EXITED,  /* *code is the exit status */
    CHILD_KILLED,  /* *code is the signal */
    CHILD_TIMEOUT, /* killed by us */
    CHILD_FAILED,  /* could not be started or watched; err says why */
};

/* Runs the command or function until it has ended and nobody holds its output open any more; output is added
 * to `out`, whose taint stays as it was. It gets the first three descriptors and default
 * signal settings, nothing else of ours. SIGPIPE has to be ignored (main does), SIGCHLD must not be. */
enum child_status child_run(const struct child_spec *spec, struct buffer *out, int *code, struct error *err);

#endif
