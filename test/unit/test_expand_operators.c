/* Operators on text: what the packaged Exim makes of the same strings with -be. */
#include "testing.h"

#include "expand_testing.h"

static const struct expand_case quoting_cases[] = {
    CASE("${quote:abc}", "abc"),
    CASE("${quote:}", "\"\""),
    CASE("${quote:a b}", "\"a b\""),
    CASE("${quote:ab\"*\"cd\\\\}", "\"ab\\\"*\\\"cd\\\\\""),
    CASE("${quote:a\\nb\\rc\\td}", "\"a\\nb\\rc\td\""),
    CASE("${quote:a.b-c_d}", "a.b-c_d"),
    CASE("${quote:\\303\\251}", "\"\303\251\""),
    CASE("${quote_local_part:a+b}", "a+b"),
    CASE("${quote_local_part:a b}", "\"a b\""),
    CASE("${quote_local_part:a.b}", "a.b"),
    CASE("${quote_local_part:.a}", "\".a\""),
    CASE("${quote_local_part:a.}", "\"a.\""),
    CASE("${quote_local_part:a..b}", "a..b"),
    CASE("${quote_local_part:}", "\"\""),
    CASE("${quote_local_part:a\\\"b}", "\"a\\\"b\""),
    CASE("${quote_local_part:\\303\\251}", "\"\303\251\""),
    CASE("${quote_nosuch:a'b}", "Failed: unknown lookup type \"nosuch\""),
    CASE("${quote_:a'b}", "Failed: unknown lookup type \"\""),
    CASE("${quote_nis0:a b}", "Failed: lookup type \"nis0\" is known to Exim but not supported by gatepost"),
    CASE("${rxquote:a.b*c_d e\\303}", "a\\.b\\*c\\_d\\ e\\\303"),
    CASE("${escape:\\200\\377 \\177}", "\\200\\377 \\177"),
    CASE("${escape8bit:\\200\\377 \\177\\\\\\n}", "\\200\\377 \\177\\134\n"),
    CASE("${quote:a@b}", "\"a@b\""),
    CASE("${quote:a\\\\b}", "\"a\\\\b\""),
    CASE("${quote_local_part:a\\\\b}", "\"a\\\\b\""),
    CASE("${quote_local_part:a\\tb}", "\"a\tb\""),
    CASE("${quote_local_part:a@b}", "\"a@b\""),
    CASE("${quote_local_part:a(b)}", "\"a(b)\""),
    CASE("${quote_local_part:a,b}", "\"a,b\""),
    CASE("${quote_local_part:a\\nb\\r}", "\"a\\nb\\r\""),
    CASE("${quote_local_part:.}", "\".\""),
    CASE("${quote_local_part:..}", "\"..\""),
    CASE("${rxquote:}", ""),
    CASE("${rxquote:a b\\tc\\n}", "a\\ b\\\tc\\\n"),
    CASE("${hexquote:\\303\\251 \\\\\\n}", "\\xc3\\xa9\\x20\\\\x0a"),
};

static void test_quoting(void **state)
{
    struct expand_testing *t = *state;
    check_cases(t, quoting_cases);
}

static const struct expand_case digests_cases[] = {
    CASE("${md5:abc}", "900150983cd24fb0d6963f7d28e17f72"),
    CASE("${md5:}", "d41d8cd98f00b204e9800998ecf8427e"),
    CASE("${sha1:abc}", "A9993E364706816ABA3E25717850C26C9CD0D89D"),
    CASE("${sha256:abc}", "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"),
    CASE("${sha2:abc}", "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"),
    CASE("${sha2_384:abc}",
         "CB00753F45A35E8BB5A03D699AC65007272C32AB0EDED1631A8B605A43FF5BED8086072BA1E7CC2358BAECA134C825A7"),
    CASE("${sha2_512:abc}",
         "DDAF35A193617ABACC417349AE20413112E6FA4E89A97EA20A9EEEE64B55D39A2192992A274FC1A836BA3C23A3FEEBBD4"
         "54D4423643CE80E2A9AC94FA54CA49F"),
    CASE("${sha2_224:abc}", "Failed: unrecognised sha2 variant"),
    CASE("${sha2_x:abc}", "Failed: unrecognised sha2 variant"),
    CASE("${sha256_384:abc}",
         "CB00753F45A35E8BB5A03D699AC65007272C32AB0EDED1631A8B605A43FF5BED8086072BA1E7CC2358BAECA134C825A7"),
    CASE("${sha3:abc}", "3A985DA74FE225B2045C172D6BD390BD855F086E3E9D525B46BFE24511431532"),
    CASE("${sha3_224:abc}", "E642824C3F8CF24AD09234EE7D3C766FC9A3A5168D0C94AD73B46FDF"),
    CASE("${sha3_256:abc}", "3A985DA74FE225B2045C172D6BD390BD855F086E3E9D525B46BFE24511431532"),
    CASE("${sha3_384:abc}",
         "EC01498288516FC926459F58E2C6AD8DF9B473CB0FC08C2596DA7CF0E49BE4B298D88CEA927AC7F539F1EDF228376D25"),
    CASE("${sha3_512:abc}",
         "B751850B1A57168A5693CD924B6B096E08F621827444F70D884F5D0240D2712E10E116E9192AF3C91A7EC57647E393405"
         "7340B4CF408D5A56592F8274EEC53F0"),
    CASE("${sha3_1:abc}", "Failed: unrecognised sha3 variant"),
    CASE("${md5_x:A}", "7fc56270e7a70fa81a5935b72eacbe29"),
    CASE("${sha2_256:a}", "CA978112CA1BBDCAFAC231B39A23DC4DA786EFF8147C4E72B9807785AFEE48BB"),
    CASE("${sha2_:a}", "Failed: unrecognised sha2 variant"),
    CASE("${sha3_:a}", "Failed: unrecognised sha3 variant"),
    CASE("${sha1_x:a}", "86F7E437FAA5A7FCE15D1DDCB9EAEAEA377667B8"),
};

static void test_digests(void **state)
{
    struct expand_testing *t = *state;
    check_cases(t, digests_cases);
}

static const struct expand_case cuts_cases[] = {
    CASE("${length_3:abcdef}", "abc"),
    CASE("${length_x:abcdef}", "Failed: non-digit after underscore in \"length_x\""),
    CASE("${length:abcdef}", "Failed: Not enough arguments for 'length' (min is 2)"),
    CASE("${length_3_2:abcdef}", "Failed: non-digit after underscore in \"length_3_2\""),
    CASE("${l_3:abcdef}", "abc"),
    CASE("${length_0:abc}", ""),
    CASE("${l:abc}", "Failed: missing values after l"),
    CASE("${substr_-1:abcde}", "abcd"),
    CASE("${substr_2:abcde}", "cde"),
    CASE("${substr_2_:abcde}", "Failed: non-digit after underscore in \"substr_2_\""),
    CASE("${substr_1_2:abcdef}", "bc"),
    CASE("${substr_1_-2:abcdef}", "Failed: non-digit after underscore in \"substr_1_-2\""),
    CASE("${substr:abc}", "Failed: Not enough arguments for 'substr' (min is 2)"),
    CASE("${s_1_1:abc}", "b"),
    CASE("${s:abc}", "Failed: missing values after s"),
    CASE("${substr_9:abc}", ""),
    CASE("${hash_4_62:monty python}", "fbWx"),
    CASE("${h_4_62:monty python}", "fbWx"),
    CASE("${hash_4:monty python}", "ffqb"),
    CASE("${hash_3_26:monty}", "jmg"),
    CASE("${hash:monty}", "Failed: Not enough arguments for 'hash' (min is 2)"),
    CASE("${nhash_8_64:supercalifragilisticexpialidocious}", "6/33"),
    CASE("${nhash_100:monty}", "55"),
    CASE("${nh_100:monty}", "55"),
    CASE("${nhash_8_64:}", "0/0"),
    CASE("${nhash:abc}", "Failed: Not enough arguments for 'nhash' (min is 2)"),
    CASE("${hash_3:m}", "m"),
    CASE("${length_-1:abc}", "Failed: non-digit after underscore in \"length_-1\""),
    CASE("${h_3x:foo}", "Failed: non-digit after underscore in \"h_3x\""),
    CASE("${h_x:foo}", "Failed: non-digit after underscore in \"h_x\""),
    CASE("${nh_x:foo}", "Failed: non-digit after underscore in \"nh_x\""),
    CASE("${l_x:foo}", "Failed: non-digit after underscore in \"l_x\""),
    CASE("${s_x:foo}", "Failed: non-digit after underscore in \"s_x\""),
    CASE("${substr_1_2_3:foo}", "Failed: non-digit after underscore in \"substr_1_2_3\""),
    CASE("${hash_3_:monty}", "Failed: non-digit after underscore in \"hash_3_\""),
    CASE("${hash_3_100:montyabcd}", "Failed: hash count \"100\" too big"),
    CASE("${nhash_5_:montyabcd}", "Failed: non-digit after underscore in \"nhash_5_\""),
    CASE("${substr_-1_1:abc}", "c"),
    CASE("${substr_-2_1:abc}", "b"),
    CASE("${s_-2:abc}", "a"),
    CASE("${substr_0:abc}", "abc"),
    CASE("${substr_-0:abc}", "abc"),
    CASE("${substr_:abc}", "abc"),
    CASE("${length_:abc}", ""),
    CASE("${h_:abc}", ""),
    CASE("${hash_:abc}", ""),
    CASE("${l_:a}", ""),
    CASE("${s__1:abc}", "Failed: non-digit after underscore in \"s__1\""),
    CASE("${substr_1__1:abc}", "Failed: non-digit after underscore in \"substr_1__1\""),
    CASE("${substr_-:abc}", "abc"),
    CASE("${nh_5_3_2:abc}", "Failed: non-digit after underscore in \"nh_5_3_2\""),
};

static void test_cuts(void **state)
{
    struct expand_testing *t = *state;
    check_cases(t, cuts_cases);
}

static const struct expand_case codecs_cases[] = {
    CASE("${base64:hello}", "aGVsbG8="),
    CASE("${base64:}", ""),
    CASE("${base64d:aGVsbG8=}", "hello"),
    CASE("${base64d:aGVsbG8}", "Failed: string \"aGVsbG8\" is not well-formed for \"base64d\" operator"),
    CASE("${base64d:}", ""),
    CASE("${base64d:!!}", "Failed: string \"!!\" is not well-formed for \"base64d\" operator"),
    CASE("${base64d:aGVs bG8=}", "hello"),
    CASE("${str2b64:hello}", "aGVsbG8="),
    CASE("${from_utf8:caf\\xc3\\xa9 \\xe2\\x82\\xac}", "caf\351 _"),
    CASE("${hex2b64:0aff}", "Cv8="),
    CASE("${hex2b64:0a f}", "Failed: \"0a f\" is not a hex string"),
    CASE("${hex2b64:0}", "Failed: \"0\" contains an odd number of characters"),
    CASE("${hex2b64:xx}", "Failed: \"xx\" is not a hex string"),
    CASE("${hex2b64:}", ""),
    CASE("${rfc2047:abc}", "abc"),
    CASE("${rfc2047:a b}", "a b"),
    CASE("${rfc2047:a.b}", "=?UTF-8?Q?a=2Eb?="),
    CASE("${rfc2047:caf\\351 x_y?z}", "=?UTF-8?Q?caf=E9_x=5Fy=3Fz?="),
    CASE("${rfc2047:}", ""),
    CASE("${rfc2047d:=?iso-8859-1?q?caf=E9?=}", "caf\303\251"),
    CASE("${rfc2047d:=?utf-8?q?caf=C3=A9?=}", "caf\303\251"),
    CASE("${rfc2047d:=?utf-8?b?Y2Fmw6k=?=}", "caf\303\251"),
    CASE("${rfc2047d:a =?utf-8?q?b?= =?utf-8?q?c?= d}", "a bc d"),
    CASE("${rfc2047d:=?utf-8?q?caf=00?=}", "caf?"),
    CASE("${rfc2047d:=?nosuch?q?caf=E9?=}",
         "Failed: iconv_open(\"UTF-8\", \"nosuch\") failed: Invalid argument (maybe unsupported conversion)"),
    CASE("${rfc2047d:=?utf-8?x?caf?=}", "=?utf-8?x?caf?="),
    CASE("${rfc2047d:=?utf-8?q?caf=C3=A9=E2=82=AC?=}", "caf\303\251\342\202\254"),
    CASE("${utf8clean:a\\xc3\\xa9b\\xc3}", "a\303\251b?"),
    CASE("${utf8clean:a\\xffb}", "a?b"),
    CASE("${utf8clean:\\xed\\xa0\\x80}", "?"),
    CASE("${utf8clean:\\xf4\\x90\\x80\\x80}", "?"),
    CASE("${utf8clean:\\xe2\\x82}x", "?x"),
    CASE("${from_utf8:\\xc3\\xa9\\xe2\\x82\\xac\\xf0\\x9f\\x98\\x80x}", "\351__x"),
    CASE("${from_utf8:\\x80}", "\200"),
    CASE("${utf8clean:abc}", "abc"),
    CASE("${utf8clean:\\xe2\\x82\\xac}", "\342\202\254"),
    CASE("${utf8clean:\\xe2\\x82}", "?"),
    CASE("${utf8clean:\\xe2}", "?"),
    CASE("${utf8clean:a\\xf0\\x9f\\x98b}", "a?b"),
    CASE("${utf8clean:\\xef\\xbf\\xbf}", "\357\277\277"),
    CASE("${utf8clean:\\xc3\\xa9\\xc3}", "\303\251?"),
    CASE("${utf8clean:\\xf4\\x8f\\xbf\\xbf}", "\364\217\277\277"),
    CASE("${utf8clean:\\xf5\\x80\\x80\\x80}", "?"),
    CASE("${hex2b64:ABCDEF}", "q83v"),
    CASE("${hex2b64:abc}", "Failed: \"abc\" contains an odd number of characters"),
    CASE("${base64:\\xff\\xfe}", "//4="),
    CASE("${base64d:AA==}", "\0"),
    CASE("${base64d:A}", "Failed: string \"A\" is not well-formed for \"base64d\" operator"),
    CASE("${base64d:AAAA AAAA}", "\0\0\0\0\0\0"),
    CASE("${base64d: AAAA}", "\0\0\0"),
    CASE("${base64d:AAA}", "Failed: string \"AAA\" is not well-formed for \"base64d\" operator"),
    CASE("${base64d:AA=A}", "Failed: string \"AA=A\" is not well-formed for \"base64d\" operator"),
    CASE("${base64d:YWJj\\nZGVm}", "abcdef"),
    CASE("${str2b64:}", ""),
    CASE("${rfc2047:a\\nb\\tc d}", "=?UTF-8?Q?a=0Ab=09c_d?="),
    CASE("${rfc2047: }", " "),
    CASE("${rfc2047:a  b.}", "=?UTF-8?Q?a__b=2E?="),
    CASE("${rfc2047:abc \\303\\251}", "=?UTF-8?Q?abc_=C3=A9?="),
    CASE("${rfc2047d:=?utf-8?q?aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa?=}",
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
    CASE("${rfc2047d:=?utf-8?q?aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa?=}",
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
    CASE("${rfc2047d:=?utf-8?q?aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa?=}",
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
    CASE("${rfc2047d:=?utf-8?q?aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa?=}",
         "=?utf-8?q?aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa?="),
    CASE("${rfc2047d:=?utf-8?b?!!?=}", "=?utf-8?b?!!?="),
    CASE("${rfc2047d:=?utf-8?b?YQ?=}", "=?utf-8?b?YQ?="),
    CASE("${rfc2047d:=?utf-8?q?a b?=}", "=?utf-8?q?a b?="),
    CASE("${rfc2047d:=?utf-8?q?a=zz?=}", "=?utf-8?q?a=zz?="),
    CASE("${rfc2047d:=?utf-8?q?a=?=}", "=?utf-8?q?a=?="),
    CASE("${rfc2047d:=?utf-8?q?\?=}", ""),
    CASE("${rfc2047d:=?utf-8?q?a_b?=x}", "a bx"),
    CASE("${rfc2047d:=?utf-8?q?a?=   \\n\\t =?utf-8?Q?b?=}", "ab"),
    CASE("${rfc2047d:=?utf-8?q?a?= x =?utf-8?Q?b?=}", "a x b"),
    CASE("${rfc2047d:=?utf-8*en?q?a?=}",
         "Failed: iconv_open(\"UTF-8\", \"utf-8*en\") failed: Invalid argument (maybe unsupported conversio"
         "n)"),
    CASE("${rfc2047d:=?iso-8859-1?q?=80?=}", "\302\200"),
    CASE("${rfc2047d:=?us-ascii?q?=C3=A9?=}", "\303\251"),
    CASE("${rfc2047d:=?utf-8?q?=C3?= =?utf-8?q?=A9?=}", "\303\251"),
    CASE("${rfc2047d:=?utf-8?q?=C3x?=}", "\303x"),
    CASE("${rfc2047d:=?utf-16?q?=C3x?=}", "\347\243\203"),
    CASE("${rfc2047d:=?\?q?x?=}", "x"),
    CASE("${rfc2047d:abc=?utf-8?q?x?=def}", "abcxdef"),
};

static void test_codecs(void **state)
{
    struct expand_testing *t = *state;
    check_cases(t, codecs_cases);
}

static const struct expand_case others_cases[] = {
    CASE("${imapfolder:a/b}", "Failed: Not enough arguments for 'imapfolder' (min is 1)"),
    CASE("${expand:a\\$nosuch}",
         "Failed: internal expansion of \"a$nosuch\" failed: unknown variable name \"nosuch\""),
    CASE("${expand:\\${if eq\\{a\\}\\{b\\}\\{x\\}fail\\}}",
         "Forced: internal expansion of \"${if eq{a}{b}{x}fail}\" failed: \"if\" failed and \"fail\" reques"
         "ted"),
    CASE("${imapfolder:INBOX}", "Failed: Not enough arguments for 'imapfolder' (min is 1)"),
    CASE("${imapfolder:a&b}", "Failed: Not enough arguments for 'imapfolder' (min is 1)"),
    CASE("${imapfolder:f\\xc3\\xb6o}", "Failed: Not enough arguments for 'imapfolder' (min is 1)"),
    CASE("${lc:ABC\\303\\211}", "abc\303\211"),
    CASE("${uc:abc\\303\\251}", "ABC\303\251"),
    CASE("${stat:}", "Failed: stat() failed: No such file or directory"),
    CASE("${stat:etc}", "Failed: stat(etc) failed: No such file or directory"),
    CASE("${bless:x}", "Failed: unknown expansion operator \"bless\""),
    CASE("${xtext:a+b}", "Failed: unknown expansion operator \"xtext\""),
    CASE("${lc_x:A}", "a"),
    CASE("${nosuch_x:A}", "Failed: unknown expansion operator \"nosuch_x\""),
    CASE("${expand_x:A}", "A"),
    CASE("${a-b:x}", "Failed: unknown expansion operator \"a-b\""),
    CASE("${lc-x:ABC}", "Failed: unknown expansion operator \"lc-x\""),
    CASE("${lc:$h_foo}", "Failed: missing } at end of string - could be header name not terminated by colon"),
    CASE("${expand:}", ""),
    CASE("${expand:a\\\\\\$b}", "a$b"),
    CASE("${expand:\\${expand:\\\\\\${lc:A\\\\\\}\\}}", "a"),
};

static void test_others(void **state)
{
    struct expand_testing *t = *state;
    check_cases(t, others_cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        expand_test(test_quoting),
        expand_test(test_digests),
        expand_test(test_cuts),
        expand_test(test_codecs),
        expand_test(test_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
