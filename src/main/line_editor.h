/* Reading lines from a terminal with libreadline, which is loaded only when it is wanted, and need not be there. */
#ifndef MAIN_LINE_EDITOR_H
#define MAIN_LINE_EDITOR_H

#include <stdbool.h>

struct line_editor {
    char *(*readline)(const char *prompt); /* the line, malloc()ed; NULL: end of input */
    void (*add_history)(const char *line);
};

/* False: standard input is no terminal, the build does not want it (USE_READLINE), or there is no library. */
bool line_editor_open(struct line_editor *editor);

#endif
