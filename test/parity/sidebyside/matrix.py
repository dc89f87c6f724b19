"""Expressions for -be that nobody has to write: every operator, item and condition of chapter 11 with no
argument, too few, too many, empty ones, long ones, ones with a NUL or octets that are not ASCII, and ones
whose expansion is forced to fail."""

import re

from .expansions import Expression

OPERATORS = """
    address addresses base32 base32d base62 base62d base64 base64d domain escape escape8bit eval eval10 expand
    from_utf8 hash_3 hash_3_5 h_2 hex2b64 hexquote ipv6denorm ipv6norm lc length_3 l_2 listcount listnamed
    listnamed_d local_part mask md5 nhash_8 nhash_8_64 quote quote_local_part quote_lsearch quote_sqlite
    quote_redis randint reverse_ip rfc2047 rfc2047d rxquote sha1 sha256 sha2 sha2_384 sha2_512 sha3 sha3_224
    sha3_512 stat str2b64 strlen substr_1_2 s_1 substr_-2_1 time_eval time_interval uc
    utf8_domain_from_alabel utf8_domain_to_alabel utf8_localpart_from_alabel utf8_localpart_to_alabel utf8clean
    xtextd
    """.split()

# The item's name and how many arguments it takes, at least and at most; options behind the name.
ITEMS = {
    "acl": (1, 10), "authresults": (1, 1), "env": (1, 3), "extract": (2, 5), "filter": (2, 2),
    "hash": (2, 3), "headerwrap": (1, 1), "hmac": (3, 3), "imapfolder": (1, 1), "length": (2, 2), "listextract": (2, 4),
    "listquote": (2, 2), "lookup": (2, 4), "map": (2, 2), "nhash": (2, 3), "prvs": (2, 3), "prvscheck": (2, 3),
    "readfile": (1, 2), "readsocket": (2, 5), "reduce": (3, 3), "run": (1, 3), "sg": (3, 3), "sort": (3, 3),
    "substr": (2, 3), "tr": (3, 3),
}

BINARY = """= == < > <= >= eq eqi ge gei gt gti le lei lt lti match match_address match_domain match_ip
    match_local_part inlist inlisti crypteq""".split()
UNARY = "bool bool_lax exists isip isip4 isip6 def".split()
LISTS = "forall forany forall_json forany_json forall_jsons forany_jsons".split()
LOGIC = "and or".split()
WORDS = "first_delivery queue_running".split()

# What stands where an argument is expected.
DATA = {
    "empty": "",
    "blank": " ",
    "word": "abc",
    "number": "12",
    "negative": "-7K",
    "address": "a@b.test, \"c d\" <e@f.test>",
    "ip": "10.1.2.3/24",
    "list": "a : b :: c : ",
    "octets": r"\xc3\xa9\xff\x7f",
    "newline": r"one\ntwo\tthree",
    "braces": r"\{\}\$\\",
    "long": "${readfile{@TMP@/long}}",
    "forced": "${if eq{a}{b}{x}fail}",
    "unknown": "$nosuchvariable",
    "unclosed": "${if eq{a}",
}


def operators():
    for name in OPERATORS:
        for data in DATA.values():
            yield f"<${{{name}:{data}}}>"
        yield f"${{{name}}}"
        yield f"${{{name}:"
        yield f"${{{name}_:abc}}"
        yield f"${{{name}_9_9_9:abc}}"


def items():
    for name, (_, most) in ITEMS.items():
        for count in range(most + 3):
            yield f"<${{{name}" + "{abc}" * count + "}>"
        for data in DATA.values():
            yield f"<${{{name}" + f"{{{data}}}" * max(1, most - 1) + "}>"
        yield f"${{{name}"
        yield f"${{{name}{{a}}"
        yield f"<${{{name}{{a}}{{b}}fail}}>"
        yield f"<${{{name}{{a}}{{b}}{{c}}fail}}>"
        yield f"<${{{name}:a}}>"
        yield f"<${{{name} a}}>"


def conditions():
    for name in BINARY + LISTS:
        for count in range(4):
            yield f"<${{if {name}" + "{abc}" * count + "{yes}{no}}>"
    for name in BINARY:
        for first in DATA.values():
            yield f"<${{if {name}{{{first}}}{{{first}}}{{yes}}{{no}}}}>"
            yield f"<${{if !{name}{{abc}}{{{first}}}{{yes}}{{no}}}}>"
    for name in LISTS:
        for data in DATA.values():
            yield f"<${{if {name}{{{data}}}{{eq{{$item}}{{abc}}}}{{yes}}{{no}}}}>"
    for name in UNARY:
        for count in range(3):
            yield f"<${{if {name}" + "{abc}" * count + "{yes}{no}}>"
        for data in DATA.values():
            yield f"<${{if {name}{{{data}}}{{yes}}{{no}}}}>"
        yield f"<${{if {name}:abc{{yes}}{{no}}}}>"
    for name in LOGIC:
        for inside in ("", "{}", "{true}", "{{true}}", "{{true}{false}}", "{{false}{true}}", "{{true}{nosuch}}",
                       "{{false}{eq{$nosuchvariable}{}}}", "{{true}{eq{${if false{}fail}}{}}}", "{ {true} {true} }"):
            yield f"<${{if {name}{inside}{{yes}}{{no}}}}>"
    for name in WORDS:
        for behind in ("", "{yes}", "{yes}{no}", "{yes}fail", "{yes}{no}{x}", "{}{}", ":x{yes}"):
            yield f"<${{if {name}{behind}}}>"


def all_expressions():
    for group in (operators, items, conditions):
        for number, text in enumerate(dict.fromkeys(group()), 1):
            yield Expression(f"matrix-{group.__name__}", number, text)


# Where Gatepost is meant to answer something else: what the expression looks like, what Gatepost says, why.
DIFFERENCES = [
    (r"quote_redis", r"", "the packaged Exim has no redis lookup"),
    (r"xtextd|headerwrap", r"", "new in Exim 4.97"),
    (r"randint", r"<\d+>", "random"),
    (r"\{(address(?:es)?|local_part):\\\{", r"<>", "a backslash with nothing behind it quotes nothing, so this is no address"),
    (r"from_utf8:", r"<\u00e9\u00ff\x7f>", "what is not UTF-8 passes through octet by octet"),
    (r"utf8_domain_from_alabel", r"<.*>", "Exim crashes where there is nothing to convert, and drops a space"),
    (r"acl\{one|acl\{\$\{readfile", r"Failed: ERROR from acl", "the whole name is shown, and a long one is no panic"),
    (r"\{env\b", r"Failed: missing '\{' for arg 1 of env", "Exim says nothing"),
    (r"listextract\{a", r"Failed: missing '\{' for arg 2 of listextract", "what is missing is said first"),
    (r"lookup:a", r"Failed: unknown lookup type", "the same fault in other words"),
    (r"nhash\{\}", r"Failed: \"\" is not a positive number", "Exim divides by zero"),
    (r"readfile\{\$\{readfile", r"Failed: failed to open x+: File name too long", "Exim cuts its message"),
    (r"readsocket", r"Failed: (bad time value|Too many|missing '\}' after|failed to connect)",
     "arguments are looked at before anything is connected to"),
    (r"prvscheck", r"Failed: (Not enough|Too many) arguments for 'prvscheck'", "all arguments are counted together"),
    (r"run\{", r"Failed: ", "the fault is shown without the command around it"),
    (r"sort\{", r"Failed: (unknown condition|condition name expected)", "Exim says nothing, or shows the name expanded"),
    (r"_jsons?\{", r"Failed: missing '\[' wrapping array", "Exim crashes on what is no JSON array"),
]


def difference(expression, answer):
    """Why Gatepost may answer so although Exim does not; None: it may not."""
    for pattern, wanted, reason in DIFFERENCES:
        if re.search(pattern, expression.text) and re.search(wanted, answer):
            return reason
    return None
