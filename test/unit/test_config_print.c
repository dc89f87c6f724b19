/* -bP. The forms are those of the packaged Exim. */
#include <unistd.h>

#include "base/buffer.h"
#include "config_testing.h"

#define assert_begins(text, start) assert_memory_equal((text), (start), sizeof(start) - 1)

static void prints_options(void **state)
{
    static const struct config_case cases[] = {
        {"", "foo", "! foo is not a known option"},
        {"", "no_allow_utf8_domains", "! no_allow_utf8_domains is not a known option"},
        {"", "smtp_load_reserve", "smtp_load_reserve ="},
        {"", "trusted_users", "trusted_users ="},
        {"", "acl_smtp_rcpt", "acl_smtp_rcpt = "},
        {"", "allow_utf8_domains", "no_allow_utf8_domains"},
        {"", "local_interfaces", "local_interfaces = <; ::0 ; 0.0.0.0"},
        /* Not in use: what it is all the same. */
        {"", "queue_only_load", "queue_only_load ="},
        {"", "auto_thaw", "auto_thaw = 0s"},
        {"", "check_spool_space", "check_spool_space = 10M"},
        {"", "bounce_return_size_limit", "bounce_return_size_limit = 100K"},
        {"", "bounce_return_body", "bounce_return_body"},
        {"", "deliver_drop_privilege", "no_deliver_drop_privilege"},
        {"", "dns_retry", "dns_retry = 0"},
        {"", "local_scan", "! local_scan() options are not supported"},
    };
    struct config_bench *bench = *state;

    CHECK_CASES(bench, cases);
    bench->no_labels = true;
    assert_string_equal(show(bench, "qualify_domain = x\n", "qualify_domain"), "x");
    assert_string_equal(show(bench, "", "smtp_accept_max"), "20");
    assert_string_equal(show(bench, "", "trusted_users"), "");
    assert_string_equal(show(bench, "", "allow_utf8_domains"), "no_allow_utf8_domains");
    assert_string_equal(show(bench, "domainlist x = a:b\n", "+x"), "a:b");
}

static void prints_all_options(void **state)
{
    const char *all = show(*state, "primary_hostname = a\ndaemon_smtp_port = 25\n", "all"), *line = all;
    size_t count, lines = 1, shown = 0;
    const struct option *rows = main_option_table(&count);

    for (size_t i = 0; i < count; i++)
        shown += rows[i].state != OPTION_SYNONYM && rows[i].state != OPTION_ABSENT;
    while ((line = strchr(line, '\n')) != NULL) {
        lines++;
        line++;
    }
    assert_int_equal(lines, shown);
    assert_begins(all, "accept_8bitmime\n");
    assert_non_null(strstr(all, "\nqualify_domain = a\n"));
    assert_non_null(strstr(all, "\ndaemon_smtp_ports = 25\n"));
    assert_null(strstr(all, "daemon_smtp_port ="));
}

static void hides_values(void **state)
{
    struct config_bench *bench = *state;
    static const char text[] = "hide qualify_domain = secret\n"
                               "hide no_accept_8bitmime\n"
                               "hide smtp_accept_max = 42\n"
                               "begin things\n"
                               "t:\n"
                               " driver = gadget\n"
                               " hide a_string = secret\n"
                               " hide condition = secret\n"
                               "u:\n"
                               " driver = gadget\n"
                               " a_string = other\n";

    assert_string_equal(show(bench, text, "qualify_domain"), "qualify_domain = secret");
    bench->admin = false;
    assert_string_equal(show(bench, text, "qualify_domain"), "qualify_domain = <value not displayable>");
    assert_string_equal(show(bench, text, "accept_8bitmime"), "no_accept_8bitmime");
    assert_string_equal(show(bench, text, "smtp_accept_max"), "smtp_accept_max = <value not displayable>");
    assert_string_equal(show(bench, text, "primary_hostname"), show(bench, "", "primary_hostname"));
    assert_null(strstr(show(bench, text, "things"), "secret"));
    assert_null(strstr(show(bench, text, "things"), "other")); /* hidden in one instance, hidden in all */
    assert_null(strstr(show(bench, text, "config"), "secret"));
    assert_string_equal(show(bench, "X = secret\n", "macros"), "! exim: permission denied");
    assert_string_equal(show(bench, "X = secret\n", "macro X"), "! exim: permission denied");
    assert_null(strstr(show(bench, "X = secret\n", "config"), "secret"));
    bench->no_labels = true;
    assert_string_equal(show(bench, text, "qualify_domain"), "<value not displayable>");
}

static void prints_macros(void **state)
{
    struct config_bench *bench = *state;
    const char *all = show(bench, "FOO = a\tb\\\n c\nBAR = 1\nFOO == 2 FOO\n", "macros");
    size_t n = strlen(all);

    assert_string_equal(all + n - strlen("\nFOO=2 a\tbc\nBAR=1"), "\nFOO=2 a\tbc\nBAR=1");
    assert_non_null(strstr(all, "\n_HAVE_IPV6=y\n"));
    assert_true(strstr(all, "_LOG_TLS_RESUMPTION=y") < strstr(all, "_LOG_TLS_PEERDN=y")); /* backwards */
    all = show(bench, "FOO = 1\n.ifdef _HAVE_IPV6\n.endif\n", "macro_list");
    assert_non_null(strstr(all, "\n_HAVE_IPV6\n"));
    assert_string_equal(all + strlen(all) - 4, "\nFOO");
    assert_string_equal(show(bench, "FOO = a b\n", "macro FOO"), "FOO=a b");
    assert_string_equal(show(bench, "FOO = a b\n", "macro BAR"), "! macro BAR not found");
    assert_string_equal(show(bench, "FOO = a b\n", "macro"), "! macro is not a known option");
    bench->defines[0] = "BAR=7";
    assert_string_equal(show(bench, "FOO = a b\n", "macro BAR"), "BAR=7");
    bench->no_labels = true;
    assert_string_equal(show(bench, "FOO = a b\n", "macro FOO"), "a b");
}

static void prints_drivers(void **state)
{
    struct config_bench *bench = *state;
    static const char text[] =
        "begin things\nt:\n public_name = x\n driver = gadget\n no_a_true_bool\nu:\n driver = gadget\n";
    const char *t = show(bench, text, "thing t"), *all = show(bench, text, "things");

    assert_begins(t, "condition = \ndriver = gadget\npublic_name = x\nno_a_bool\n"
                     "a_bool_template\na_condition = \na_domain_list = \n");
    assert_non_null(strstr(t, "\nno_a_true_bool\n"));
    assert_begins(all, "\nt thing:\ncondition = \n");
    assert_non_null(strstr(all, "\n\nu thing:\ncondition = \ndriver = gadget\npublic_name = \n"));
    assert_string_equal(show(bench, text, "thing_list"), "t\nu");
    assert_string_equal(show(bench, text, "thing v"), "! thing v not found");
    assert_string_equal(show(bench, text, "thing"), "! thing is not a known option");
    assert_string_equal(show(bench, text, "thing_lists"), "! thing_lists is not a known option");
    assert_string_equal(show(bench, text, "routers"), "");
    assert_string_equal(show(bench, text, "transport_list"), "");
    assert_string_equal(show(bench, text, "router foo"), "! router foo not found");
    assert_string_equal(show(bench, text, "router"), "! router is not a known option");
}

static void prints_the_text(void **state)
{
    struct config_bench *bench = *state;
    const char *dir = bench->files->directory;

    bench_file(bench, "inc", "# in include\nsmtp_accept_max = 3\n");
    assert_string_equal(show(bench,
                             "# comment\n"
                             "AAA  =  x\n"
                             "qualify_domain   =   AAA\t z   \n"
                             "domainlist d = a : \\\n"
                             "   b\n"
                             "hide  log_selector = +pid\n"
                             ".ifdef NOPE\n"
                             "foo = bar\n"
                             ".endif\n"
                             ".include inc\n"
                             "exim_version = 4.9\n"
                             "local_interfaces = \"a   b\"  \n"
                             "\n"
                             "begin acl\n"
                             "FOO = y\n"
                             "a:\n"
                             "  accept  domains = a\n"
                             "    # c\n"
                             "    hosts = :\n"
                             " bar: deny\n"
                             "baz :\n"
                             "  warn message = FOO:\n"
                             "begin things\n"
                             "T:\n"
                             "  driver = gadget\n"
                             "  hide a_string = \"x  y\"\n"
                             "begin routers\n",
                             "config"),
                        str_printf(bench->arena,
                                   "# Exim Configuration (4.9)\n"
                                   "# 1 \"%s/conf\"\n"
                                   "AAA = x\n"
                                   "qualify_domain = x z\n"
                                   "domainlist d = a : b\n"
                                   "hide log_selector = +pid\n"
                                   "# 10 \"%s/conf\"\n"
                                   "# 1 \"%s/inc\"\n"
                                   "smtp_accept_max = 3\n"
                                   "# 10 \"%s/conf\"\n"
                                   "exim_version = 4.9\n"
                                   "local_interfaces = \"a   b\"\n"
                                   "\n"
                                   "begin acl\n"
                                   "  FOO = y\n"
                                   "\n"
                                   "  a:\n"
                                   "    accept domains = a\n"
                                   "    hosts = :\n"
                                   "    bar: deny\n"
                                   "\n"
                                   "  baz :\n"
                                   "    warn message = y:\n"
                                   "\n"
                                   "begin things\n"
                                   "\n"
                                   "  T:\n"
                                   "    driver = gadget\n"
                                   "    hide a_string = \"x  y\"\n"
                                   "\n"
                                   "begin routers",
                                   dir, dir, dir, dir)
                            .s);
}

static void prints_the_environment(void **state)
{
    struct config_bench *bench = *state;
    char *own[] = {"A=x=y", "B=", NULL}, **callers = environ;

    environ = own;
    assert_string_equal(show(bench, "", "environment"), "A=x=y\nB=");
    bench->no_labels = true;
    assert_string_equal(show(bench, "", "environment"), "A\nB");
    environ = callers;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        bench_test(prints_options),
        bench_test(prints_all_options),
        bench_test(hides_values),
        bench_test(prints_macros),
        bench_test(prints_drivers),
        bench_test(prints_the_text),
        bench_test(prints_the_environment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
