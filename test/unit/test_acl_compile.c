/* Compiling ACLs: what is wrong when the configuration is read, in Exim's words and with its place. */
#include "acl_sources.h"

#include "acl/control.h"
#include "base/buffer.h"

/* Compiles the text; the error as "line: text", or "" when there is none. */
static struct str compile(struct arena *arena, const char *text)
{
    struct acl_source sources[MAX_SOURCES];
    size_t n = acl_sources(arena, text, sources);
    struct error err = ERROR_IN(arena);
    struct acl_set *set = NULL;

    if (acl_compile(arena, sources, n, &set, &err)) {
        assert_non_null(set);
        return STR("");
    }
    assert_string_equal(err.where.file, "test.conf");
    assert_ptr_not_equal(err.where.file, sources[0].lines.v[0].where.file); /* that goes with the sources */
    return str_printf(arena, "%u: %.*s", err.where.line, STR_ARG(err.text));
}

#define NO_VARIABLE(text)                                                                                    \
    "2: error in ACL: invalid variable name after \"set\" in ACL modifier \"set " text "\" "

static const struct {
    const char *text, *error;
} cases[] = {
    {"a:\n accept\n", ""},
    {"a:\n", ""},
    {"a:\n accept hosts = *\n deny\n  message = x\n", ""},
    {"a:\n accept\n hosts = *\n", ""},
    {"a:\n accept: hosts = *\n", ""},
    {"a:\n accept : hosts = *\n", ""},
    {"a:\n accept!hosts=*\n", ""},
    {"a:\n accept ! hosts = *\n", ""},
    {"a:\n accept hosts =\n", ""},
    {"a:\n accept hosts== x\n", ""},
    {"a:\n accept endpass = x\n", ""},
    {"a:\n discard endpass\n", ""},
    {"a:\n discard\n drop\n defer\n require\n warn\n", ""},
    {"a:\n warn  set   acl_c1=1\n set acl_m_x = $acl_c1\n set acl_c_x_Y9 =\n", ""},
    {"a:\n accept condition = ${if\n", ""},
    {"a:\n accept control = nonsense\n control = $acl_c1\n control = allow_auth_unadvertised\n", ""},
    {"a:\n accept delay = foo\n log_reject_target = foo\n logwrite = :foo: bar\n", ""},
    {"a:\n accept verify = nonsense\n verify = helo/foo\n verify = certificate\n", ""},
    {"a:\n accept acl =\n acl = b x y z\n", ""},

    {"a:\n acept hosts = x\n", "2: error in ACL: unknown ACL verb \"acept\" in \"acept hosts = x\""},
    {"a:\n hosts = *\n", "2: error in ACL: unknown ACL verb \"hosts\" in \"hosts = *\""},
    {"a:\n ACCEPT\n", "2: error in ACL: unknown ACL verb \"ACCEPT\" in \"ACCEPT\""},
    {"a:\n accepthosts = *\n", "2: error in ACL: unknown ACL verb \"accepthosts\" in \"accepthosts = *\""},
    {"a:\n !deny\n", "2: error in ACL: malformed ACL line \"!deny\""},
    {"a:\n accept\n\n # comment\n hosts *\n", "5: error in ACL: \"=\" missing after ACL \"hosts\" condition"},
    {"a:\n accept hosts\n", "2: error in ACL: \"=\" missing after ACL \"hosts\" condition"},
    {"a:\n accept add_header\n", "2: error in ACL: \"=\" missing after ACL \"add_header\" modifier"},
    {"a:\n accept condition : x\n", "2: error in ACL: \"=\" missing after ACL \"condition\" condition"},
    {"a:\n accept hostss = *\n", "2: error in ACL: unknown ACL condition/modifier in \"accept hostss = *\""},
    {"a:\n accept HOSTS = *\n", "2: error in ACL: unknown ACL condition/modifier in \"accept HOSTS = *\""},
    {"a:\n accept\n foo bar = x\n", "3: error in ACL: unknown ACL condition/modifier in \"foo bar = x\""},
    {"a:\n accept\n = x\n", "3: error in ACL: unknown ACL condition/modifier in \"= x\""},
    {"a:\n accept !!hosts = *\n",
     "2: error in ACL: unknown ACL condition/modifier in \"accept !!hosts = *\""},
    {"a:\n accept-x hosts = *\n",
     "2: error in ACL: unknown ACL condition/modifier in \"accept-x hosts = *\""},
    {"a:\n accept !message = x\n", "2: error in ACL: ACL error: negation is not allowed with \"message\""},
    {"a:\n accept !endpass\n", "2: error in ACL: ACL error: negation is not allowed with \"endpass\""},
    {"a:\n warn !set acl_c1 = 1\n", "2: error in ACL: ACL error: negation is not allowed with \"set\""},
    {"a:\n deny endpass\n", "2: error in ACL: ACL error: \"endpass\" is not allowed with \"deny\""},
    {"a:\n warn\n hosts = *\n endpass\n",
     "4: error in ACL: ACL error: \"endpass\" is not allowed with \"warn\""},
    {"a:\n warn set foo = bar\n", NO_VARIABLE("foo = bar") "(must start \"acl_c\" or \"acl_m\")"},
    {"a:\n warn set acl_x = bar\n", NO_VARIABLE("acl_x = bar") "(must start \"acl_c\" or \"acl_m\")"},
    {"a:\n warn set\n", NO_VARIABLE("") "(must start \"acl_c\" or \"acl_m\")"},
    {"a:\n warn set acl_c = bar\n",
     NO_VARIABLE("acl_c = bar") "(digit or underscore must follow acl_c or acl_m)"},
    {"a:\n warn set acl_c\n", NO_VARIABLE("acl_c") "(digit or underscore must follow acl_c or acl_m)"},
    {"a:\n warn set acl_mfoo = b\n",
     NO_VARIABLE("acl_mfoo = b") "(digit or underscore must follow acl_c or acl_m)"},
    {"a:\n warn set acl_c_a.b = c\n",
     "2: error in ACL: invalid character \".\" in variable name in ACL modifier \"set acl_c_a.b = c\""},
    {"a:\n warn set acl_c_x bar\n", "2: error in ACL: \"=\" missing after ACL \"set\" modifier"},
    {"a:\n accept\nb:\n deny hosts\n", "4: error in ACL: \"=\" missing after ACL \"hosts\" condition"},

    {"a:\n deny spam = x\n",
     "2: ACL condition \"spam\" is known to Exim but not supported by gatepost"},
    {"a:\n deny\n !spf = x\n", "3: ACL condition \"spf\" is known to Exim but not supported by gatepost"},
    {"a:\n warn malware = x\n", "2: ACL condition \"malware\" is known to Exim but not supported by gatepost"},
    {"a:\n deny !verify = arc\n",
     "2: ACL condition \"verify = arc\" is known to Exim but not supported by gatepost"},
    {"a:\n deny !verify = recipient/callout=10s, hold\n",
     "2: callout option \"hold\" of ACL condition \"verify recipient/callout=10s, hold\" is known to Exim but not "
     "supported by gatepost"},
    {"a:\n warn control = debug/tag=x/trigger=now\n",
     "2: option \"trigger\" of control \"debug\" is known to Exim but not supported by gatepost"},
    {"a:\n warn control = cutthrough_delivery/defer=pass\n",
     "2: control \"cutthrough_delivery\" is known to Exim but not supported by gatepost"},
};

static void test_errors(void **state)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct str error = compile(*state, cases[i].text);

        if (!str_is(error, cases[i].error))
            print_error("for %s\n", cases[i].text);
        assert_octets(error, cases[i].error, strlen(cases[i].error));
    }
}

static void test_names(void **state)
{
    struct acl_source sources[MAX_SOURCES];
    struct error err = ERROR_IN(*state);
    struct acl_set *set;
    size_t n = acl_sources(*state, "m:\n accept\nb:\nz:\n deny\na:\n", sources);

    assert_true(acl_compile(*state, sources, n, &set, &err));
    assert_true(acl_exists(set, STR("a")) && acl_exists(set, STR("b")) && acl_exists(set, STR("m")) &&
                acl_exists(set, STR("z")));
    assert_false(acl_exists(set, STR("A")) || acl_exists(set, STR("")) || acl_exists(set, STR("zz")));
    assert_true(acl_compile(*state, NULL, 0, &set, &err));
    assert_false(acl_exists(set, STR("a")));
}

static void test_every_row_is_found(void **state)
{
    static const char *const names[] = {
        "acl",
        "add_header",
        "authenticated",
        "condition",
        "continue",
        "control",
        "dcc",
        "decode",
        "delay",
        "dkim_signers",
        "dkim_status",
        "dmarc_status",
        "dnslists",
        "domains",
        "encrypted",
        "endpass",
        "hosts",
        "local_parts",
        "log_message",
        "log_reject_target",
        "logwrite",
        "malware",
        "message",
        "mime_regex",
        "queue",
        "ratelimit",
        "recipients",
        "regex",
        "remove_header",
        "seen",
        "sender_domains",
        "senders",
        "set",
        "spam",
        "spf",
        "spf_guess",
        "udpsend",
        "verify",
    };

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct acl_kind *kind = acl_kind_find(str_of(names[i]));

        assert_non_null(kind);
        assert_string_equal(kind->name, names[i]);
        assert_true(kind->refused || (kind->check != NULL && kind->allowed != 0));
    }
    assert_null(acl_kind_find(STR("")));
    assert_null(acl_kind_find(STR("host")));
}

/* Logical lines of files and inline text. */
static void test_lines(void **state)
{
    struct source_lines lines = acl_text_lines(
        *state,
        STR("accept\n\n  hosts = a : \\\n   b \\\n# comment\n  : c\n #\\\n\tdeny\\\n\n  \\\n message = x\\"),
        "f");

    assert_int_equal(lines.n, 4);
    assert_str(lines.v[0].text, "accept");
    assert_int_equal(lines.v[0].where.line, 1);
    assert_str(lines.v[1].text, "hosts = a : b : c");
    assert_int_equal(lines.v[1].where.line, 3);
    assert_str(lines.v[2].text, "deny");
    assert_int_equal(lines.v[2].where.line, 8);
    assert_str(lines.v[3].text, "message = x");
    assert_int_equal(lines.v[3].where.line, 10);
    assert_string_equal(lines.v[3].where.file, "f");
    assert_int_equal(acl_text_lines(*state, STR(""), NULL).n, 0);
    assert_int_equal(acl_text_lines(*state, STR("\n # x\n\\\n"), NULL).n, 0);
    assert_true(acl_text_lines(*state, str_taint(STR("accept")), NULL).v[0].text.tainted);
}

/* A long ACL: arrays grow, nothing is lost. */
static void test_many(void **state)
{
    struct acl_source sources[MAX_SOURCES];
    struct error err = ERROR_IN(*state);
    struct buffer text = BUFFER_IN(*state);
    struct acl *acl;

    buffer_add_cstr(&text, "a:\n");
    for (unsigned i = 0; i < 100; i++) {
        buffer_add_cstr(&text, "warn\n");
        for (unsigned j = 0; j < i; j++)
            buffer_printf(&text, " set acl_c%u = %u\n", j, i);
    }
    assert_int_equal(acl_sources(*state, buffer_str(&text).s, sources), 1);
    acl = acl_compile_lines(*state, sources[0].name, &sources[0].lines, true, &err);
    assert_non_null(acl);
    assert_int_equal(acl->n, 100);
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(acl->statements[i].n, i);
        for (unsigned j = 0; j < i; j++)
            assert_true(str_eq(acl->statements[i].items[j].variable, str_printf(*state, "acl_c%u", j)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        arena_test(test_errors), arena_test(test_names), arena_test(test_every_row_is_found),
        arena_test(test_lines),  arena_test(test_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
