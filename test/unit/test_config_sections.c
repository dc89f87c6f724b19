/* Sections, driver stanzas, ACLs and named lists; what is set when nothing is said; the file itself. The
 * messages are those of the packaged Exim. */
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/log.h"
#include "config_testing.h"
#include "expand/expand.h"

static void knows_its_sections(void **state)
{
    static const struct config_case cases[] = {
        {"begin foo\n", "all", "1: \"foo\" is not a known configuration section name"},
        {"begin acl foo\n", "all", "1: \"acl foo\" is not a known configuration section name"},
        {"begin = 1\n", "all", "1: \"= 1\" is not a known configuration section name"},
        {"begin\n", "all", "1: main option \"begin\" unknown"},
        {"beginacl\n", "all", "1: main option \"beginacl\" unknown"},
        {"begin acl\nbegin acl\n", "all", "2: \"acl\" section is repeated in the configuration file"},
        {"begin  things\n\nbegin things\n", "all",
         "3: \"things\" section is repeated in the configuration file"},
        {"begin retry\nbegin acl\nbegin retry\n", "all",
         "3: \"retry\" section is repeated in the configuration file"},
        {"begin local_scan\n", "all",
         "1: local_scan() options not supported: (LOCAL_SCAN_HAS_OPTIONS not defined in Local/Makefile)"},
        {"Begin ACL\na:\n accept\nbegin\tthings\nt:\n driver = gadget\n", "thing_list", "t"},
        {"qualify_domain = a\nbegin routers\nbegin transports\n\n# c\nbegin retry\nbegin rewrite\n",
         "qualify_domain", "qualify_domain = a"},
        {"begin routers\n# c\nr:\n driver = accept\n", "all",
         "3: section \"routers\" is known to Exim but not supported by gatepost"},
        {"begin transports\nt:\n", "all",
         "2: section \"transports\" is known to Exim but not supported by gatepost"},
        {"begin routers\nFOO = a\nbegin acl\nFOO:\n", "macro FOO", "FOO=a"},
        /* Main options end with the first section. */
        {"log_selector = +foo\nbegin foo\n", "all",
         "Exim configuration error:\n  unknown log_selector setting: +foo"},
    };

    CHECK_CASES(*state, cases);
}

static void makes_drivers_of_stanzas(void **state)
{
    static const struct config_case cases[] = {
        {"begin things\nb:\n driver = gadget\na :\n driver=\"gadget\"\n", "thing_list", "b\na"},
        {"begin things\nt:\n public_name = x\n driver = gadget\n a_string = y\n", "thing_list", "t"},
        {"begin things\nT1_x:\n driver = gadget\nFOO = bar\nFOO:\n driver = gadget\n", "thing_list",
         "T1_x\nbar"},
        {"begin things\nt\n", "all", "2: thing name missing"},
        {"begin things\n driver = gadget\n", "all", "2: thing name missing"},
        {"begin things\n1t:\n", "all", "2: thing name missing"},
        {"begin things\nt-x:\n", "all", "2: thing name missing"},
        {"begin things\nt: driver = gadget\n", "all", "2: extra characters follow driver name t"},
        {"begin things\nt:\n public_name = x\n", "all",
         "Exim configuration error:\n  no driver defined for thing \"t\""},
        {"begin things\nt:\nu:\n driver = gadget\n", "all",
         "Exim configuration error:\n  no driver defined for thing \"t\""},
        {"begin things\nt:\nbegin acl\n", "all",
         "Exim configuration error:\n  no driver defined for thing \"t\""},
        {"begin things\nt:\n driver = gadget\nt:\n driver = gadget\n", "all",
         "Exim configuration error:\n  there are two things called \"t\""},
        {"begin things\nt:\n a_string = x\n driver = gadget\n", "all",
         "3: option \"a_string\" unknown (\"driver\" must be specified before any private options)"},
        {"begin things\nt:\n driver = gadget\n nosuch = 1\n", "all", "4: option \"nosuch\" unknown"},
        {"begin things\nt:\n driver = nosuch\n", "all", "3: thing t: cannot find thing driver \"nosuch\""},
        {"begin things\nt:\n driver =\n", "all", "3: thing t: cannot find thing driver \"\""},
        {"begin things\nt:\n driver = gadget\n driver = gadget\n", "all",
         "4: \"driver\" option set for the second time"},
        {"begin things\nt:\n driver = gadget\n a_int\n", "all", "4: option \"a_int\" unknown"},
        {"begin things\nt:\n driver = gadget\n public_name = x\n public_name = y\n", "all",
         "5: \"public_name\" option set for the second time"},
        {"begin things\nt:\n driver = gadget\n -x\n", "all", "4: option setting expected: -x"},
        {"begin things\nt:\n driver = gadget\n FOO = y\n public_name = FOO\n", "all",
         "5: thing name missing"},
        {"begin things\n"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:\n",
         "all",
         "2: exim item name too long (>64), unable to use "
         "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\" (truncated)"},
        /* The class has its say. */
        {"begin things\n\nt:\n driver = gadget\n public_name = bad\n\n", "all", "3: a bad thing"},
        {"begin things\nt:\n driver = gadget\n public_name = worse\n", "all",
         "Exim configuration error:\n  a worse thing"},
        {"begin things\na:\n driver=gadget\nb:\n driver=gadget\nc:\n driver=gadget\nd:\n driver=gadget\n",
         "all", "Exim configuration error:\n  4 things are too many"},
    };

    CHECK_CASES(*state, cases);
}

static void remembers_where_stanzas_are(void **state)
{
    struct config *config =
        bench_good(*state, "begin things\n\nt:\n driver = gadget\nu:\n driver = gadget\n");
    struct driver_instance *t = config_drivers(config, "things");

    assert_str(t->name, "t");
    assert_int_equal(t->where.line, 3);
    assert_string_equal(t->where.file, config->file.s);
    assert_string_equal(t->driver->name, "gadget");
    assert_str(t->next->name, "u");
    assert_null(t->next->next);
    assert_null(config_drivers(config, "routers"));
    config_free(config);
}

static void collects_acls(void **state)
{
    struct config *config = bench_good(*state, "begin acl\n"
                                               "X = hosts\n"
                                               "a:\n"
                                               "  accept X = a \\\n"
                                               "     : b\n"
                                               "  deny\n"
                                               "b : warn\n"
                                               "Y = 1\n"
                                               "c:\n");

    assert_int_equal(config->acl_count, 3);
    assert_str(config->acls[0].name, "a");
    assert_int_equal(config->acls[0].where.line, 3);
    assert_int_equal(config->acls[0].lines.n, 2);
    assert_str(config->acls[0].lines.v[0].text, "accept hosts = a : b");
    assert_int_equal(config->acls[0].lines.v[0].where.line,
                     5); /* the last of the joined lines, as Exim says it */
    assert_str(config->acls[0].lines.v[1].text, "deny");
    assert_str(config->acls[1].lines.v[0].text, "warn");
    assert_int_equal(config->acls[1].lines.v[0].where.line, 7);
    assert_int_equal(config->acls[2].lines.n, 0);
    config_free(config);
}

static void takes_many_acls(void **state)
{
    struct config_bench *bench = *state;
    struct buffer b = BUFFER_IN(bench->arena);
    struct config *config;

    buffer_add_cstr(&b, "begin acl\n");
    for (int i = 0; i < 100; i++) {
        buffer_printf(&b, "a%d:\n", i);
        for (int j = 0; j <= i; j++)
            buffer_printf(&b, " accept condition = %d\n", j);
    }
    config = bench_good(bench, buffer_str(&b).s);
    assert_int_equal(config->acl_count, 100);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(config->acls[i].lines.n, i + 1);
    assert_str(config->acls[99].lines.v[50].text, "accept condition = 50");
    config_free(config);
}

static void refuses_bad_acls(void **state)
{
    static const struct config_case cases[] = {
        {"begin acl\nfoo\n", "all", "2: missing or malformed ACL name"},
        {"begin acl\n1foo:\n", "all", "2: missing or malformed ACL name"},
        {"begin acl\nfoo-bar:\n", "all", "2: missing or malformed ACL name"},
        {"begin acl\nfoo:\n accept\nFOO = x\n accept\n", "all", "5: missing or malformed ACL name"},
        {"begin acl\nfoo:\n accept\nfoo:\n", "all", "4: there are two ACLs called \"foo\""},
        {"begin acl\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:\n", "all",
         "2: exim item name too long (>64), unable to use "
         "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\" (truncated)"},
    };

    CHECK_CASES(*state, cases);
}

static void keeps_rules(void **state)
{
    struct config *config = bench_good(*state, "A = x\n"
                                               "begin retry\n"
                                               "A.example * F,2h,15m; \\\n"
                                               "  G,16h,1h,1.5\n"
                                               "FOO = bar\n"
                                               "begin rewrite\n"
                                               "# c\n"
                                               "*@A A@b.c\n");

    assert_int_equal(config->retry_rules.n, 2);
    assert_string_equal(config->retry_rules.v[0].text.s, "x.example * F,2h,15m; G,16h,1h,1.5");
    assert_int_equal(config->retry_rules.v[0].where.line, 4);
    assert_string_equal(config->retry_rules.v[1].text.s, "FOO = bar");
    assert_int_equal(config->rewrite_rules.n, 1);
    assert_string_equal(config->rewrite_rules.v[0].text.s, "*@x x@b.c");
    assert_int_equal(config->rewrite_rules.v[0].where.line, 8);
    config_free(config);
}

static void defines_named_lists(void **state)
{
    static const struct config_case cases[] = {
        {"domainlist x = a : b\n", "+x", "domainlist x = a : b"},
        {"domainlist 1x=a\n", "+1x", "domainlist 1x = a"},
        {"domainlist x =\n", "+x", "domainlist x = "},
        {"domainlist_cache x = a\n", "+x", "domainlist x = a"},
        {"domainlist x = \"a:\\x62\"\n", "+x", "domainlist x = a:b"},
        {"hide hostlist x = a\n", "+x", "hostlist x = <value not displayable>"},
        {"hide localpartlist_cache x = a\n", "+x", "localpartlist x = <value not displayable>"},
        {"addresslist x = a@b\nhostlist x = 1.2.3.4\n", "+x", "addresslist x = a@b\nhostlist x = 1.2.3.4"},
        {"domainlist x = a\n", "+y", "! no address, domain, host, or local part list called \"y\" exists"},
        {"domainlist x = a\n", "domainlist", "! domainlist is not a known option"},
        {"domainlist x = a\ndomainlist x = b\n", "all", "2: duplicate name \"x\" for a named domain list"},
        {"domainlist x\n", "all", "1: missing '=' after \"x\""},
        {"domainlist x y = a\n", "all", "1: missing '=' after \"x\""},
        {"domainlist 1-x = a\n", "all", "1: missing '=' after \"1\""},
        {"domainlist hide x = a\n", "all", "1: missing '=' after \"hide\""},
        {"domainlist\n", "all", "1: unrecognized configuration line"},
        {"domainlistx = a\n", "all", "1: unrecognized configuration line"},
        {"domainlist x = \"a\n", "all", "1: missing quote at end of string value for x"},
        /* The packaged Exim defines a list without a name. */
        {"domainlist = a\n", "all", "1: missing '=' after \"\""},
    };

    CHECK_CASES(*state, cases);
}

static void fills_in_what_is_not_said(void **state)
{
    struct config *config = bench_good(*state, "");
    struct utsname names;

    uname(&names);
    assert_true(str_starts(config->main.primary_hostname, names.nodename) ||
                str_find(config->main.primary_hostname, '.') >= 0);
    assert_true(str_eq(config->main.qualify_domain, config->main.primary_hostname));
    assert_true(str_eq(config->main.qualify_recipient, config->main.primary_hostname));
    assert_true(config->main.accept_8bitmime);
    assert_int_equal(config->main.smtp_accept_max, 20);
    assert_int_equal(config->main.smtp_load_reserve, -1);
    assert_int_equal(config->host_number, -1);
    assert_str(list_source(config->main.auth_advertise_hosts), "*");
    assert_str(template_source(config->main.smtp_receive_timeout), "5m");
    assert_true(config->log_selectors >> LOG_SEL_smtp_confirmation & 1);
    assert_false(config->log_selectors >> LOG_SEL_pid & 1);
    assert_null(config->main.acl_smtp_rcpt);
    assert_true(str_is_null(config->main.timezone));
    config_free(config);
}

static void finishes_the_main_options(void **state)
{
    static const struct config_case cases[] = {
        {"primary_hostname = a\n", "qualify_recipient", "qualify_recipient = a"},
        {"primary_hostname = a\nqualify_domain =\n", "qualify_recipient", "qualify_recipient = "},
        {"primary_hostname = a\nspool_directory = /x/$primary_hostname\nlog_file_path = "
         "$spool_directory/%slog\n",
         "log_file_path", "log_file_path = /x/a/%slog"},
        {"pid_file_path = /run/${uc:a}\n", "pid_file_path", "pid_file_path = /run/A"},
        {"spool_directory = ${if foo}\n", "all",
         "failed to expand spool_directory \"${if foo}\": unknown condition \"foo\""},
        {"pid_file_path = ${if foo}\n", "all",
         "failed to expand pid_file_path \"${if foo}\": unknown condition \"foo\""},
        {"spool_directory =\n", "all", "spool_directory undefined: cannot proceed"},
        {"log_selector = +foo\n", "all", "Exim configuration error:\n  unknown log_selector setting: +foo"},
        {"log_selector = foo\n", "all",
         "Exim configuration error:\n  malformed log_selector setting: + or - expected but found \"foo\""},
        {"localhost_number = 20\n", "all",
         "Exim configuration error:\n  localhost_number is greater than the maximum allowed value (16)"},
        {"localhost_number = foo\n", "all",
         "Exim configuration error:\n  localhost_number value is not a number: foo"},
        {"localhost_number = ${if foo}\n", "all",
         "failed to expand localhost_number \"${if foo}\": unknown condition \"foo\""},
        {"localhost_number = ${if eq{a}{a}{3}}\n", "localhost_number",
         "localhost_number = ${if eq{a}{a}{3}}"},
    };
    struct config *config;

    CHECK_CASES(*state, cases);
    config =
        bench_good(*state, "localhost_number = ${if eq{a}{a}{3}}\nlog_selector = +pid -smtp_confirmation\n");
    assert_int_equal(config->host_number, 3);
    assert_true(config->log_selectors >> LOG_SEL_pid & 1);
    assert_false(config->log_selectors >> LOG_SEL_smtp_confirmation & 1);
    config_free(config);
}

/* Reads one of the files, with the checks of owner and mode. */
static const char *read_files(struct config_bench *bench, const char *first, const char *second)
{
    const char *files[] = {first, second, NULL};
    struct config_request request = {.files = files};
    struct error err = ERROR_IN(bench->arena);
    struct config *config = config_read(&request, &err);

    if (!config)
        return config_error_text(bench->arena, &err).s;
    first = str_copy(bench->arena, config->file).s;
    config_free(config);
    return first;
}

static void finds_its_file(void **state)
{
    struct config_bench *bench = *state;
    const char *file = bench_file(bench, "a", ""), *bad = bench_file(bench, "bad", "\nfoo\n");

    chmod(file, 0644);
    assert_string_equal(read_files(bench, "/nonexistent", NULL), "non-existent configuration file(s): "
                                                                 "/nonexistent");
    assert_string_equal(read_files(bench, "/non", "/existent"),
                        "non-existent configuration file(s): /non:/existent");
    if (geteuid() == 0) {
        assert_string_equal(read_files(bench, "/nonexistent", file), file);
        assert_string_equal(read_files(bench, file, "/nonexistent"), file);
        assert_string_equal(read_files(bench, bad, NULL),
                            str_printf(bench->arena, "Exim configuration error in line 2 of %s:\n"
                                                     "  main option \"foo\" unknown", bad).s);
    }
    assert_non_null(strstr(read_files(bench, bench->files->directory, NULL),
                           geteuid() == 0 ? ": Is a directory (euid=" : "has the wrong owner"));
}

static void wants_a_safe_file(void **state)
{
    struct config_bench *bench = *state;
    const char *file = bench_file(bench, "a", ""),
               *wrong = str_printf(bench->arena,
                                   "Exim configuration file %s has the wrong owner, group, or mode", file)
                            .s;

    chmod(file, 0646);
    assert_string_equal(read_files(bench, file, NULL), wrong);
    if (geteuid() != 0)
        return;
    chmod(file, 0664);
    assert_string_equal(read_files(bench, file, NULL), file);
    assert_int_equal(chown(file, 0, 1), 0);
    assert_string_equal(read_files(bench, file, NULL), wrong);
    chmod(file, 0644);
    assert_string_equal(read_files(bench, file, NULL), file);
    assert_int_equal(chown(file, 1, 0), 0);
    assert_string_equal(read_files(bench, file, NULL), wrong);
    assert_string_equal(show(bench, "", "config_file"),
                        str_printf(bench->arena, "%s/conf", bench->files->directory).s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        bench_test(knows_its_sections),
        bench_test(makes_drivers_of_stanzas),
        bench_test(remembers_where_stanzas_are),
        bench_test(collects_acls),
        bench_test(takes_many_acls),
        bench_test(refuses_bad_acls),
        bench_test(keeps_rules),
        bench_test(defines_named_lists),
        bench_test(fills_in_what_is_not_said),
        bench_test(finishes_the_main_options),
        bench_test(finds_its_file),
        bench_test(wants_a_safe_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
