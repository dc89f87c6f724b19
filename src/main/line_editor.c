/* The line editor: see line_editor.h. */
#include "main/line_editor.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "build_config.h"

static bool find(void *library, const char *name, void *function)
{
    void *symbol = dlsym(library, name);

    memcpy(function, &symbol, sizeof symbol);
    return symbol != NULL;
}

/* The library stays loaded: it is in use until the process ends. */
bool line_editor_open(struct line_editor *editor)
{
    static const char *const names[] = {"libreadline.so.8", "libreadline.so.7", "libreadline.so"};

    if (!USE_READLINE || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        void *library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);

        if (library && find(library, "readline", &editor->readline) &&
            find(library, "add_history", &editor->add_history))
            return true;
    }
    return false;
}
