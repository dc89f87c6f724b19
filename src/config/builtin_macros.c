/* The predefined macros (manual, 6.9): what this build has and knows, for .ifdef. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/log.h"
#include "config/macros.h"
#include "expand/expand.h"

#include "build_config.h"

/* _HAVE_NAME: 0 leaves it out. */
static const struct {
    const char *name;
    int have;
} facilities[] = {
    {"CRYPTEQ", SUPPORT_CRYPTEQ},
    {"EVENT", 1},
    {"I18N", SUPPORT_I18N},
    {"I18N_2008", SUPPORT_I18N_2008},
    {"IPV6", HAVE_IPV6},
    {"LOOKUP_CDB", LOOKUP_CDB},
    {"LOOKUP_DBM", LOOKUP_DBM},
    {"LOOKUP_DNSDB", LOOKUP_DNSDB},
    {"LOOKUP_DSEARCH", LOOKUP_DSEARCH},
    {"LOOKUP_JSON", LOOKUP_JSON},
    {"LOOKUP_LDAP", LOOKUP_LDAP},
    {"LOOKUP_LSEARCH", LOOKUP_LSEARCH},
    {"LOOKUP_PASSWD", LOOKUP_PASSWD},
    {"LOOKUP_REDIS", LOOKUP_REDIS},
    {"LOOKUP_SQLITE", LOOKUP_SQLITE},
    {"OPENSSL", USE_OPENSSL},
    {"PAM", SUPPORT_PAM},
    {"PRDR", 1},
    {"PROXY", SUPPORT_PROXY},
    {"TCP_FASTOPEN", 1},
    {"TLS1_3", 1},
    {"TLS_ALPN", 1},
    {"TLS_CA_CACHE", 1},
    {"TLS_OCSP", 1},
    {"TLS_OCSP_LIST", 1},
};

/* _LOG_NAME */
static const char *const log_names[] = {
    "all",
#define X(text, id, on) #text,
    LOG_SELECTORS(X)
#undef X
};

struct collection {
    struct arena *arena;
    const char *prefix;
    struct macro *v;
    size_t n, capacity;
};

/* Adds the prefix and the name in upper case. */
static void add(struct collection *c, const char *name)
{
    size_t before = strlen(c->prefix), n = before + strlen(name);
    char *whole = arena_alloc(c->arena, n + 1);

    if (c->n == c->capacity) {
        size_t capacity = c->capacity ? 2 * c->capacity : 1024;
        struct macro *v = ARENA_ARRAY(c->arena, struct macro, capacity);

        if (c->n)
            memcpy(v, c->v, c->n * sizeof *v);
        c->v = v;
        c->capacity = capacity;
    }
    for (size_t i = 0; i < n; i++)
        whole[i] = ascii_upper(i < before ? c->prefix[i] : name[i - before]);
    c->v[c->n++] = (struct macro){.name = {whole, n, false}, .value = STR("y"), .builtin = true};
}

static void add_expansion_name(void *ctx, const char *name)
{
    add(ctx, name);
}

static void add_options(struct collection *c, const char *prefix, const struct option *options, size_t count)
{
    c->prefix = prefix;
    for (size_t i = 0; i < count; i++)
        if (options[i].state != OPTION_REFUSED)
            add(c, options[i].name);
}

struct class_at_hand {
    struct collection *collection;
    const struct driver_class *class;
};

/* _DRIVER_CLASS_NAME and _OPT_CLASS_NAME_OPTION */
static void add_driver(void *ctx, const char *name, bool module)
{
    const struct class_at_hand *at = ctx;
    struct collection *c = at->collection;
    const struct driver_info *driver;
    struct str prefix;

    (void)module;
    c->prefix = str_printf(c->arena, "_DRIVER_%s_", at->class->noun).s;
    add(c, name);
    driver = at->class->find(str_of(name), NULL);
    prefix = str_printf(c->arena, "_OPT_%s_%s_", at->class->noun, name);
    if (driver)
        add_options(c, prefix.s, driver->options, driver->option_count);
}

static void add_class(struct collection *c, const struct driver_class *class)
{
    struct class_at_hand at = {c, class};

    add_options(c, str_printf(c->arena, "_OPT_%s_", class->section).s, class->options, class->option_count);
    add(c, "driver");
    if (class->each)
        class->each(add_driver, &at);
}

static void add_expansion_names(struct collection *c)
{
    static const struct {
        const char *kind, *prefix;
    } kinds[] = {
        {"item", "_EXP_ITEM_"},
        {"operator", "_EXP_OP_"},
        {"condition", "_EXP_COND_"},
        {"variable", "_EXP_VAR_"},
    };

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        c->prefix = kinds[i].prefix;
        expand_names(kinds[i].kind, add_expansion_name, c);
    }
}

/* Backwards, so that _LOG_TLS_SNI is tried before what it begins with. */
static int compare(const void *a, const void *b)
{
    return -str_cmp(((const struct macro *)a)->name, ((const struct macro *)b)->name);
}

/* Words for $tls_in_resumption and $tls_out_resumption (manual, 43.17), for listextract: bit 1 is always set. */
static const char resume_decode[] =
    "no ticket wanted, no session offered: 0x02 :ticket wanted, none issued: 0x04 : 0x05 : 0x06 "
    ":session offered, not used, no ticket: 0x08 :ticket issued unasked: 0x0A :ticket wanted and issued: 0x0C "
    ":session offered, not used: 0x0E :session offered, not used, new ticket: 0x10 :resumed: 0x12 :resumed: 0x14 "
    ": 0x15 : 0x16 :resumed: 0x18 :resumed: 0x1A :resumed, new ticket: 0x1C :resumed: 0x1E :resumed, new ticket";

struct macro *macros_builtin(struct arena *arena, const struct config *config)
{
    struct collection c = {.arena = arena, .prefix = "_HAVE_"};
    const struct option *options;
    size_t count;

    for (size_t i = 0; i < sizeof facilities / sizeof *facilities; i++)
        if (facilities[i].have)
            add(&c, facilities[i].name);
    c.prefix = "_LOG_";
    for (size_t i = 0; i < sizeof log_names / sizeof *log_names; i++)
        add(&c, log_names[i]);
    options = main_option_table(&count);
    add_options(&c, "_OPT_MAIN_", options, count);
    for (size_t i = 0; i < config->section_count; i++)
        add_class(&c, config->sections[i].class);
    add_expansion_names(&c);
    c.prefix = "";
    add(&c, "_RESUME_DECODE");
    c.v[c.n - 1].value = STR(resume_decode);
    for (const char *const *name = config->predefined; *name; name++)
        add(&c, *name);
    qsort(c.v, c.n, sizeof *c.v, compare);
    for (size_t i = 0; i < c.n; i++) {
        c.v[i].octets = macros_octets(c.v[i].name);
        c.v[i].next = i + 1 < c.n ? &c.v[i + 1] : NULL;
    }
    return c.v;
}
