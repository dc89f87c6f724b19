/* -bi: has alias files rebuilt, by a command of the administrator's (manual, 5.2). */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "main/modes.h"

/* The command has the rights of the caller, whatever this program has. */
int alias_mode(struct program *program)
{
    const struct str command = program->config->main.bi_command;
    const struct command_line *cl = program->cl;
    char *argv[] = {(char *)command.s, (char *)cl->alias_file, NULL};

    if (*cl->arguments) {
        fputs("exim: incompatible command-line options or arguments\n", stderr);
        return 1;
    }
    if (str_is_empty(command))
        return 0;
    if (setgid(getgid()) != 0 || setuid(getuid()) != 0)
        fprintf(stderr, "exim: cannot become the caller: %s\n", strerror(errno));
    else if (execv(argv[0], argv) != 0)
        fprintf(stderr, "exim: exec '%s' failed: %s\n", argv[0], strerror(errno));
    return 1;
}
