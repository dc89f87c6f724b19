/* Checking a password in a child process: see in_child.h. The result goes through the child's standard output. */
#include "passwords/in_child.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/child.h"
#include "base/clock.h"
#include "passwords/password.h"

enum {
    REPORT_LIMIT = 512, /* octets */
    DECIMAL = 10,
};

int in_child_report(int code, const char *text)
{
    char report[REPORT_LIMIT];
    int n = snprintf(report, sizeof report, "%d %s", code, text);

    if (n >= REPORT_LIMIT)
        n = REPORT_LIMIT - 1;
    return n > 0 && write(STDOUT_FILENO, report, (size_t)n) == n ? EXIT_SUCCESS : EXIT_FAILURE;
}

static bool read_report(struct arena *arena, struct str report, int *code, struct str *text)
{
    char *end;

    *code = (int)strtol(report.s, &end, DECIMAL);
    if (end == report.s || *end != ' ')
        return false;
    *text = str_copy(arena, str_of(end + 1));
    return true;
}

bool in_child(struct arena *arena, const char *name, int (*check)(void *ctx), void *ctx, int *code, struct str *text,
              struct error *err)
{
    const struct child_spec spec = {
        .run = check,
        .ctx = ctx,
        .input = STR_NULL,
        .output_limit = REPORT_LIMIT,
        .deadline = deadline_in(password_settings()->timeout),
    };
    struct buffer report = BUFFER_IN(arena);
    int status = 0;

    switch (child_run(&spec, &report, &status, err)) {
    case CHILD_EXITED:
        return read_report(arena, buffer_str(&report), code, text) || error_set(err, "%s: no result", name);
    case CHILD_KILLED:
        return error_set(err, "%s: died of signal %d", name, status);
    case CHILD_TIMEOUT:
        return error_set(err, "%s: took more than %d seconds", name, password_settings()->timeout);
    case CHILD_FAILED:
        break;
    }
    return false;
}
