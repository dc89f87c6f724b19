/* ACLs in ACLs: the acl condition and ${acl}, what inner ACLs say and what becomes of it outside, arguments.
 * The texts are what the packaged Exim (4.96) replies and logs for the same ACLs. */
#include "acl_session.h"

static void test_nested(void **state)
{
    static const struct run_case cases[] = {
        {"a:\n accept acl = b\nb:\n accept message = m", "ACCEPT"},
        {"a:\n accept acl = b\n message = outer\nb:\n accept message = m", "ACCEPT <outer>"},
        {"a:\n accept acl = b\nb:\n deny message = m\n log_message = l", "DENY implicit <m> log<l>"},
        {"a:\n accept acl = b\n deny\nb:\n deny message = m", "DENY"},
        {"a:\n deny acl = b\nb:\n accept message = m", "DENY <m>"},
        {"a:\n deny !acl = b\nb:\n deny log_message = l", "DENY log<l>"},
        {"a:\n deny !acl = b\n message = M\nb:\n deny log_message = l", "DENY <M> log<l>"},
        {"a:\n deny !acl = b\n log_message = L\nb:\n deny message = m", "DENY <m> log<L: m>"},
        {"a:\n deny !acl = b\n log_message = [$acl_verify_message]\n message = [$acl_verify_message]\n"
         "b:\n deny message = m\n log_message = l",
         "DENY <[m]> log<[l]: l>"},
        {"a:\n deny !acl = b\n acl = c\nb:\n deny message = m\nc:\n accept", "DENY"},
        {"a:\n require acl = b\nb:\n accept message = m", "DENY implicit <m>"},
        {"a:\n require message = own $acl_verify_message\n acl = b\nb:\n deny message = m",
         "DENY <own m> log<m>"},
        {"a:\n warn !acl = b\nb:\n deny message = m", "DENY implicit"},
        {"a:\n accept !acl = b\n log_message = x\nb:\n deny message = m", "ACCEPT log<x>"},
        {"a:\n accept message = M\n endpass\n acl = b\nb:\n deny message = m\n log_message = l",
         "DENY <M> log<l>"},
        {"a:\n accept acl = b\nb:\n defer message = m", "DEFER <m>"},
        {"a:\n warn acl = b\n accept\nb:\n defer message = m",
         "ACCEPT\nmain: H=(x) [127.0.0.1] Warning: ACL \"warn\" statement skipped: condition test deferred: "
         "m"},
        {"a:\n deny !acl = b\n condition = maybe\nb:\n deny message = m",
         "DEFER log<invalid \"condition\" value \"maybe\">"},

        {"a:\n accept acl = b\nb:\n drop message = m", "DENY implicit <m>"},
        {"a:\n require acl = b\nb:\n drop message = m", "DROP <m>"},
        {"a:\n deny !acl = b\nb:\n drop message = m", "DENY <m>"},
        {"a:\n accept endpass\n acl = b\nb:\n drop message = m", "DROP <m>"},
        {"a:\n accept acl = b\n condition = 0\nb:\n discard message = m\n log_message = l",
         "DISCARD <m> log<l>"},
        {"a:\n accept !acl = b\nb:\n discard", "DISCARD"},
        {"a:\n require acl = b\nb:\n discard",
         "ERROR log<nested ACL returned \"discard\" for \"require\" command "
         "(only allowed with \"accept\" or \"discard\")>"},
        {"a:\n require acl = a", "ERROR log<ACL nested too deep: possible loop>"},
        {"a:\n accept acl = nosuch arg", "ERROR log<unknown ACL verb \"nosuch\" in \"nosuch\">"},
        {"a:\n accept acl = ${bogus}",
         "ERROR log<failed to expand ACL string \"${bogus}\": unknown variable in \"${bogus}\">"},
        {"a:\n accept acl = b ${bogus}\nb:\n accept",
         "ERROR log<failed to expand ACL string \"b\": unknown variable in \"${bogus}\">"},
        {"a:\n accept acl =", "DENY implicit"},
        {"a:\n accept acl = $local_part",
         "ERROR log<internal configuration error>\nmain: attempt to use tainted ACL text \"rcpt\"\n"
         "panic: attempt to use tainted ACL text \"rcpt\""},
    };

    RUN_CASES(state, cases);
}

static void test_arguments(void **state)
{
    static const struct run_case cases[] = {
        {"a:\n accept acl = b   x  $domain\nb:\n deny message = $acl_narg [$acl_arg1] [$acl_arg2] "
         "[$acl_arg3]",
         "DENY implicit <2 [x] [d.test] []>"},
        {"a:\n accept acl = b 1 2 3 4 5 6 7 8 9 10\nb:\n deny message = $acl_narg $acl_arg1 $acl_arg9",
         "DENY implicit <9 1 9>"},
        {"a:\n accept acl = \"b\" \"${uc:a b}\" \"\" \"\\\\$x\"y\nb:\n"
         " deny message = $acl_narg [$acl_arg1] [$acl_arg2] [$acl_arg3] [$acl_arg4]",
         "DENY implicit <4 [A B] [] [$x] [y]>"},
        {"a:\n accept acl = \"deny message = $acl_arg1\" x",
         "DENY implicit"}, /* expanded before it is compiled */
        {"a:\n accept acl = ${lc:B} x\nb:\n deny message = $acl_narg $acl_arg1", "DENY implicit <1 x>"},
        {"a:\n accept acl = b ${extract{1}{:}{:}{$value}fail}\nb:\n deny message = $acl_narg [$acl_arg1]",
         "DENY implicit <1 []>"},
        {"a:\n deny !acl = b 1 2\n message = $acl_narg [$acl_arg1]\nb:\n deny !acl = c 3\n"
         " log_message = $acl_narg $acl_arg1 $acl_arg2\nc:\n deny message = $acl_narg $acl_arg1 [$acl_arg2]",
         "DENY <0 []> log<2 1 2: 1 3 []>"},
        {"a:\n deny message = [${acl{b}{x}{y}}]\nb:\n accept message = $acl_narg", "DENY <[2]>"},
        {"a:\n deny message = [${acl{b}{x}{y}}]\nb:\n deny message = $acl_arg2", "DENY <[y]>"},
        {"a:\n deny message = [${acl{b}}]\nb:\n accept", "DENY <[]>"},
        {"a:\n deny message = ${if acl{{b}{q}}{Y$value}{N$value}}\nb:\n deny message = $acl_arg1",
         "DENY <Nq>"},
        {"a:\n deny message = [${acl{b}}]\nb:\n defer", "DENY"},
        {"a:\n deny condition = ${acl{nosuch}}",
         "ERROR log<failed to expand ACL string \"${acl{nosuch}}\": ERROR from acl \"nosuch\">"},
    };

    RUN_CASES(state, cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        session_test(test_nested),
        session_test(test_arguments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
