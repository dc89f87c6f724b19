"""The command line: modes, errors, exit codes."""
import os
import subprocess

import pytest

from gatepost import DEADLINE, PROGRAM


@pytest.mark.parametrize("arguments, error", [
    (["-bogus"], "exim abandoned: unknown, malformed, or incomplete option -bogus"),
    (["-b"], "exim abandoned: unknown, malformed, or incomplete option -b"),
    (["-bh"], "exim abandoned: unknown, malformed, or incomplete option -bh"),
    (["-bh", "nonsense"], 'exim abandoned: "nonsense" is not an IP address'),
    (["-oMa"], "exim: data expected after -oMa"),
    (["-bd", "-bh", "1.2.3.4"], "exim: incompatible command-line options or arguments"),
    (["-D", "-bV"], "exim: macro name set by -D must start with an upper case letter"),
    (["-d+foo", "-bV"], "exim: unknown debug_selector setting: +foo"),
    (["-bf", "filter"], "exim abandoned: option -bf is known to Exim but not supported by gatepost"),
    (["-bmalware", "x"], "exim abandoned: option -bmalware is known to Exim but not supported by gatepost"),
    (["-Mvl", "x"], "exim: malformed message id x after -Mvl option"),
    (["-Mvl"], "exim: no message ids given after -Mvl option"),
    (["-Mxx", "x"], "exim abandoned: unknown, malformed, or incomplete option -Mxx"),
    (["-bpx"], "exim abandoned: unknown, malformed, or incomplete option -bpx"),
    (["-qx"], "exim abandoned: unknown, malformed, or incomplete option -qx"),
])
def test_errors(place, arguments, error):
    result = place.run(*arguments, code=1)
    assert error in result.stderr


def test_usage(place):
    assert "Exim is a Mail Transfer Agent." in place.run(code=1).stderr


def test_version(place):
    result = place.run("-bV")
    assert result.stdout.startswith("Exim version 4.99 ")
    assert "\nAuthenticators: plaintext" in result.stdout
    assert result.stdout.endswith(f"Configuration file is {place.config}\n")


def test_version_with_an_error_in_the_configuration(place):
    place.configure("smtp_accept_max = many\n")
    result = place.run("-bV", code=1)
    assert f"Exim configuration error in line 6 of {place.config}:\n  integer expected for smtp_accept_max" \
        in result.stderr
    assert "Configuration file is" not in result.stdout


def test_missing_configuration(place):
    place.config.unlink()
    result = place.run("-bV", code=1)
    assert f"non-existent configuration file(s): {place.config}" in result.stderr


def test_library_versions_with_debugging(place):
    out = place.run("-d", "-bV").stdout
    assert "Library version: PCRE2: Compile: " in out
    assert "Library version: OpenSSL: Compile: " in out


def test_printing_options(place):
    place.configure("smtp_accept_max = 7\nhide smtp_banner = hidden\n")
    assert place.run("-bP", "smtp_accept_max", "qualify_domain").stdout == \
        "smtp_accept_max = 7\nqualify_domain = mail.test\n"
    assert place.run("-n", "-bP", "smtp_accept_max").stdout == "7\n"
    assert place.run("-bP", "authenticator_list").stdout == "plain\nlogin\n"
    assert "server_prompts = Username:: : Password::\n" in place.run("-bP", "authenticator", "login").stdout
    assert place.run("-bP", "nonsense", code=1).stdout == "nonsense is not a known option\n"
    assert "\nsmtp_accept_max = 7\n" in place.run("-bP").stdout


def test_expanding_arguments(place):
    result = place.run("-be", "${lc:ABC}", "$primary_hostname", "${bogus:x}")
    assert result.stdout == 'abc\nmail.test\nFailed: unknown expansion operator "bogus"\n'


def test_expanding_lines(place):
    lines = "${uc:abc}\nlong\\\n   line\nset acl_m_x = ${uc:value}\n<$acl_m_x>\nNAME = macro\na NAME\n"
    result = place.run("-be", stdin=lines)
    assert result.stdout == "> ABC\n> longline\n> > <VALUE>\n> Defined macro 'NAME'\n> a macro\n> \n"


def test_what_is_said_about_the_caller(place):
    result = place.run("-oMa", "10.9.8.7.1234", "-oMi", "[10.1.1.1]:25", "-oMs", "host.test", "-oMt", "ident",
                       "-oMaa", "auth", "-oMai", "id", "-be",
                       "$sender_host_address $sender_host_port $received_ip_address $received_port "
                       "$sender_host_name $sender_ident $sender_host_authenticated $authenticated_id")
    assert result.stdout == "10.9.8.7 1234 10.1.1.1 25 host.test ident auth id\n"


def test_macros_on_the_command_line(place):
    place.configure("MAX = 5\nsmtp_accept_max = MAX\n")
    assert place.run("-bP", "smtp_accept_max").stdout == "smtp_accept_max = 5\n"
    assert place.run("-DMAX=9", "-bP", "smtp_accept_max").stdout == "smtp_accept_max = 9\n"


def test_modules_can_be_listed(place):
    assert place.run("-bI:help").stdout.startswith("The -bI: flag takes a string")
    assert place.run("-bI:nonsense", code=1).stderr.startswith("The -bI: flag takes a string")
    for line in place.run("-bI:modules").stdout.splitlines():
        assert line.startswith(("auth_", "lookup_", "password_"))
    assert place.run("-bI:sieve").stdout == ""
    names = place.run("-bI:dscp").stdout.splitlines()
    assert "af11" in names and names == sorted(names)


def test_the_environment_is_purged(place):
    place.configure("keep_environment = ^KEPT : OTHER\nadd_environment = ADDED=1\n")
    os.environ.update(KEPT_ONE="1", OTHER="2", DROPPED="3")
    try:
        out = place.run("-be", "${env{KEPT_ONE}{$value}} ${env{OTHER}{$value}} ${env{ADDED}{$value}} "
                               "<${env{DROPPED}{$value}{}}>").stdout
    finally:
        for name in ("KEPT_ONE", "OTHER", "DROPPED"):
            del os.environ[name]
    assert out == "1 2 1 <>\n"


@pytest.mark.parametrize("name", ["mailq", "runq", "rsmtp"])
def test_the_name_of_the_program_says_what_to_do(place, name):
    link = place.path / name
    link.symlink_to(PROGRAM)
    result = subprocess.run([link, "-C", place.config], input="QUIT\r\n", capture_output=True, text=True, timeout=DEADLINE,
                            check=False)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
