/* Option settings and values of every type. The expected values and messages are those of the packaged Exim,
 * but where a comment says otherwise. */
#include "base/buffer.h"
#include "config_testing.h"

#define THING "begin things\nt:\n driver = gadget\n "

/* The line of a driver's option in what -bP says about the driver. */
static const char *thing_line(struct config_bench *bench, const char *setting, const char *option)
{
    const char *all = show(bench, str_printf(bench->arena, THING "%s\n", setting).s, "thing t"), *line = all;
    size_t n = strlen(option);

    for (; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, option, n) == 0 && strchr(" =\n", line[n]))
            return str_copy_n(bench->arena, line, strcspn(line, "\n"), false).s;
    }
    return all;
}

struct value_case {
    const char *setting, *option, *expected;
};

static void check_values(struct config_bench *bench, const struct value_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *got = thing_line(bench, cases[i].setting, cases[i].option);

        if (strcmp(got, cases[i].expected) != 0)
            fail_msg("%s\n     got: %s\nexpected: %s", cases[i].setting, got, cases[i].expected);
    }
}

#define CHECK_VALUES(bench, cases) check_values((bench), (cases), sizeof(cases) / sizeof *(cases))

static void reads_booleans(void **state)
{
    static const struct value_case cases[] = {
        {"a_bool", "a_bool", "a_bool"},
        {"a_bool = yes", "a_bool", "a_bool"},
        {"a_bool=TRUE", "a_bool", "a_bool"},
        {"a_bool =", "a_bool", "a_bool"},
        {"a_bool = no", "no_a_bool", "no_a_bool"},
        {"a_true_bool = False", "no_a_true_bool", "no_a_true_bool"},
        {"no_a_true_bool", "no_a_true_bool", "no_a_true_bool"},
        {"not_a_true_bool", "no_a_true_bool", "no_a_true_bool"},
        {"", "no_a_bool", "no_a_bool"},
        {"", "a_true_bool", "a_true_bool"},
        {"a_bool = maybe", "", "4: \"maybe\" is not a valid value for the \"a_bool\" option"},
        {"a_bool = \"yes\"", "", "4: \"\" is not a valid value for the \"a_bool\" option"},
        {"a_bool yes", "", "4: extra characters follow boolean option a_bool"},
        {"a_bool # on", "",
         "4: extra characters follow boolean option a_bool (# is comment only at line start)"},
        {"a_bool = yes # on", "",
         "4: extra characters follow \"yes\" for boolean option a_bool (# is comment only at line start)"},
        {"a_bool = yes no", "", "4: extra characters follow \"yes\" for boolean option a_bool"},
        {"no_a_bool = yes", "", "4: extra characters follow boolean option no_a_bool"},
        {"no_an_int", "", "4: negation prefix applied to a non-boolean option"},
        {"no_an_int = 4", "", "4: negation prefix applied to a non-boolean option"},
    };

    CHECK_VALUES(*state, cases);
}

static void reads_integers(void **state)
{
    static const struct value_case cases[] = {
        {"", "an_int", "an_int = 7"},
        {"an_int = 12", "an_int", "an_int = 12"},
        {"an_int = -5", "an_int", "an_int = -5"},
        {"an_int = +5k", "an_int", "an_int = 5120"},
        {"an_int = 010K", "an_int", "an_int = 8192"},
        {"an_int = 0", "an_int", "an_int = 0"},
        {"an_int = 0x1F", "an_int", "an_int = 31"},
        {"an_int = -0x10", "an_int", "an_int = -16"},
        {"an_int = 1M", "an_int", "an_int = 1048576"},
        {"an_int = 2147483647", "an_int", "an_int = 2147483647"},
        {"an_int = -2147483648", "an_int", "an_int = -2147483648"},
        {"an_mkint = 1M", "an_mkint", "an_mkint = 1M"},
        {"an_mkint = 1g", "an_mkint", "an_mkint = 1024M"},
        {"an_mkint = 3072", "an_mkint", "an_mkint = 3K"},
        {"an_mkint = 500", "an_mkint", "an_mkint = 500"},
        {"", "an_mkint", "an_mkint = 0"},
        {"", "a_kint", "a_kint = 10M"},
        {"a_kint = 5", "a_kint", "a_kint = 5K"},
        {"a_kint = 0x400", "a_kint", "a_kint = 1M"},
        {"a_kint = 1023", "a_kint", "a_kint = 1023K"},
        {"a_kint = 2G", "a_kint", "a_kint = 2G"},
        {"", "an_octal", "an_octal = 0600"},
        {"an_octal = 644", "an_octal", "an_octal = 0644"},
        {"an_int = abc", "", "4: integer expected for an_int"},
        {"an_int =", "", "4: integer expected for an_int"},
        {"an_int = \"12\"", "", "4: integer expected for an_int"},
        {"an_int = - 5", "", "4: integer expected for an_int"},
        {"an_int = 10x", "", "4: extra characters follow integer value for an_int"},
        {"an_int = 10 # ten", "",
         "4: extra characters follow integer value for an_int (# is comment only at line start)"},
        {"an_int = 10#", "",
         "4: extra characters follow integer value for an_int (# is comment only at line start)"},
        {"an_int = 10 K", "", "4: extra characters follow integer value for an_int"},
        {"an_int = 089", "", "4: extra characters follow integer value for an_int"},
        {"an_int = 0x", "", "4: extra characters follow integer value for an_int"},
        {"an_int = 3G", "", "4: absolute value of integer \"3G\" is too large (overflow)"},
        {"an_int = 1T", "", "4: absolute value of integer \"1T\" is too large (overflow)"},
        {"an_int = 99999999999999999999999", "",
         "4: absolute value of integer \"99999999999999999999999\" is too large (overflow)"},
        {"an_int", "", "4: unexpected end of line (data missing) after an_int"},
        {"an_int 5", "", "4: missing \"=\" after an_int"},
        {"an_octal = 888", "", "4: octal integer expected for an_octal"},
        {"an_octal = 68", "", "4: extra characters follow octal integer value for an_octal"},
    };

    CHECK_VALUES(*state, cases);
}

static void reads_fixed_point(void **state)
{
    static const struct value_case cases[] = {
        {"", "a_fixed", "a_fixed ="},
        {"a_fixed = 0", "a_fixed", "a_fixed = 0.0"},
        {"a_fixed = 3.", "a_fixed", "a_fixed = 3.0"},
        {"a_fixed = 1.5", "a_fixed", "a_fixed = 1.5"},
        {"a_fixed = 3.05", "a_fixed", "a_fixed = 3.05"},
        {"a_fixed = 0.005", "a_fixed", "a_fixed = 0.005"},
        {"a_fixed = 3.1239", "a_fixed", "a_fixed = 3.123"},
        {"a_fixed = abc", "", "4: fixed-point number expected for a_fixed"},
        {"a_fixed =", "", "4: fixed-point number expected for a_fixed"},
        {"a_fixed = 3.12a", "", "4: extra characters follow fixed-point value for a_fixed"},
        {"a_fixed = 3.1 # pi", "",
         "4: extra characters follow fixed-point value for a_fixed (# is comment only at line start)"},
        {"a_fixed = 0x3", "", "4: extra characters follow fixed-point value for a_fixed"},
        {"a_fixed = -3", "", "4: integer \"-3\" is too large (overflow)"},
        /* The packaged Exim takes what no longer fits and makes something else of it. */
        {"a_fixed = 99999999", "", "4: integer \"99999999\" is too large (overflow)"},
    };

    CHECK_VALUES(*state, cases);
}

static void reads_times(void **state)
{
    static const struct value_case cases[] = {
        {"", "a_time", "a_time = 5m"},
        {"a_time = 0s", "a_time", "a_time = 0s"},
        {"a_time = 90m", "a_time", "a_time = 1h30m"},
        {"a_time = 5m3h", "a_time", "a_time = 3h5m"},
        {"a_time = 1w2d3h4m5s", "a_time", "a_time = 1w2d3h4m5s"},
        {"a_time = 5", "", "4: invalid time value for a_time"},
        {"a_time = 5x", "", "4: invalid time value for a_time"},
        {"a_time = 1H", "", "4: invalid time value for a_time"},
        {"a_time = 1h30m 5", "", "4: invalid time value for a_time"},
        {"a_time = \"12s\"", "", "4: invalid time value for a_time"},
        {"a_time =", "", "4: invalid time value for a_time"},
        {"a_time = 99999999w", "", "4: invalid time value for a_time"},
        {"", "a_time_list", "a_time_list = "},
        {"a_time_list =", "a_time_list", "a_time_list = "},
        {"a_time_list = 1h:2h:3d", "a_time_list", "a_time_list = 1h:2h:3d"},
        {"a_time_list = 1h : 120m : 3d", "a_time_list", "a_time_list = 1h:2h:3d"},
        {"a_time_list = 0s", "a_time_list", "a_time_list = "},
        {"a_time_list = 1h:2h:5x", "", "4: invalid time value for a_time_list"},
        {"a_time_list = 1h:2h:", "", "4: invalid time value for a_time_list"},
        {"a_time_template = 90m", "a_time_template", "a_time_template = 1h30m"},
        {"a_time_template = ${if eq{a}{b}{1m}{2m}}", "a_time_template",
         "a_time_template = ${if eq{a}{b}{1m}{2m}}"},
        {"a_time_template = foo", "", "4: invalid time value for a_time_template"},
        {"an_int_template = 2K", "an_int_template", "an_int_template = 2K"},
        {"an_int_template = \"3\"", "an_int_template", "an_int_template = 3"},
        {"an_int_template = ${eval:3+4}", "an_int_template", "an_int_template = ${eval:3+4}"},
        {"an_int_template = foo", "", "4: integer expected for an_int_template"},
    };

    CHECK_VALUES(*state, cases);
}

static void reads_strings(void **state)
{
    static const struct value_case cases[] = {
        {"a_string = a b", "a_string", "a_string = a b"},
        {"a_string =    spaces kept?   ", "a_string", "a_string = spaces kept?"},
        {"a_string\t=\ta\tb", "a_string", "a_string = a\\tb"},
        {"a_string = a\\tb \"c\"   ", "a_string", "a_string = a\\tb \"c\""},
        {"a_string = \"a\\tb\\x41\\101\\\\\\\"\\n\\r\\\n   continued\\q\"", "a_string",
         "a_string = a\\tbAA\\\"\\n\\rcontinuedq"},
        {"a_string = \"\\x08\\x7f\\351\"", "a_string", "a_string = \\b\\177\\351"},
        {"a_string = \xc3\xa9", "a_string", "a_string = \\303\\251"},
        {"a_string = \" x \"  ", "a_string", "a_string =  x "},
        {"a_string = 'x'", "a_string", "a_string = 'x'"},
        {"a_string = \"\"", "a_string", "a_string = "},
        {"a_string = \"x\\x4\"", "a_string", "a_string = x\\004"},
        {"a_string = \"\\18\"", "a_string", "a_string = \\0018"},
        {"a_rewrite = *@a b@c", "a_rewrite", "a_rewrite = *@a b@c"},
        {"a_template = \"$x\\n\"", "a_template", "a_template = $x\\n"},
        {"a_template_list = a : $b", "a_template_list", "a_template_list = a : $b"},
        {"a_string = \"abc", "", "4: missing quote at end of string value for a_string"},
        {"a_string = \"abc\\\"", "", "4: missing quote at end of string value for a_string"},
        {"a_string = \"", "", "4: missing quote at end of string value for a_string"},
        {"a_string = \"abc\" def", "", "4: extra characters follow string value for a_string"},
        {"a_string = \"\"x", "", "4: extra characters follow string value for a_string"},
        /* The packaged Exim ends the value there. */
        {"a_string = \"a\\0b\"", "", "4: NUL in string value for a_string"},
        {"a_string = \"a\\xzz\"", "", "4: NUL in string value for a_string"},
        {"a_string = \"a\\400\"", "", "4: NUL in string value for a_string"},
    };

    CHECK_VALUES(*state, cases);
}

static void reads_what_may_be_expanded(void **state)
{
    static const struct value_case cases[] = {
        {"", "a_tristate", "a_tristate"},
        {"no_a_tristate", "no_a_tristate", "no_a_tristate"},
        {"a_tristate = false", "no_a_tristate", "no_a_tristate"},
        {"a_tristate = $x", "", "4: \"\" is not a valid value for the \"a_tristate\" option"},
        {"", "a_bool_template", "a_bool_template"},
        {"not_a_bool_template", "no_a_bool_template", "no_a_bool_template"},
        {"a_bool_template = no", "no_a_bool_template", "no_a_bool_template"},
        {"a_bool_template = ${if eq{a}{b}}", "a_bool_template", "a_bool_template = ${if eq{a}{b}}"},
        {"a_bool_template = \"$x\"", "a_bool_template", "a_bool_template = $x"},
        {"a_bool_template = maybe", "", "4: \"maybe\" is not a valid value for the \"a_bool_template\" option"},
        {"no_a_bool_template = $x", "", "4: extra characters follow boolean option no_a_bool_template"},
        {"", "a_user", "a_user = "},
        {"a_user = 0", "a_user", "a_user = root"},
        {"a_user = daemon", "a_user", "a_user = daemon"},
        {"a_group = ${if eq{a}{b}{x}}", "a_group", "a_group = ${if eq{a}{b}{x}}"},
        {"a_user = nosuch", "", "4: user nosuch was not found"},
        {"a_group = nosuch", "", "4: group nosuch was not found"},
    };

    CHECK_VALUES(*state, cases);
}

static void joins_settings(void **state)
{
    static const struct value_case cases[] = {
        {"some_headers = \"a\\n\"", "some_headers", "some_headers = a"},
        {"some_headers = a\n some_headers = \"b\\n\\n\\n\"\n some_headers = c", "some_headers",
         "some_headers = a\\nb\\n\\n\\nc"},
        {"some_headers = a \\nb", "some_headers", "some_headers = a \\nb"},
        {"some_names = c : d", "some_names", "some_names = c:d"},
        {"some_names =\n some_names = <; c; d\n some_names = e::f: g", "some_names", "some_names = c:d:e::f:g"},
        {"some_names = : a : : b\n some_names = <; a:x ; b", "some_names", "some_names = a::b:a::x:b"},
        {"some_variables = r_x = 1\n some_variables = r_y = 2 ", "some_variables",
         "some_variables = r_x = 1;r_y = 2"},
        {"a_condition = $x", "a_condition", "a_condition = $x"},
        {"a_condition = $x\n a_condition = true\n a_condition = y", "a_condition",
         "a_condition = ${if and{{bool_lax{${if and{{bool_lax{$x}}{bool_lax{true}}}}}}{bool_lax{y}}}}"},
    };

    CHECK_VALUES(*state, cases);
}

static void reads_users(void **state)
{
    static const struct value_case cases[] = {
        {"", "a_uid", "a_uid = "},
        {"a_uid = root", "a_uid", "a_uid = root"},
        {"a_uid = 0", "a_uid", "a_uid = root"},
        {"a_uid = 4294960000", "a_uid", "a_uid = 4294960000"},
        {"a_gid = root", "a_gid", "a_gid = root"},
        {"", "a_uid_list", "a_uid_list ="},
        {"a_uid_list =", "a_uid_list", "a_uid_list ="},
        {"a_uid_list = root : 1", "a_uid_list", "a_uid_list = root:daemon"},
        {"a_uid_list = <; root ; daemon", "a_uid_list", "a_uid_list = root:daemon"},
        {"a_uid_list = ${if eq{a}{a}{root}}", "a_uid_list", "a_uid_list = root"},
        {"a_gid_list = 0:daemon", "a_gid_list", "a_gid_list = root:daemon"},
        {"a_uid = no such", "", "4: user no such was not found"},
        {"a_uid = 99999999999", "", "4: user 99999999999 was not found"},
        {"a_uid =", "", "4: user  was not found"},
        {"a_gid = nosuch", "", "4: group nosuch was not found"},
        {"a_uid_list = root:nosuch", "", "4: user nosuch was not found"},
        {"a_uid_list = ${if foo}", "", "4: failed to expand a_uid_list: unknown condition \"foo\""},
    };

    CHECK_VALUES(*state, cases);
}

static void reads_lists(void **state)
{
    static const struct value_case cases[] = {
        {"", "a_host_list", "a_host_list = *"},
        {"a_host_list =", "a_host_list", "a_host_list = "},
        {"a_host_list = 10.0.0.0/8 : +x", "a_host_list", "a_host_list = 10.0.0.0/8 : +x"},
        {"a_domain_list = \"a\\t: b\"", "a_domain_list", "a_domain_list = a\\t: b"},
        {"an_address_list = *@a", "an_address_list", "an_address_list = *@a"},
        {"a_local_part_list = a", "a_local_part_list", "a_local_part_list = a"},
    };

    CHECK_VALUES(*state, cases);
}

static void reads_settings(void **state)
{
    static const struct config_case cases[] = {
        {"foo = 1\n", "all", "1: main option \"foo\" unknown"},
        {"no_foo\n", "all", "1: main option \"no_foo\" unknown"},
        {"qualify-domain = x\n", "all", "1: main option \"qualify\" unknown"},
        {"1foo\n", "all", "1: option setting expected: 1foo"},
        {"\"qualify_domain\" = 1\n", "all", "1: option setting expected: \"qualify_domain\" = 1"},
        {"qualify_domain\n", "all", "1: unexpected end of line (data missing) after qualify_domain"},
        {"qualify_domain : x\n", "all", "1: missing \"=\" after qualify_domain"},
        {"hide\n", "all", "1: main option \"\" unknown"},
        {"hide = a\n", "all", "1: main option \"\" unknown"},
        {"hidequalify_domain = a\n", "all", "1: main option \"hidequalify_domain\" unknown"},
        {"hide  no_accept_8bitmime\n", "accept_8bitmime", "no_accept_8bitmime"},
        {"hide\tqualify_domain = a\n", "qualify_domain", "qualify_domain = a"},
        {"qualify_domain = a\nsmtp_accept_max = 3\nqualify_domain = b\n", "all",
         "3: \"qualify_domain\" option set for the second time"},
        {"accept_8bitmime\nno_accept_8bitmime\n", "all",
         "2: \"no_accept_8bitmime\" option set for the second time"},
        {"daemon_smtp_port = 25\n", "daemon_smtp_ports", "daemon_smtp_ports = 25"},
        {"daemon_smtp_port = 25\n", "daemon_smtp_port", "daemon_smtp_port = 25"},
        {"daemon_smtp_port = 25\ndaemon_smtp_ports = 26\n", "daemon_smtp_ports", "daemon_smtp_ports = 26"},
        {"daemon_smtp_port = 25\ndaemon_smtp_port = 26\n", "all",
         "2: \"daemon_smtp_port\" option set for the second time"},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa = 4\n", "all",
         "1: exim item name too long (>64), unable to use "
         "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\" (truncated)"},
    };

    CHECK_CASES(*state, cases);
}

static void refuses_what_is_not_there(void **state)
{
    static const struct config_case cases[] = {
        {"av_scanner = clamd:/run/clamd\n", "all",
         "1: option \"av_scanner\" is known to Exim but not supported by gatepost"},
        {"\n\ngnutls_compat_mode = yes\n", "all",
         "3: option \"gnutls_compat_mode\" is known to Exim but not supported by gatepost"},
        {"panic_coredump\n", "all", "1: option \"panic_coredump\" is known to Exim but not supported by gatepost"},
        {"spool_wireformat\n", "all",
         "1: option \"spool_wireformat\" is known to Exim but not supported by gatepost"},
        {"check_spool_space = 10x\n", "all",
         "1: extra characters follow integer value for check_spool_space"},
        /* What changes nothing is taken. */
        {"tls_advertise_hosts =\n", "tls_advertise_hosts", "tls_advertise_hosts = "},
        {"no_queue_only\n", "queue_only", "no_queue_only"},
        {"check_spool_space = 10240\n", "check_spool_space", "check_spool_space = 10M"},
        {"never_users =\n", "never_users", "never_users ="},
        {"auto_thaw = 0m\n", "auto_thaw", "auto_thaw = 0s"},
        {"bounce_return_body = true\n", "bounce_return_body", "bounce_return_body"},
        {"delay_warning = 24h\n", "delay_warning", "delay_warning = 1d"},
    };

    CHECK_CASES(*state, cases);
    assert_string_equal(thing_line(*state, "a_refused = x", ""),
                        "4: option \"a_refused\" is known to Exim but not supported by gatepost");
    assert_string_equal(thing_line(*state, "a_refused = usual", "a_refused"), "a_refused = usual");
}

static void keeps_the_table_sorted(void **state)
{
    size_t count;
    const struct option *rows = main_option_table(&count);

    (void)state;
    assert_true(count > 270);
    for (size_t i = 1; i < count; i++)
        if (strcmp(rows[i - 1].name, rows[i].name) >= 0)
            fail_msg("%s is not in its place", rows[i].name);
}

/* Every default can be written as a setting, changes nothing, and is how -bP shows the option. */
static void has_defaults_as_an_admin_would_write_them(void **state)
{
    struct config_bench *bench = *state;
    size_t count;
    const struct option *rows = main_option_table(&count);

    for (size_t i = 0; i < count; i++) {
        const struct option *row = &rows[i];
        const char *text, *expected;

        if (row->state == OPTION_SYNONYM || row->type == OPTION_UID || row->type == OPTION_GID ||
            !row->default_text)
            continue;
        text = str_printf(bench->arena, "%s = %s\n", row->name, row->default_text).s;
        expected = row->type == OPTION_BOOL
                       ? row->name
                       : str_printf(bench->arena, "%s = %s", row->name, row->default_text).s;
        assert_string_equal(show(bench, text, row->name), expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        bench_test(reads_booleans),
        bench_test(reads_integers),
        bench_test(reads_fixed_point),
        bench_test(reads_times),
        bench_test(reads_strings),
        bench_test(reads_what_may_be_expanded),
        bench_test(joins_settings),
        bench_test(reads_users),
        bench_test(reads_lists),
        bench_test(reads_settings),
        bench_test(refuses_what_is_not_there),
        bench_test(keeps_the_table_sorted),
        bench_test(has_defaults_as_an_admin_would_write_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
