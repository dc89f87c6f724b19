/* Lines of configuration files: continuation, comments, macros, conditional parts, included files. The
 * expected values and messages are those of the packaged Exim, but where a comment says otherwise. */
#include "base/buffer.h"
#include "config_testing.h"

static void joins_lines(void **state)
{
    static const struct config_case cases[] = {
        {"qualify_domain = a.b", "qualify_domain", "qualify_domain = a.b"},
        {"  qualify_domain = a.b  \n", "qualify_domain", "qualify_domain = a.b"},
        {"\n\n# c\n   # c\nqualify_domain = a # b\n", "qualify_domain", "qualify_domain = a # b"},
        {"qualify_domain = a.\\\n   b.\\\n   # comment\n   c\n", "qualify_domain", "qualify_domain = a.b.c"},
        {"qualify_domain = a.\\   \n   b. \\\n# comment \\\n   c\n", "qualify_domain",
         "qualify_domain = a.b. c"},
        {"qualify_domain = a.\\\n\nsmtp_accept_max = 4\n", "qualify_domain", "qualify_domain = a."},
        {"qualify_domain = a.\\\n\nsmtp_accept_max = 4\n", "smtp_accept_max", "smtp_accept_max = 4"},
        {"qualify_domain = a.\\", "qualify_domain", "qualify_domain = a."},
        {"qualify_domain = a \\\n  \\\n\\\n", "qualify_domain", "qualify_domain = a"},
        {"\\\n\\\n\nqualify_domain = a\n", "qualify_domain", "qualify_domain = a"},
        {"\\\nqualify_domain = a\n", "qualify_domain", "qualify_domain = a"},
        {"qualify_domain = a\r\nsmtp_accept_max = 4\r\n", "qualify_domain", "qualify_domain = a"},
        {"qualify_domain = \"x\\\n   y\"\n", "qualify_domain", "qualify_domain = xy"},
        {"foo = \\\n   b \\\n   c\n", "all", "3: main option \"foo\" unknown"},
        {"qualify_domain = \\\n   b\nfoo\n", "all", "3: main option \"foo\" unknown"},
    };

    CHECK_CASES(*state, cases);
}

static void replaces_macros(void **state)
{
    static const struct config_case cases[] = {
        {"HN = host\nqualify_domain = HN.test\n", "qualify_domain", "qualify_domain = host.test"},
        {"AA = 1\nqualify_domain = AAA\n", "qualify_domain", "qualify_domain = 1A"},
        {"ABC = y\nAB = x\nqualify_domain = ABC.AB\n", "qualify_domain", "qualify_domain = y.x"},
        {"A  =  1 # hi  \nqualify_domain = [A]\n", "qualify_domain", "qualify_domain = [1 # hi]"},
        {"A  = 1 \\\n   2 \\\n   # c\n   3\nqualify_domain = [A]\n", "qualify_domain",
         "qualify_domain = [1 2 3]"},
        {"A  = \"1 \" \nqualify_domain = A\n", "qualify_domain", "qualify_domain = 1 "},
        {"A = 1\nA == A 2\nA == A 3\nqualify_domain = A\n", "qualify_domain", "qualify_domain = 1 2 3"},
        {"A = B\nB = C\nC = 1\nqualify_domain = A\n", "qualify_domain", "qualify_domain = 1"},
        {"C = 1\nB = D\nA = B\nD = 5\nqualify_domain = A\n", "qualify_domain", "qualify_domain = 5"},
        {"A = AAA\nqualify_domain = A\n", "qualify_domain", "qualify_domain = AAA"},
        {"X =\nX\nX qualify_domain = foo\n", "qualify_domain", "qualify_domain = foo"},
        {"X = #\nX qualify_domain = foo\nqualify_domain = a \\\n X b\n c\n", "qualify_domain",
         "qualify_domain = a c"},
        {"X =\nqualify_domain = a \\\n X\nsmtp_accept_max = 3\n", "smtp_accept_max", "smtp_accept_max = 3"},
        {"X =\nqualify_domain = a \\\n X\\\n b\n", "qualify_domain", "qualify_domain = a b"},
        {"Q = qualify\nQ_domain = x\n", "qualify_domain",
         "Exim configuration error:\n  \"Q_domain\" cannot be defined as a macro because previously defined "
         "macro "
         "\"Q\" is a substring"},
        {"FOO = a\nFOO = b\n", "all",
         "Exim configuration error:\n  macro \"FOO\" is already defined (use \"==\" if you want to redefine "
         "it)"},
        {"FOO == a\n", "all", "Exim configuration error:\n  can't redefine an undefined macro \"FOO\""},
        {"AB = x\nABC = y\n", "all",
         "Exim configuration error:\n  \"ABC\" cannot be defined as a macro because previously defined macro "
         "\"AB\" "
         "is a substring"},
        {"Foo bar\n", "all", "1: malformed macro definition"},
        {"\nA-B = 1\n", "all", "2: malformed macro definition"},
        {"_FOO = 1\n", "all", "1: option setting expected: _FOO = 1"},
        {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA = 1\nqualify_domain = "
         "xAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
         "qualify_domain", "qualify_domain = x1"},
        {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA = 1\n", "all",
         "1: macro name too long (maximum is 63 characters)"},
    };

    CHECK_CASES(*state, cases);
}

static void takes_macros_from_the_command_line(void **state)
{
    struct config_bench *bench = *state;
    static const struct {
        const char *defines[2], *text, *expected;
    } cases[] = {
        {{"FOO=zz"}, "FOO = a\nFOO == b\nqualify_domain = FOO\n", "qualify_domain = zz"},
        {{"FOO"}, "qualify_domain = xFOOy\n", "qualify_domain = xy"},
        {{"FOO = 1 2 "}, "qualify_domain = [FOO]\n", "qualify_domain = [1 2]"},
        {{"FO=a", "FOO=b"}, "qualify_domain = FOO\n", "qualify_domain = aO"},
        {{"FOO=a", "FO=b"}, "qualify_domain = FOO\nFO = x\n", "qualify_domain = a"},
        {{"foo=1"}, "", "exim: macro name set by -D must start with an upper case letter"},
        {{"1=1"}, "", "exim: macro name set by -D must start with an upper case letter"},
        {{""}, "", "exim: macro name set by -D must start with an upper case letter"},
        {{"FOO-x=1"}, "", "exim abandoned: unknown, malformed, or incomplete option -DFOO-x=1"},
        {{"A=1", "A=2"}, "", "exim: duplicated -D in command line"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bench->defines[0] = cases[i].defines[0];
        bench->defines[1] = cases[i].defines[1];
        assert_string_equal(show(bench, cases[i].text, "qualify_domain"), cases[i].expected);
    }
}

static void predefines_macros(void **state)
{
    static const struct config_case cases[] = {
        {".ifdef _HAVE_IPV6\nqualify_domain = x\n.endif\n", "qualify_domain", "qualify_domain = x"},
        {".ifdef _OPT_MAIN_SMTP_BANNER\nqualify_domain = x\n.endif\n", "qualify_domain",
         "qualify_domain = x"},
        {".ifdef _DRIVER_THING_GADGET\nqualify_domain = x\n.endif\n", "qualify_domain", "qualify_domain = x"},
        {".ifdef _OPT_THING_GADGET_A_BOOL\nqualify_domain = x\n.endif\n", "qualify_domain",
         "qualify_domain = x"},
        {".ifdef _OPT_THINGS_PUBLIC_NAME\nqualify_domain = x\n.endif\n", "qualify_domain",
         "qualify_domain = x"},
        {".ifdef _OPT_THINGS_DRIVER\nqualify_domain = x\n.endif\n", "qualify_domain", "qualify_domain = x"},
        {".ifdef _LOG_TLS_SNI\nqualify_domain = x\n.endif\n", "qualify_domain", "qualify_domain = x"},
        {".ifdef _EXP_ITEM_IF\nqualify_domain = x\n.endif\n", "qualify_domain", "qualify_domain = x"},
        {".ifdef _EXP_OP_LC\nqualify_domain = x\n.endif\n", "qualify_domain", "qualify_domain = x"},
        {".ifdef _EXP_COND_MATCH\nqualify_domain = x\n.endif\n", "qualify_domain", "qualify_domain = x"},
        {".ifdef _EXP_VAR_SENDER_ADDRESS\nqualify_domain = x\n.endif\n", "qualify_domain",
         "qualify_domain = x"},
        {".ifdef _ACL_COND_HOSTS\nqualify_domain = x\n.endif\n", "qualify_domain", "qualify_domain = x"},
        /* What cannot be set is not offered. */
        {"qualify_domain = a\n.ifdef _OPT_MAIN_AV_SCANNER\nfoo\n.endif\n", "qualify_domain",
         "qualify_domain = a"},
        {"qualify_domain = a_HAVE_IPV6b_OPT_MAIN_SMTP_BANNERX\n", "qualify_domain", "qualify_domain = aybyX"},
        {"qualify_domain = _LOG_TLS_SNI _LOG_PID\n", "qualify_domain", "qualify_domain = y y"},
        {"_HAVE_IPV6 = 1\n", "all", "1: main option \"y\" unknown"},
        {"X_LOG_8BITMIMEX = 1\n", "all",
         "Exim configuration error:\n  \"X_LOG_8BITMIMEX\" cannot be defined as a macro because previously "
         "defined "
         "macro \"_LOG_8BITMIME\" is a substring"},
    };

    CHECK_CASES(*state, cases);
}

static void leaves_out_parts(void **state)
{
    static const struct config_case cases[] = {
        {".ifdef FOO\nfoo\n.endif\nqualify_domain = x\n", "qualify_domain", "qualify_domain = x"},
        {"FOO =\n.ifdef FOO\nqualify_domain = x\n.endif\n", "qualify_domain", "qualify_domain = x"},
        {"FOO =\n.ifdef xFOOx\nqualify_domain = x\n.endif\n", "qualify_domain", "qualify_domain = x"},
        {".ifdef\nfoo\n.endif\nqualify_domain = x\n", "qualify_domain", "qualify_domain = x"},
        {".ifndef FOO\nqualify_domain = x\n.endif\n", "qualify_domain", "qualify_domain = x"},
        {"A = 1\n.ifdef A\n.elifdef A\nfoo\n.endif\nqualify_domain = x\n", "qualify_domain",
         "qualify_domain = x"},
        {"A = 1\n.ifndef A\nfoo\n.elifdef A\nqualify_domain = x\n.else\nfoo\n.endif\n", "qualify_domain",
         "qualify_domain = x"},
        {"A = 1\n.ifdef B\nfoo\n.elifndef A\nfoo\n.else\nqualify_domain = x\n.endif\n", "qualify_domain",
         "qualify_domain = x"},
        {"A = 1\n.ifdef B\n.ifdef A\nfoo\n.else\nfoo2\n.endif\nfoo3\n.else ignored\nqualify_domain = "
         "x\n.endif ignored\n",
         "qualify_domain", "qualify_domain = x"},
        {".ifdef FOO\nfoo\n.else\nqualify_domain = x\n.elifdef X\nfoo\n.endif\n", "qualify_domain",
         "qualify_domain = x"},
        {".ifdef FOO\n.else\n.else\nfoo\n.endif\nqualify_domain = x\n", "qualify_domain",
         "qualify_domain = x"},
        {"qualify_domain = a. \\\n   .ifdef FOO\n   b\n   .else\n   c\n   .endif\n", "qualify_domain",
         "qualify_domain = a. c"},
        {".ifdef FOO\n.include /nonexistent\n.foo\n.endif\nqualify_domain = x\n", "qualify_domain",
         "qualify_domain = x"},
        {".endif\n", "all", "1: .endif without matching .ifdef"},
        {".else\n", "all", "1: .else without matching .ifdef"},
        {".elifdef x\n", "all", "1: .elifdef without matching .ifdef"},
        {".elifndef x\n", "all", "1: .elifndef without matching .ifdef"},
        {".ifdef A\nfoo\n", "all", "2: Unexpected end of configuration file: .endif missing"},
        {".foo\n", "all", "1: option setting expected: .foo"},
        /* White space of any kind may follow a directive, and nothing else: the packaged Exim takes only a
         * space and passes over the rest in silence. */
        {".ifdef\t_HAVE_IPV6\nqualify_domain = x\n.endif\n", "qualify_domain", "qualify_domain = x"},
        {".elsex\n", "all", "1: option setting expected: .elsex"},
        {".ifdefA\n", "all", "1: option setting expected: .ifdefA"},
    };

    CHECK_CASES(*state, cases);
}

static void nests_conditions_deeply(void **state)
{
    struct config_bench *bench = *state;
    struct buffer b = BUFFER_IN(bench->arena);

    for (int i = 0; i < 1000; i++)
        buffer_add_cstr(&b, i % 2 ? ".ifndef X\n" : ".ifdef X\n.else\n");
    buffer_add_cstr(&b, "qualify_domain = deep\n");
    for (int i = 0; i < 1000; i++)
        buffer_add_cstr(&b, ".endif\n");
    assert_string_equal(show(bench, buffer_str(&b).s, "qualify_domain"), "qualify_domain = deep");
}

static void includes_files(void **state)
{
    static const struct config_case cases[] = {
        {".include @DIR@/seven\n", "smtp_accept_max", "smtp_accept_max = 7"},
        {".include \"@DIR@/seven\"\n", "smtp_accept_max", "smtp_accept_max = 7"},
        {".include seven\n", "smtp_accept_max", "smtp_accept_max = 7"},
        {".include_if_exists @DIR@/seven\n", "smtp_accept_max", "smtp_accept_max = 7"},
        {".include_if_exists @DIR@/nothing\n", "smtp_accept_max", "smtp_accept_max = 20"},
        {"F = .include seven\nF\n", "smtp_accept_max", "smtp_accept_max = 7"},
        {"qualify_domain = \\\n .include parts\n", "qualify_domain", "qualify_domain = a.b : c.d"},
        {"qualify_domain = \\\n .include open\n last\n", "qualify_domain", "qualify_domain = first last"},
        {".include opens\nfoo\n.endif\n", "smtp_accept_max", "smtp_accept_max = 20"},
        {"FOO = 1\n.include macros\nqualify_domain = FOO.BAR\n", "qualify_domain", "qualify_domain = 1.21"},
        {".include bad\n", "all", "bad:2: main option \"foo\" unknown"},
        {"\n.include worse\n", "all", "bad:2: main option \"foo\" unknown"},
        {".include seven\nfoo\n", "all", "2: main option \"foo\" unknown"},
        {".include opens\n", "all", "1: Unexpected end of configuration file: .endif missing"},
        {".include_if_exists seven\n", "all", "1: .include specifies a non-absolute path \"seven\""},
        {".includefoo seven\n", "all", "1: option setting expected: .includefoo seven"},
        /* Nothing is passed over in silence. */
        {".include\n", "all", "1: failed to open included configuration file @DIR@/"},
        {".include @DIR@\n", "all", "1: failed to open included configuration file @DIR@"},
        {".include nothing\n", "all", "1: failed to open included configuration file @DIR@/nothing"},
        {".include \"nothing\n", "all", "1: failed to open included configuration file @DIR@/\"nothing"},
        {".include self\n", "all",
         "self:1: failed to open included configuration file @DIR@/self: nested more than 100 deep"},
    };
    struct config_bench *bench = *state;

    bench_file(bench, "seven", "smtp_accept_max = 7\n");
    bench_file(bench, "bad", "\nfoo = 7\n");
    bench_file(bench, "worse", "# c\n\n.include bad\n");
    bench_file(bench, "parts", "a.b : \\\n c.d\n");
    bench_file(bench, "open", "first \\");
    bench_file(bench, "opens", ".ifdef X\n");
    bench_file(bench, "macros", "BAR = 2FOO\n");
    bench_file(bench, "self", ".include self\n");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct config_case c = cases[i];
        const char *mark = strstr(c.expected, "@DIR@");

        if (mark)
            c.expected = str_printf(bench->arena, "%.*s%s%s", (int)(mark - c.expected), c.expected,
                                    bench->files->directory, mark + strlen("@DIR@")).s;
        check_cases(bench, &c, 1);
    }
}

static void stops_growth(void **state)
{
    struct config_bench *bench = *state;
    struct buffer b = BUFFER_IN(bench->arena);

    buffer_add_cstr(&b, "AA = xxxxxxxxxxxxxxxx\n");
    for (int i = 1; i < 26; i++)
        buffer_printf(&b, "A%c = A%c A%c\n", 'A' + i, 'A' + i - 1, 'A' + i - 1);
    assert_non_null(strstr(show(bench, buffer_str(&b).s, "all"), "line is too long after replacing macro"));
}

static void refuses_a_nul(void **state)
{
    struct config_bench *bench = *state;
    const char *files[] = {temp_file_octets(bench->files, "nul", "\nqualify_domain = a\0b\n", 22).s, NULL};
    struct config_request request = {.files = files, .trusted = true};
    struct error err = ERROR_IN(bench->arena);

    assert_null(config_read(&request, &err));
    assert_str(err.text, "the line has a NUL in it");
    assert_int_equal(err.where.line, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        bench_test(joins_lines),
        bench_test(replaces_macros),
        bench_test(takes_macros_from_the_command_line),
        bench_test(predefines_macros),
        bench_test(leaves_out_parts),
        bench_test(nests_conditions_deeply),
        bench_test(includes_files),
        bench_test(stops_growth),
        bench_test(refuses_a_nul),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
