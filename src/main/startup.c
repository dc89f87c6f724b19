/* Getting ready: from the command line to a loaded configuration. */
#include "main/startup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "auths/auth.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/print.h"
#include "base/strlist.h"
#include "hints/hints.h"
#include "lookups/lookup.h"
#include "mail/rewrite.h"
#include "match/dns_policy.h"
#include "passwords/password.h"
#include "routers/router.h"
#include "smtp/services.h"
#include "tls/tls.h"
#include "transports/transport.h"

#include "build_config.h"

const struct driver_class *const program_classes[] = {&auth_class, &router_class, &transport_class, NULL};

/* The names of a colon-separated list of files. */
static const char *const *file_names(struct arena *arena, const char *list)
{
    struct strlist it;
    struct str item;
    const char **names = ARENA_ARRAY(arena, const char *, 1);
    size_t n = 0;

    strlist_begin(&it, str_of(list), ':');
    while (strlist_next(&it, arena, &item)) {
        names = arena_grow(arena, names, (n + 1) * sizeof *names, (n + 2) * sizeof *names);
        names[n++] = item.s;
    }
    return names;
}

static struct str directory_of(struct arena *arena, struct str file)
{
    ptrdiff_t slash = str_rfind(file, '/');

    return slash > 0 ? str_sub(arena, file, 0, (size_t)slash) : slash == 0 ? STR("/") : STR("");
}

static struct str working_directory(struct arena *arena)
{
    char *path = getcwd(NULL, 0);
    struct str copy = str_copy(arena, str_of(path ? path : ""));

    free(path);
    return copy;
}

static struct scope_process describe_process(struct program *program)
{
    const struct main_options *options = &program->config->main;

    return (struct scope_process){
        .primary_hostname = options->primary_hostname,
        .qualify_domain = options->qualify_domain,
        .qualify_recipient = options->qualify_recipient,
        .spool_directory = options->spool_directory,
        .log_file_path = options->log_file_path,
        .local_interfaces = options->local_interfaces,
        .extra_local_interfaces = options->extra_local_interfaces,
        .hosts_treat_as_local = options->hosts_treat_as_local,
        .host_lookup_order = options->host_lookup_order,
        .config_file = program->config->file,
        .config_dir = directory_of(program->arena, program->config->file),
        .exim_path = options->exim_path,
        .version_number = options->exim_version,
        .compile_date = STR(__DATE__ " " __TIME__),
        .compile_number = STR("1"),
        .exim_uid = options->exim_user.set ? options->exim_user.id : getuid(),
        .exim_gid = options->exim_group.set ? options->exim_group.id : getgid(),
        .bounce_return_size_limit = str_printf(program->arena, "%d", options->bounce_return_size_limit),
        .headers_charset = options->headers_charset,
        .long_encoded_words = !options->check_rfc2047_length,
        .initial_cwd = working_directory(program->arena),
        .strict_acl_vars = options->strict_acl_vars,
        .allow_utf8_domains = options->allow_utf8_domains,
        .strip_trailing_dot = options->strip_trailing_dot,
        .rewrite_rules = program->rewrite,
    };
}

static void configure_hints(struct program *program)
{
    struct scope_process *process = &program->process;

    process->hints = hints_new(program->arena, process->spool_directory, process->exim_uid, process->exim_gid);
}

static void configure_lookups(const struct main_options *options)
{
    const struct lookup_settings settings = {
        .sqlite_dbfile = options->sqlite_dbfile,
        .sqlite_lock_timeout = options->sqlite_lock_timeout,
        .redis_servers = options->redis_servers,
        .ldap_default_servers = options->ldap_default_servers,
        .ldap_ca_cert_dir = options->ldap_ca_cert_dir,
        .ldap_ca_cert_file = options->ldap_ca_cert_file,
        .ldap_cert_file = options->ldap_cert_file,
        .ldap_cert_key = options->ldap_cert_key,
        .ldap_cipher_suite = options->ldap_cipher_suite,
        .ldap_require_cert = options->ldap_require_cert,
        .ldap_start_tls = options->ldap_start_tls,
        .ldap_version = options->ldap_version,
    };

    lookup_configure(&settings);
    search_open_max(options->lookup_open_max);
}

static void configure_passwords(const struct main_options *options)
{
    password_configure(&(struct password_settings){.timeout = options->password_timeout});
}

static bool configure_dns(const struct program *program, struct error *err)
{
    const struct main_options *options = &program->config->main;
    const struct dns_policy policy = {
        .settings = {
            .retrans = options->dns_retrans,
            .retry = options->dns_retry,
            .cname_loops = options->dns_cname_loops,
            .dnssec_ok = options->dns_dnssec_ok,
            .use_edns0 = options->dns_use_edns0,
            .slow_log = options->slow_lookup_log,
            .disable_ipv6 = options->disable_ipv6,
            .csa_search_limit = options->dns_csa_search_limit,
            .csa_use_reverse = options->dns_csa_use_reverse,
        },
        .lists = {
            [DNS_LIST_AGAIN_MEANS_NONEXIST] = options->dns_again_means_nonexist,
            [DNS_LIST_TRUST_AA] = options->dns_trust_aa,
            [DNS_LIST_IPV4_LOOKUP] = options->dns_ipv4_lookup,
        },
        .check_names_pattern = options->dns_check_names_pattern,
        .process = &program->process,
        .named_lists = program->config->lists,
        .services = &smtp_services,
    };
    struct error why = {.arena = err->arena};

    return dns_policy_use(program->arena, &policy, &why) ||
           error_set(err, "dns_check_names_pattern: %.*s", STR_ARG(why.text));
}

/* What would otherwise be found out when the first client wants TLS. */
static bool check_tls(const struct main_options *options, struct error *err)
{
    enum { DH_BITS_LEAST = 1024 }; /* manual, 14: tls_dh_max_bits */

    if (options->tls_dh_max_bits < DH_BITS_LEAST)
        return error_set(err, "tls_dh_max_bits is too small, must be at least %d", DH_BITS_LEAST);
    return tls_openssl_options_check(options->openssl_options, err);
}

/* What the configuration reader leaves to others. */
static bool compile(struct program *program, struct error *err)
{
    const struct config *config = program->config;

    if (config->rewrite_rules.n > 0 &&
        !(program->rewrite = rewrite_compile(program->arena, &config->rewrite_rules, err)))
        return false;
    return retry_rules_compile(program->arena, &config->retry_rules, &program->retry, err) &&
           acl_compile(program->arena, config->acls, config->acl_count, &program->acls, err);
}

/* -or and -os: intervals that were looked at when the command line was read. */
static void override_timeouts(struct program *program)
{
    struct main_options *options = &program->config->main;
    const struct command_line *cl = program->cl;

    if (cl->receive_timeout)
        interval_parse(str_of(cl->receive_timeout), &options->receive_timeout);
    if (cl->smtp_receive_timeout)
        options->smtp_receive_timeout =
            template_compile(program->arena, str_of(cl->smtp_receive_timeout), (struct source_pos){.file = "-os"});
}

struct program *program_load(const struct command_line *cl, struct str *log_file_path, struct error *err)
{
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct program *program = ARENA_NEW(arena, struct program);
    struct config_request request = {
        .files = file_names(arena, cl->config_files ? cl->config_files : CONFIGURE_FILE),
        .defines = cl->defines,
        .classes = program_classes,
        .predefined = acl_macro_names(arena),
        .trusted = geteuid() != 0,
        .log_file_path = log_file_path,
    };

    program->arena = arena;
    program->cl = cl;
    program->delivery_fd = -1;
    program->config = config_read(&request, err);
    if (program->config && compile(program, err)) {
        override_timeouts(program);
        program->process = describe_process(program);
        configure_hints(program);
        configure_lookups(&program->config->main);
        configure_passwords(&program->config->main);
        print_topbitchars(program->config->main.print_topbitchars);
        if (check_tls(&program->config->main, err) && configure_dns(program, err))
            return program;
    }
    if (program->config && log_file_path)
        *log_file_path = str_copy(err->arena, program->config->main.log_file_path);
    program_free(program);
    return NULL;
}

struct scope program_scope(const struct program *program, struct arena *arena)
{
    return (struct scope){
        .arena = arena,
        .services = &smtp_services,
        .lists = program->config->lists,
        .process = &program->process,
    };
}

void program_free(struct program *program)
{
    if (!program)
        return;
    config_free(program->config);
    arena_free(program->arena);
}

void report_error(const struct error *err, enum mode mode)
{
    struct arena *arena = arena_new(ARENA_PLAIN);
    struct str text = config_error_text(arena, err);
    time_t now = time(NULL);
    char stamp[32];

    fflush(stdout);
    switch (mode) {
    case MODE_TEST:
        fprintf(stderr, "LOG: %.*s\n", STR_ARG(text));
        break;
    case MODE_PRINT:
        fprintf(stderr, "LOG: PANIC DIE\n  %.*s\n", STR_ARG(text));
        break;
    default:
        strftime(stamp, sizeof stamp, "%Y-%m-%d %H:%M:%S", localtime(&now));
        fprintf(stderr, "%s %.*s\n", stamp, STR_ARG(text));
    }
    arena_free(arena);
}
