"""-bV looks at every string of a configuration: what is bound to go wrong is a warning with its place, and changes
nothing."""
import pytest

MAIN = """\
NO_SUCH = $nosuch
acl_smtp_rcpt = acl_rcpt
acl_smtp_mail = acl_none
smtp_banner = hello NO_SUCH x
domainlist d = a : +e : ^( : b
hostlist h = ${lookup{x}nosuch{y}} : 1.2.3
received_header_text = "Received: x\\n ${if def:foo{a}}"
"""

SECTIONS = r"""
begin acl
acl_rcpt:
  accept condition = ${if eq{$sender_host_adress}{192.0.2.1}}
         domains = +local : a
  deny   message = ${uc:$foo}
         set acl_m_x = ${foo:x}
  warn   hosts = 1.2.3
  accept acl = inner ${nothing}
begin authenticators
server:
  driver = plaintext
  public_name = LOGIN
  server_prompts = "Username:: : Password::"
  # between
  server_condition = ${if and{ {eq{$auth1}{alice}} \
     {eq{$auth2}{secret}} \
        # and within
        {eq{$auht2}{c}} }}
client:
  driver = plaintext
  client_send = ^alice^${extract{1}{:}{a:b}{$value}fail} : $foo
begin retry
+nobody * senders = +somebody F,1h,1m
begin transports
pipe:
  driver = pipe
  command = /bin/true $foo
smtp:
  driver = smtp
  hosts = ${if
  user = ${bar}
  hosts_randomize = ${baz}
  headers_add = $one
  headers_add = $two
"""


def column(line, token, shift=0):
    """The column that the token has in the line of the configuration."""
    return line.index(token) + 1 + shift


def warnings(place):
    """The warnings of -bV: what stands in front of "warning:", the text, the line shown, what the caret is under."""
    lines = place.run("-bV").stderr.split("\n")
    found = []
    while lines and lines[0]:
        head = lines.pop(0)
        where, _, text = head.partition("warning: ")
        shown = pointed = None
        if lines and lines[0].startswith("    "):
            shown, caret = lines.pop(0)[4:], lines.pop(0)[4:]
            assert caret.strip() == "^"
            pointed = shown[len(caret) - 1:]
        found.append((where.strip().rstrip(":").replace(str(place.config), "conf"), text, shown, pointed))
    return found


def expect(place, *expected):
    """All the warnings, each as (the text of the line that it is about, subject and fault, what the caret points
    to). The line is looked up in the configuration; NO: there is no column."""
    file = place.config.read_text().split("\n")
    found = warnings(place)
    for (where, text, _, pointed), (line, fault, token) in zip(found, expected):
        number = next(i for i, physical in enumerate(file, 1) if line in physical)
        assert text == fault
        assert where.split(":")[:2] == ["conf", str(number)]
        if token is None:
            assert pointed is None
            continue
        assert pointed.startswith(token)
        if where.count(":") == 2:
            assert file[number - 1][int(where.split(":")[2]) - 1:].startswith(token)
    assert len(found) == len(expected)


def test_every_string_is_looked_at(place):
    place.configure(MAIN, SECTIONS)
    expect(
        place,
        ("received_header_text", 'received_header_text: unknown variable "foo" after "def:"', "foo{"),
        ("smtp_banner", 'smtp_banner: unknown variable name "nosuch"', "nosuch x"),
        ("domainlist d", 'list +d: unknown named domain list "+e"', "+e"),
        ("domainlist d", "list +d: regular expression error: missing closing parenthesis at offset 2 while compiling ^(",
         "^("),
        ("hostlist h", 'list +h: unknown lookup type "nosuch"', "nosuch{"),
        ("$sender_host_adress", 'ACL acl_rcpt, condition: unknown variable name "sender_host_adress"',
         "sender_host_adress}"),
        ("domains = +local", 'ACL acl_rcpt, domains: unknown named domain list "+local"', "+local"),
        ("${uc:$foo}", 'ACL acl_rcpt, message: unknown variable name "foo"', "foo}"),
        ("${foo:x}", 'ACL acl_rcpt, set: unknown expansion operator "foo"', "foo:"),
        ("hosts = 1.2.3", "ACL acl_rcpt, hosts: malformed IPv4 address or address mask", "1.2.3"),
        ("acl = inner", 'ACL acl_rcpt, acl: unknown variable in "${nothing}"', "nothing}"),
        ("acl_smtp_mail", 'acl_smtp_mail: there is no ACL called "acl_none"', "acl_none"),
        ("$auht2", 'authenticator server, server_condition: unknown variable name "auht2" inside "and{...}" condition',
         "auht2}"),
        ("^alice^", "authenticator client, client_send: missing } at end of string", ""),
        ("^alice^", 'authenticator client, client_send: unknown variable name "foo"', "foo"),
        ("pipe:", 'transport pipe, command: unknown variable name "foo"', "foo"),
        ("headers_add = $two", 'transport smtp, headers_add: unknown variable name "one"', "one"),
        ("user = ${bar}", 'transport smtp, user: unknown variable in "${bar}"', "bar}"),
        ("hosts = ${if", 'transport smtp, hosts: condition name expected, but found ""', ""),
        ("= ${baz}", 'transport smtp, hosts_randomize: unknown variable in "${baz}"', "baz}"),
        ("+nobody", 'retry rule: unknown named address list "+nobody"', "+nobody"),
        ("+nobody", 'retry rule: unknown named address list "+somebody"', "+somebody"),
    )


def test_a_sound_configuration_has_no_warnings(place):
    result = place.run("-bV")
    assert result.stderr == ""
    assert f"Configuration file is {place.config}\n" in result.stdout


def test_long_lines_are_shown_in_part(place):
    place.configure("smtp_banner = " + "a" * 500 + "$nosuch" + "b" * 500)
    (_, text, shown, pointed), = warnings(place)
    assert text == f'smtp_banner: unknown variable name "nosuch{"b" * 500}"'
    assert shown.startswith("...aaa") and shown.endswith("bbb...") and len(shown) < 110
    assert pointed.startswith("nosuchbbb")


def test_included_files_have_places_of_their_own(place):
    (place.path / "more").write_text("\n\n  smtp_banner = \\\n     $nosuch\n")
    place.configure(f".include {place.path}/more")
    (where, *_), = warnings(place)
    assert where == f"{place.path}/more:4:7"


@pytest.mark.parametrize("options,fault", [
    ("server_prompts = :", "is never offered to clients: server_condition is not set"),
    ("server_set_id = $auth1", "is never offered to clients: server_condition is not set"),
    ("server_condition = yes\n client_condition = yes", "is never used with servers: client_send is not set"),
    ("", "does nothing: neither a server nor a client option is set"),
    ("server_condition = yes\n server_advertise_condition = false",
     "is never offered to clients: server_advertise_condition is always false"),
    ("server_condition = no", "never succeeds: server_condition is always false"),
    ("client_send = a\n client_condition = 0", "is never used with servers: client_condition is always false"),
])
def test_unreachable_authenticators(place, options, fault):
    place.configure(sections=f"begin authenticators\nlonely:\n driver = plaintext\n {options}\n")
    (_, text, *_), = warnings(place)
    assert text == f"authenticator lonely {fault}"


@pytest.mark.parametrize("name", [r'"\r\n250-AUTH=PLAIN LOGIN"', "A B", "TOO-LONG-FOR-A-MECHANISM"])
def test_names_that_are_no_mechanisms(place, name):
    place.configure(sections=f"begin authenticators\nodd:\n driver = plaintext\n public_name = {name}\n"
                             " server_condition = yes\n")
    (_, text, *_), = warnings(place)
    assert text == "authenticator odd: public_name is no name of a mechanism (1 to 20 letters, digits, - and _)"


def test_authenticators_that_no_host_is_offered(place):
    place.configure("auth_advertise_hosts =")
    (_, text, *_), = warnings(place)
    assert text == "no authenticator is ever offered to clients: auth_advertise_hosts is empty"


def test_warnings_change_nothing(place):
    """The faulty condition is the error it always was, when it is reached."""
    place.configure(MAIN, SECTIONS)
    place.run("-bP", "smtp_banner")
    place.configure("acl_smtp_rcpt = accept condition = ${if eq{$nosuch}{}}")
    assert place.run("-bV").returncode == 0
    assert "451 Temporary local problem" in place.session("HELO x", "MAIL FROM:<>", "RCPT TO:<a@b.example>")


def test_an_error_is_no_warning(place):
    place.configure("no_such_option = 1")
    result = place.run("-bV", code=1)
    assert 'main option "no_such_option" unknown' in result.stderr
