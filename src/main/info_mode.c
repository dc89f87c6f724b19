/* -bI: what scripts ask the program about itself (manual, 5.2). */
#include <stdio.h>
#include <string.h>

#include "auths/auth.h"
#include "base/dscp.h"
#include "lookups/lookup.h"
#include "main/modes.h"
#include "passwords/password.h"

static void help(FILE *out)
{
    fputs("The -bI: flag takes a string indicating which information to provide.\n"
          "If the string is not recognised, you'll get this help (on stderr).\n"
          "\n"
          "  exim -bI:help    this information\n"
          "  exim -bI:dscp    list of known dscp value keywords\n"
          "  exim -bI:sieve   list of supported sieve extensions\n"
          "  exim -bI:modules list of drivers, lookups and password checkers that are loaded when they are named\n"
          "  exim -bI:unsupported\n"
          "                   list of what Exim knows and this build of gatepost does not\n",
          out);
}

/* ctx: what the names of their modules begin with. */
static void print_module(void *ctx, const char *name, bool module)
{
    const char *kind = ctx;

    if (module)
        printf("%s_%s\n", kind, name);
}

/* Types of one module follow each other: ctx is the module of the type before. */
static void print_lookup_module(void *ctx, const char *name, const char *module)
{
    const char **before = ctx;

    (void)name;
    if (module && (!*before || strcmp(*before, module) != 0))
        printf("lookup_%s\n", module);
    *before = module;
}

int info_mode(const char *what)
{
    if (strcmp(what, "help") == 0) {
        help(stdout);
        return 0;
    }
    if (strcmp(what, "dscp") == 0) {
        for (unsigned i = 0; dscp_name(i) != NULL; i++)
            puts(dscp_name(i));
        return 0;
    }
    if (strcmp(what, "modules") == 0) {
        const char *before = NULL;

        auth_driver_each(print_module, (void *)"auth");
        lookup_type_each(print_lookup_module, &before);
        password_checker_each(print_module, (void *)"password");
        return 0;
    }
    if (strcmp(what, "sieve") == 0) /* no filters, no extensions: the list is empty */
        return 0;
    if (strcmp(what, "unsupported") == 0) {
        unsupported_print(program_classes);
        return 0;
    }
    help(stderr);
    return 1;
}
