/* -bI: what scripts ask the program about itself (manual, 5.2). */
#include <stdio.h>
#include <string.h>

#include "auths/auth.h"
#include "main/modes.h"

static void help(FILE *out)
{
    fputs("The -bI: flag takes a string indicating which information to provide.\n"
          "If the string is not recognised, you'll get this help (on stderr).\n"
          "\n"
          "  exim -bI:help    this information\n"
          "  exim -bI:modules list of drivers that are loaded when a stanza names them\n",
          out);
}

static void print_module(void *ctx, const char *name, bool module)
{
    (void)ctx;
    if (module)
        printf("auth_%s\n", name);
}

int info_mode(const char *what)
{
    if (strcmp(what, "help") == 0) {
        help(stdout);
        return 0;
    }
    if (strcmp(what, "modules") == 0) {
        auth_driver_each(print_module, NULL);
        return 0;
    }
    help(stderr);
    return 1;
}
