/* Checking a password in a child process: whatever a library does to the process, leaks or waits for, a session
 * survives it, and can put an end to it when its time is up. Inside src/passwords only. */
#ifndef PASSWORDS_IN_CHILD_H
#define PASSWORDS_IN_CHILD_H

#include <stdbool.h>

#include "base/error.h"
#include "base/str.h"

/* Runs check(ctx), which tells its result by in_child_report() and returns what that does. *code and *text are the
 * result; the text lives in the arena. False: there is none within the time that password_settings() gives; err says
 * why, with the name in front. */
bool in_child(struct arena *arena, const char *name, int (*check)(void *ctx), void *ctx, int *code, struct str *text,
              struct error *err);

/* In the child: the result, an integer and a text that may be cut. The process's exit status. */
int in_child_report(int code, const char *text);

#endif
