/* Expansions that reach out: files, commands, sockets, lookups, lists, ACLs, passwords; and taint, which
 * keeps them from doing so by what a peer said. */
#include "testing.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "expand_testing.h"
#include "lookups/lookup.h"

/* --- Files */

static void test_readfile(void **state)
{
    struct expand_testing *t = *state;
    static const struct expand_case cases[] = {
        CASE("${readfile{~/f}}", "one\ntwo\n"),
        CASE("${readfile{~/f}{}}", "onetwo"),
        CASE("${readfile{~/f}{, }}", "one, two, "),
        CASE("${readfile{~/none}}", "Failed: failed to open ~/none: No such file or directory"),
        CASE("${readfile{}}", "Failed: failed to open : No such file or directory"),
        CASE("${readfile{~}}", ""),
        CASE("${if exists{~/f}{y}{n}}${if exists{~/none}{y}{n}}${if exists{}{y}{n}}", "ynn"),
        CASE("${extract{size}{${stat:~/f}}}", "8"),
        CASE("${extract{smode}{${stat:~/f}}}", "-rw-r-----"),
        CASE("${extract{mode}{${stat:~/f}}}", "0640"),
        CASE("${stat:~/none}", "Failed: stat(~/none) failed: No such file or directory"),
    };
    chmod(temp_file(t->files, "f", "one\ntwo\n").s, 0640);
    check_cases(t, cases);
    chmod(t->files->directory, 01777);
    assert_expands(t, "${extract{smode}{${stat:~}}}", "drwxrwxrwt");
    chmod(t->files->directory, 0700);
}

static void test_lookup(void **state)
{
    struct expand_testing *t = *state;
    static const struct expand_case cases[] = {
        CASE("${lookup{a}lsearch{~/f}}", "one"),
        CASE("${lookup{a}lsearch{~/f}{<$value>}{no}}", "<one>"),
        CASE("${lookup{z}lsearch{~/f}{<$value>}{no}}", "no"),
        CASE("${lookup{z}lsearch{~/f}}", ""),
        CASE("${lookup{z}lsearch{~/f}{<$value>}fail}", "Forced: \"lookup\" failed and \"fail\" requested"),
        CASE("${lookup{x.y.dom}partial1-lsearch{~/f}{$1|$2|$value}}$1", "x.y|dom|wild"),
        CASE("${lookup{z}lsearch*{~/f}{$value}{no}}", "no"),
        CASE("${lookup{a}lsearch{~/f}{${lookup{b}lsearch{~/f}{$value}}$value}}", "twoone"),
        CASE("${lookup{a}lsearch{~/none}}",
             "Failed: failed to open ~/none for linear search: No such file or directory"),
        CASE("${lookup{a}lsearch{~/none}{${nosuch}}}",
             "Failed: failed to open ~/none for linear search: No such file or directory"),
        CASE("${lookup{a/b}dsearch{~}}",
             "Deferred: lookup of \"a/b\" gave DEFER: key for dsearch lookup contains a slash: a/b"),
        CASE("${lookup{f}dsearch{~}}", "f"),
        CASE("${lookup{p}wildlsearch{~/w}}", "by its own"),
        CASE("${lookup{dom.test}wildlsearch{~/w}}", "by expansion"),
        CASE("${lookup{q}wildlsearch{~/w}}", ""),
    };
    temp_file(t->files, "f", "a: one\nb: two\n*.dom: wild\n");
    temp_file(t->files, "w", "p: by its own\n$domain: by expansion\n");
    check_cases(t, cases);
    search_close();
}

/* --- Commands */

static void test_run(void **state)
{
    struct expand_testing *t = *state;
    static const struct expand_case cases[] = {
        CASE("${run{/bin/echo a b}}", "a b\n"),
        CASE("${run{/bin/echo a b}{<$value>}{no}}$runrc", "<a b\n>0"),
        CASE("${run{/bin/sh -c \"exit 3\"}{y}{<$value>}}$runrc", "<>3"),
        CASE("${run{/bin/sh -c \"exit 3\"}{y}fail}", "Forced: \"run\" failed and \"fail\" requested"),
        CASE("${run{/bin/sh -c \"exit 3\"}}", ""),
        CASE("${run{/no/such}{y}{n}}$runrc", "n127"),
        CASE("${run{echo}{y}{n}}$runrc", "n127"),
        CASE("${run{}{y}{n}}$runrc", "n127"),
        CASE("${run{/bin/echo \"a  b\" 'c  d' e\"f}}", "a  b c  d e\"f\n"),
        CASE("${run{/bin/echo '$local_part' \"$local_part\" $local_part}}", "x x x\n"),
        CASE("${run{/bin/echo ${lc:ABC}${uc:d} z}}", "abcD z\n"),
        CASE("${run{/bin/echo a \"\" b}}", "a  b\n"),
        CASE("${run{/bin/echo \\} z}}", "} z\n"),
        CASE("${run{/bin/sh -c 'echo out; echo err >&2; exit 1'}{y}{$value}}", "out\nerr\n"),
        CASE("${run{/bin/cat}{<$value>}}", "<>"),
        CASE("${run,preexpand{/bin/echo ${lc:A B} \"c  d\"}}", "a b c  d\n"),
        CASE("${run,preexpand{/bin/echo $value \"\" z}}", "a b c d  z\n"),
        CASE("${run,foo{/bin/echo}}", "Failed: bad option 'foo' for run"),
        CASE("${run{/bin/echo ${lc:A B} c}}", "Failed: Expansion of \"${lc:A\" from command \"/bin/echo "
                                              "${lc:A B} c\" in ${run} expansion failed: "
                                              "missing } at end of string"),
        CASE("${run{/bin/sh -c \"kill -9 \\\\\\$\\\\\\$\"}{y}{n}}", "Failed: command killed by signal 9"),
        CASE("${if eq{a}{b}{${run{/bin/touch ~/touched}}}}${if exists{~/touched}{y}{n}}", "n"),
    };
    check_cases(t, cases);
}

/* --- Sockets */

/* Answers one request on a Unix domain socket with what was asked, in brackets. */
static void *serve(void *listener)
{
    char request[64];
    int fd = accept(*(int *)listener, NULL, NULL);
    ssize_t n = fd < 0 ? -1 : read(fd, request, sizeof request);
    if (n >= 0 && write(fd, "[", 1) == 1 && write(fd, request, (size_t)n) == n && write(fd, "]\n", 2) == 2)
        shutdown(fd, SHUT_WR);
    close(fd);
    return NULL;
}

static void test_readsocket(void **state)
{
    struct expand_testing *t = *state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, temp_path(t->files, "socket").s, temp_path(t->files, "socket").n);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 5), 0);
    static const struct expand_case answered[] = {
        CASE("${readsocket{~/socket}{question}}", "[question]\n"),
        CASE("${readsocket{~/socket}{question}{3s}{|}}", "[question]|"),
        CASE("${readsocket{~/socket}{question}{3s:shutdown=no}{}}", "[question]"),
        CASE("${readsocket{~/socket}{question}{3s}{}{failed}}", "[question]"),
    };
    for (size_t i = 0; i < sizeof answered / sizeof answered[0]; i++) {
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, serve, &listener), 0);
        check_expand_cases(t, &answered[i], 1, __FILE__, __LINE__);
        pthread_join(thread, NULL);
    }
    close(listener);
    static const struct expand_case failing[] = {
        CASE("${readsocket{~/socket}{x}}",
             "Failed: failed to connect to socket ~/socket: Connection refused"),
        CASE("${readsocket{~/socket}{x}{}{}{failed}}", "failed"),
        CASE("${readsocket{~/none}{x}}",
             "Failed: failed to connect to socket ~/none: No such file or directory"),
        CASE("${readsocket{inet:127.0.0.1}{x}}", "Failed: missing port number in \"inet:127.0.0.1\""),
        CASE("${readsocket{inet:127.0.0.1:1}{x}}",
             "Failed: failed to connect to any address for 127.0.0.1: Connection refused"),
        CASE("${readsocket{inet:[::1]:1}{x}{}{}{failed}}", "failed"),
        CASE("${readsocket{~/none}{x}{soon}}", "Failed: bad time value soon"),
    };
    check_cases(t, failing);
}

/* --- What the rooms above do */

static void test_services(void **state)
{
    struct expand_testing *t = *state;
    static const struct expand_case cases[] = {
        CASE("${if match_domain{C.d}{a.b:c.d}{<$value>}{n}}$value", "<c.d>"),
        CASE("${if match_domain{x.y}{a.b:c.d}{<$value>}{n}}", "n"),
        CASE("${if match_address{a@b}{a@b}{y}{n}}${if match_local_part{a}{b}{y}{n}}", "yn"),
        CASE("${if match_ip{1.2.3.4}{1.2.3.4}{y}{n}}${if match_ip{}{1.2.3.4}{y}{n}}", "yn"),
        CASE("${if match_ip{x}{1.2.3.4}{y}{n}}", "Failed: \"x\" is not an IP address"),
        CASE("${if match_domain{a}{+broken}{y}{n}}",
             "Failed: unable to complete match against \"+broken\": it is broken"),
        CASE("${if match_domain{a}{\\N^a{1}$\\N}{y}{n}}", "n"),
        CASE("${if !match_domain{a}{b}{y}{n}}", "y"),
        CASE("${listnamed:locals}|${listnamed:+locals}|${listnamed_d:locals}",
             "a.b : c.d|a.b : c.d|a.b : c.d"),
        CASE("${listnamed_h:locals}", "Failed: \"locals\" is not a named list"),
        CASE("${acl{accept}}|${acl{accept}{one}{two}}|${acl{deny}{x}}", "|one of 2|x of 1"),
        CASE("${acl{defer}}", "Forced: DEFER from acl \"defer\""),
        CASE("${acl{none}}", "Failed: ERROR from acl \"none\""),
        CASE("${if acl{{accept}{a}}{y <$value>}{n}}|${if acl{{deny}}{y}{n <$value>}}", "y <a of 1>|n <>"),
        CASE("${if acl{{defer}}{y}{n}}", "Forced: DEFER from acl \"defer\""),
        CASE("${if crypteq{secret}{\\{md5\\}5ebe2294ecd0e0f08eab7690d2a6ee69}{y}{n}}", "y"),
        CASE("${if crypteq{Secret}{\\{md5\\}5ebe2294ecd0e0f08eab7690d2a6ee69}{y}{n}}", "n"),
        CASE("${if crypteq{secret}{\\{sha1\\}5en6G6MezRroT3XKqkdPOmY/BfQ=}{y}{n}}", "y"),
        CASE("${if crypteq{x}{\\{foo\\}y}{y}{n}}", "Failed: unknown encryption mechanism in \"{foo}y\""),
    };
    check_cases(t, cases);
}

static void test_without_services(void **state)
{
    struct expand_testing *t = *state;
    t->scope.services = NULL;
    assert_expands(t, "${if match_domain{a}{a}}", "Failed: condition \"match_domain\" cannot be used here");
    assert_expands(t, "${acl{accept}}", "Failed: ERROR from acl \"accept\"");
    assert_expands(t, "${listnamed:locals}", "Failed: \"locals\" is not a named list");
    assert_expands(t, "$sender_host_name", "");
}

static void test_environment(void **state)
{
    struct expand_testing *t = *state;
    setenv("GATEPOST_TEST", "some value", 1);
    assert_expands(t, "${env{GATEPOST_TEST}}|${env{ GATEPOST_TEST }{<$value>}}", "some value|<some value>");
    unsetenv("GATEPOST_TEST");
    assert_expands(t, "${env{GATEPOST_TEST}}|${env{GATEPOST_TEST}{y}{n}}|${env{}{y}{n}}", "|n|n");
    assert_expands(t, "${env{GATEPOST_TEST}{y}fail}", "Forced: \"env\" failed and \"fail\" requested");
}

/* --- What the scope forbids */

static void test_forbidden(void **state)
{
    struct expand_testing *t = *state;
    t->scope.forbid = ~0U;
    static const struct expand_case cases[] = {
        CASE("${if exists{/etc}}", "Failed: File existence tests are not permitted"),
        CASE("${stat:/etc}", "Failed: Use of the stat() expansion is not permitted"),
        CASE("${lookup{a}lsearch{/etc/passwd}}", "Failed: lookup expansions are not permitted"),
        CASE("${perl{x}}", "Failed: Perl calls are not permitted"),
        CASE("${readfile{/etc/passwd}}", "Failed: file insertions are not permitted"),
        CASE("${readsocket{/x}{y}}", "Failed: socket insertions are not permitted"),
        CASE("${run{/bin/true}}", "Failed: running a command is not permitted"),
        CASE("${dlfunc{a}{b}}", "Failed: dynamically-loaded functions are not permitted"),
        CASE("${if eq{a}{b}{${run{/bin/true}}}{not used}}", "not used"),
    };
    check_cases(t, cases);
}

static void test_known_but_unsupported(void **state)
{
    struct expand_testing *t = *state;
    static const struct expand_case cases[] = {
        CASE("${perl{x}}", "Failed: expansion item \"perl\" is known to Exim but not supported by gatepost"),
        CASE("${dlfunc{a}{b}}",
             "Failed: expansion item \"dlfunc\" is known to Exim but not supported by gatepost"),
        CASE("${srs_encode{a}{b}{c}}",
             "Failed: expansion item \"srs_encode\" is known to Exim but not supported by gatepost"),
        CASE("${if inbound_srs{a}{b}}",
             "Failed: condition \"inbound_srs\" is known to Exim but not supported by gatepost"),
        CASE("${if eq{a}{b}{${perl{x}}}{not used}}", "not used"),
    };
    check_cases(t, cases);
}

/* --- Taint: $sender_helo_name is what the peer said */

static void test_taint_is_refused(void **state)
{
    struct expand_testing *t = *state;
    static const struct expand_case cases[] = {
        CASE("${expand:$sender_helo_name}", "Failed: internal expansion of \"client.example\" failed: "
                                            "attempt to expand tainted string 'client.example'"),
        CASE("${expand:x${lc:$sender_helo_name}}",
             "Failed: internal expansion of \"xclient.example\" failed: "
             "attempt to expand tainted string 'xclient.example'"),
        CASE("${expand:\\$sender_helo_name}", "client.example"),
        CASE("${map{$sender_helo_name}{${expand:$item}}}",
             "Failed: internal expansion of \"client.example\" failed: attempt to expand tainted string "
             "'client.example' inside \"map\" item"),
        CASE("${if match{$sender_helo_name}{(c)}{${expand:$1}}}",
             "Failed: internal expansion of \"c\" failed: attempt to expand tainted string 'c'"),
        CASE("${if inlist{client.example}{a:$sender_helo_name}{${expand:$value}}}",
             "Failed: internal expansion of \"client.example\" failed: attempt to expand tainted string "
             "'client.example'"),
        CASE("${sg{a}{a}{$sender_helo_name}}", "client.example"),
        CASE("${sg{a}{a}{$sender_helo_name\\\\\\$1}}",
             "Failed: attempt to expand tainted string 'client.example\\$1'"),
        CASE("${lookup{x}lsearch{~/$sender_helo_name}}",
             "Failed: Tainted filename for search: '~/client.example'"),
        CASE("${run{/bin/$sender_helo_name x}}",
             "Failed: couldn't create child process: Operation not permitted"),
        CASE("${run,preexpand{/bin/echo $sender_helo_name}}",
             "Failed: couldn't create child process: Operation not permitted"),
        CASE("${run{/bin/echo $sender_helo_name}}", "client.example\n"),
        CASE("${readsocket{~/$sender_helo_name}{x}{}{}{failed}}",
             "Failed: failed to connect to socket ~/client.example: tainted name"),
    };
    check_cases(t, cases);
    struct str outcome = expand_outcome(t, STR("${readfile{/tmp/$sender_helo_name}}"));
    assert_true(str_starts(outcome, "Failed: failed to open /tmp/client.example: Permission denied (euid="));
}

/* A peer's data goes through all of these and stays a peer's data. */
static void test_taint_stays(void **state)
{
    struct expand_testing *t = *state;
    static const char *const sources[] = {
        "$sender_helo_name",
        "x$sender_helo_name",
        "${lc:$sender_helo_name}",
        "${uc:$sender_helo_name}",
        "${substr_0_3:$sender_helo_name}",
        "${length_3:$sender_helo_name}",
        "${extract{1}{.}{$sender_helo_name}}",
        "${listextract{1}{$sender_helo_name}}",
        "${tr{$sender_helo_name}{a}{b}}",
        "${tr{a}{a}{$sender_helo_name}}",
        "${base64:$sender_helo_name}",
        "${base64d:${base64:$sender_helo_name}}",
        "${hash{3}{$sender_helo_name}}",
        "${reduce{$sender_helo_name}{}{$item}}",
        "${filter{$sender_helo_name}{eq{a}{a}}}",
        "${map{$sender_helo_name}{$item}}",
        "${sort{$sender_helo_name}{<}{1}}",
        "${quote:$sender_helo_name}",
        "${quote_local_part:$sender_helo_name}",
        "${escape:$sender_helo_name}",
        "${escape8bit:$sender_helo_name}",
        "${address:a@$sender_helo_name}",
        "${domain:a@$sender_helo_name}",
        "${local_part:$sender_helo_name}",
        "${addresses:a@$sender_helo_name}",
        "${rfc2047:$sender_helo_name}",
        "${rfc2047d:$sender_helo_name}",
        "${utf8clean:$sender_helo_name}",
        "${from_utf8:$sender_helo_name}",
        "${hexquote:$sender_helo_name}",
        "${rxquote:$sender_helo_name}",
        "${listquote{:}{$sender_helo_name}}",
        "${prvs{$sender_helo_name@x}{y}}",
        "${sg{$sender_helo_name}{x}{y}}",
        "${if match{$sender_helo_name}{(.)}{$1}}",
        "$sender_fullhost",
        "$sender_rcvhost",
        "$local_part",
        "$domain",
        "$sender_address",
        "$sender_address_domain",
        "$sender_address_local_part",
        "${acl{accept}{$sender_helo_name}}",
        "${headerwrap_20:$sender_helo_name}",
        "${imapfolder{$local_part}}",
        "${extract{a}{a=$sender_helo_name}}",
        "${extract{a}{a=\"$sender_helo_name\"}}",
        "${extract json{1}{[\"$sender_helo_name\"]}}",
        "${xtextd:$sender_helo_name}",
        "${str2b64:$sender_helo_name}",
        "${if forany{$sender_helo_name}{match{$item}{(.)}}{$1}}",
        "${authresults{$sender_helo_name}}",
    };
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        struct str outcome = expand_outcome(t, str_of(sources[i]));
        if (str_starts(outcome, "Failed: ") || str_starts(outcome, "Forced: "))
            fail_msg("%s: %s", sources[i], outcome.s);
        if (!outcome.tainted)
            fail_msg("%s: lost its taint", sources[i]);
    }
}

/* ... and these make something of the administrator's of it, as documented. */
static void test_taint_goes(void **state)
{
    struct expand_testing *t = *state;
    static const struct expand_case cases[] = {
        CASE("${if inlist{$domain}{a.b:dom.test}{${readfile{~/$value}}}}", "contents"),
        CASE("${if match_domain{$domain}{a.b:dom.test}{${readfile{~/$value}}}}", "contents"),
        CASE("${lookup{$domain}dsearch{~}{${readfile{~/$value}}}}", "contents"),
        CASE("${readfile{~/${lookup{$domain}lsearch{~/f}}}}", "contents"),
        CASE("${expand:${md5:$sender_helo_name}}", "6be6a48c5621bf98e049ead7bbf4c8e1"),
        CASE("${expand:${strlen:$sender_helo_name}}", "14"),
        CASE("${expand:${if eq{$sender_helo_name}{x}{y}{z}}}", "z"),
        CASE("${expand:${nhash{3}{$sender_helo_name}}}", "1"),
        CASE("${expand:${sg{$sender_helo_name}{.*}{x}}}", "xx"),
    };
    temp_file(t->files, "dom.test", "contents");
    temp_file(t->files, "f", "dom.test: dom.test\n");
    check_cases(t, cases);
    search_close();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        expand_test(test_readfile),
        expand_test(test_lookup),
        expand_test(test_run),
        expand_test(test_readsocket),
        expand_test(test_services),
        expand_test(test_without_services),
        expand_test(test_environment),
        expand_test(test_forbidden),
        expand_test(test_known_but_unsupported),
        expand_test(test_taint_is_refused),
        expand_test(test_taint_stays),
        expand_test(test_taint_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
