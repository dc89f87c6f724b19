/* -bV: version, what was built in, and the versions of the libraries behind it. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

#include <openssl/crypto.h>
#include <openssl/opensslv.h>

#include "auths/auth.h"
#include "base/arena.h"
#include "base/idna.h"
#include "base/log.h"
#include "lookups/lookup.h"
#include "routers/router.h"
#include "main/modes.h"
#include "transports/transport.h"

#include "build_config.h"

/* A line of those in modules, or of the others; none of none. */
struct lookup_line {
    bool modules;
    size_t n;
};

static void print_lookup(void *ctx, const char *name, const char *module)
{
    struct lookup_line *line = ctx;

    if (line->modules != (module != NULL))
        return;
    if (line->n++ == 0)
        printf("Lookups (%s):", module ? "modules" : "built-in");
    printf(" %s", name);
}

static void print_lookups(bool modules)
{
    struct lookup_line line = {.modules = modules};

    lookup_type_each(print_lookup, &line);
    if (line.n > 0)
        putchar('\n');
}

static void print_driver(void *ctx, const char *name, bool module)
{
    (void)ctx;
    printf(" %s%s", name, module ? "(module)" : "");
}

/* With the formats of mailboxes that it knows besides files. */
static void print_transport(void *ctx, const char *name, bool module)
{
    (void)ctx, (void)module;
    printf(" %s%s", name, strcmp(name, "appendfile") == 0 ? "/maildir" : "");
}

/* What the libraries behind drivers and lookups say: of what is built in, or of the modules that are mapped. To ask
 * must not load a module that the configuration does not name. */
struct reports {
    bool modules;
    struct buffer out;
};

static void add_report(void *ctx, const char *name, bool module)
{
    struct reports *reports = ctx;
    const struct auth_driver *driver = module == reports->modules ? auth_driver_mapped(str_of(name)) : NULL;

    if (driver && driver->version_report)
        driver->version_report(&reports->out);
}

static void add_lookup_report(void *ctx, const char *name, const char *module)
{
    struct reports *reports = ctx;
    bool wanted = (module != NULL) == reports->modules;
    const struct lookup_type *type = wanted ? lookup_type_mapped(str_of(name)) : NULL;

    if (type && type->version_report)
        type->version_report(&reports->out);
}

static void print_reports(bool modules)
{
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct reports reports = {.modules = modules, .out = BUFFER_IN(arena)};

    lookup_type_each(add_lookup_report, &reports);
    auth_driver_each(add_report, &reports);
    printf("%.*s", STR_ARG(buffer_str(&reports.out)));
    arena_free(arena);
}

void version_print_modules(void)
{
    if (debug_any())
        print_reports(true);
}

static void print_libraries(void)
{
    char pcre[64];

    pcre2_config(PCRE2_CONFIG_VERSION, pcre);
    printf("Library version: PCRE2: Compile: %d.%d\n", PCRE2_MAJOR, PCRE2_MINOR);
    printf("                        Runtime: %s\n", pcre);
    printf("Library version: OpenSSL: Compile: %s\n", OPENSSL_VERSION_TEXT);
    printf("                          Runtime: %s\n", OpenSSL_version(OPENSSL_VERSION));
    print_reports(false);
}

void version_print(void)
{
    printf("Exim version %s #1 built %s %s (Gatepost %s)\n", EXIM_VERSION, __DATE__, __TIME__, GATEPOST_VERSION);
    printf("Support for: crypteq IPv6%s OpenSSL TLS_resume Event%s OCSP PRDR PROXY TCP_Fast_Open\n",
           SUPPORT_PAM ? " PAM" : "", idna_is_supported() ? " I18N" : "");
    print_lookups(false);
    print_lookups(true);
    printf("Authenticators:");
    auth_driver_each(print_driver, NULL);
    printf("\nRouters:");
    router_driver_each(print_driver, NULL);
    printf("\nTransports:");
    transport_driver_each(print_transport, NULL);
    printf("\nSize of off_t: %zu\n", sizeof(off_t));
    if (debug_any())
        print_libraries();
}
